from __future__ import annotations

from homelab.options import declared
from homelab.options.option import Option
from homelab.repository.docs.settings_page import settings_page


def test_each_option_is_told_once_under_all_its_names() -> None:
    page = settings_page()
    for option in vars(declared).values():
        if isinstance(option, Option):
            rows = [line for line in page.splitlines() if line.startswith(f"| {option.help} |")]
            assert len(rows) == 1, option.help
            for name in (option.flag, option.variable, option.key):
                assert name is None or f"`{name}`" in rows[0]
