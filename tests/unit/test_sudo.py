from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from homelab import process, sudo
from homelab.errors import CapabilityError
from homelab.sudo import argv_through_sudo, go_on_as_root


def _kept(argv: tuple[str, ...]) -> set[str]:
    word = next(word for word in argv if word.startswith("--preserve-env="))
    return set(word.partition("=")[2].split(","))


def test_values_of_variables_are_not_in_the_process_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PM_PASS", "hunter2")
    monkeypatch.setenv("HOMELAB_LAB_STATE", "/srv/lab")
    monkeypatch.setenv("EDITOR", "ed")

    argv = argv_through_sudo(("python", "-m", "homelab.cli"), interactive=False)

    assert {"PM_PASS", "HOMELAB_LAB_STATE"} <= _kept(argv)
    assert "EDITOR" not in _kept(argv)
    assert "hunter2" not in " ".join(argv)
    assert argv[:2] == ("sudo", "-n")
    assert argv[-3:] == ("python", "-m", "homelab.cli")


def test_what_the_user_s_programs_trust_root_s_trust_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/etc/company.pem")

    assert "SSL_CERT_FILE" in _kept(argv_through_sudo(("true",), interactive=False))


def test_everything_is_kept_for_tests_but_the_way_into_the_user_s_home(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("MY_TESTS_SETTING", "HOME", "XDG_CACHE_HOME", "LOGNAME", "SUDO_UID"):
        monkeypatch.setenv(name, "x")

    kept = _kept(argv_through_sudo(("true",), interactive=False, everything=True))

    assert "MY_TESTS_SETTING" in kept
    assert not kept & {"HOME", "XDG_CACHE_HOME", "LOGNAME", "SUDO_UID", "PATH"}


def test_root_gets_the_user_s_path_and_its_own_programs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    own = tmp_path / "bin"
    own.mkdir(mode=0o755)
    monkeypatch.setenv("PATH", f"{own}:/usr/bin:/bin")

    assert _path() == f"{own}:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"


def test_root_looks_for_no_program_where_others_may_put_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    open_to_all = tmp_path / "open"
    open_to_all.mkdir()
    open_to_all.chmod(0o1777)
    (tmp_path / "relative").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f".::relative:{open_to_all}:{tmp_path}/not-there:/usr/bin")

    assert _path() == "/usr/bin:/usr/local/sbin:/usr/sbin:/sbin"


@pytest.mark.parametrize(
    "name", ["PYTHONPATH", "PYTHONSTARTUP", "LD_PRELOAD", "BASH_ENV", "PERL5LIB"]
)
def test_root_runs_nothing_that_a_variable_names(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "/tmp/evil")

    assert name not in _kept(argv_through_sudo(("true",), interactive=False, everything=True))


def _path() -> str:
    words = argv_through_sudo(("true",), interactive=False)
    return next(word[5:] for word in words if word.startswith("PATH="))


def test_a_terminal_may_be_asked() -> None:
    assert "-n" not in argv_through_sudo(("true",), interactive=True)


def test_it_is_said_before_it_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    became: list[Any] = []
    said: list[str] = []
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setattr(sudo, "find_program", lambda _: "/usr/bin/sudo")
    monkeypatch.setattr(sudo, "_has_tty", lambda: False)
    monkeypatch.setattr(sudo, "run", lambda argv, **_: _completed(argv, 0))
    monkeypatch.setattr(sudo.os, "execvpe", lambda *words: became.append((*words, *said)))

    go_on_as_root("deploying", ("python", "deploy"), tell=said.append)

    ((program, argv, environment, told),) = became
    assert program == "sudo"
    assert argv[-2:] == ("python", "deploy")
    assert environment["PATH"].endswith("/sbin")
    assert told == "deploying needs root: going on through sudo"


def test_without_sudo_it_is_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sudo, "find_program", lambda _: None)

    with pytest.raises(CapabilityError, match="needs root, and sudo is not installed"):
        go_on_as_root("deploying", ("deploy",), tell=print)


def test_a_password_that_nobody_can_give_is_one_clear_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sudo, "find_program", lambda _: "/usr/bin/sudo")
    monkeypatch.setattr(sudo, "_has_tty", lambda: False)
    monkeypatch.setattr(sudo, "run", lambda argv, **_: _completed(argv, 1))

    with pytest.raises(CapabilityError, match="wants a password") as caught:
        go_on_as_root("deploying", ("homelab", "deploy"), tell=print)

    assert caught.value.hint == "run it as root: sudo -E -H homelab deploy"


def _completed(argv: Any, code: int) -> process.Completed:
    return process.Completed(argv=tuple(argv), returncode=code, stdout="", stderr="")
