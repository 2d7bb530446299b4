from __future__ import annotations

from pathlib import Path

import pytest

from homelab.cli.app import run


@pytest.fixture
def project(wrong: Path) -> Path:
    (wrong.parent / "homelab.toml").write_text('default_target = "lab"\n')
    return wrong.parent


def test_waivers_of_the_settings_have_their_line(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "homelab.toml").write_text(
        'default_target = "lab"\n\n[[policy.waivers]]\nrule = "HL201"\nitem = "jellyfin"\n'
        'reason = "it is rebuilt soon"\nexpires = 2020-01-01\n'
    )

    assert run(["policy", "--project", str(project)]) == 1
    assert "homelab.toml:3: jellyfin: the waiver of HL201 expired" in capsys.readouterr().out
