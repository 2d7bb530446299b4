"""docs/settings.md: every option, and where it may be said."""

from __future__ import annotations

from collections.abc import Iterable

from homelab.escaping import Markdown, markdown_code
from homelab.options import declared
from homelab.options.lab import LabOptions
from homelab.options.option import Option, options_of
from homelab.repository.docs.markdown import table
from homelab.settings import LabTarget

_EVERYWHERE = (
    declared.TARGET,
    declared.PROJECT,
    declared.CACHE,
    declared.NTFY_URL,
    declared.SSL_CERT_FILE,
)


def settings_page() -> str:
    """The options as a page: what each means, and its name in each place."""
    lab = {*options_of(LabOptions).values(), *options_of(LabTarget).values()}
    known = [option for option in vars(declared).values() if isinstance(option, Option)]
    node = [option for option in known if option not in lab and option not in _EVERYWHERE]
    lines = _HEAD.splitlines()
    lines += ["## Everywhere", "", *_table(_EVERYWHERE)]
    lines += ["## The lab", "", *_table(option for option in known if option in lab)]
    lines += ["## A real node", "", *_table(node)]
    return "\n".join(lines).rstrip() + "\n"


def _table(options: Iterable[Option]) -> list[str]:
    return table(
        ("what", "command line", "environment", "homelab.toml", "default"),
        (
            (
                Markdown(option.help),
                _code(option.flag),
                _code(option.variable),
                _code(option.key),
                Markdown(option.otherwise or _code(option.shown_default)),
            )
            for option in options
        ),
    )


def _code(text: str | None) -> Markdown:
    return markdown_code(text or "")


_HEAD = """\
<!-- Written by `nox -s docs`; a change made here is lost. -->
# Settings

What is said in several places holds in this order, the first one wins:

1. the command line,
2. the environment,
3. `homelab.local.toml`, which is not committed,
4. `homelab.toml`,
5. the default.

Secrets are read from the environment alone. What the policy measures by is in
[policy.md](policy.md). `homelab COMMAND --help` says the same of the options that a command has.

"""
