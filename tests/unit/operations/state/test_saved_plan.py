from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homelab.errors import ConfigurationError
from homelab.operations.state.revision import Revision
from homelab.operations.state.saved_plan import (
    Binding,
    StalePlanError,
    StateVersion,
    compare,
    forget_plan,
    record_file,
    saved_plan,
)

_TEXT = st.text(max_size=20)
_MAPPING = st.dictionaries(_TEXT, _TEXT, max_size=4)
_REVISIONS = st.none() | st.builds(Revision, commit=_TEXT, tree=_TEXT, dirty=_TEXT)
_BINDINGS = st.builds(
    Binding,
    plan_sha256=_TEXT,
    target=_TEXT,
    api_url=st.none() | _TEXT,
    backend=_TEXT,
    revision=_REVISIONS,
    state=st.builds(StateVersion, serial=st.integers(0, 10**9), lineage=_TEXT),
    files=_MAPPING,
    variables=_MAPPING,
    terraform=_TEXT,
    providers=_MAPPING,
)

_BINDING = Binding(
    plan_sha256="0" * 64,
    target="production",
    api_url="https://pve.example:8006/api2/json",
    backend="pg, schema homelab",
    revision=Revision(commit="a" * 40, tree="1" * 40),
    state=StateVersion(serial=7, lineage="6b85f531-bc8c"),
    files={"terraform/main.tf": "1", "configs/x.j2": "2"},
    variables={"storage": "local-zfs"},
    terraform="1.11.4",
    providers={"telmate/proxmox": "3.0.2-rc07"},
)


@given(_BINDINGS)
def test_record_is_read_back_as_it_was_and_differs_from_itself_in_nothing(binding: Binding) -> None:
    again = Binding.model_validate_json(binding.model_dump_json())

    assert again == binding
    assert again.digest == binding.digest
    assert compare(binding, again) == ()


@given(_BINDINGS, _BINDINGS)
def test_two_records_differ_exactly_where_their_values_do(then: Binding, now: Binding) -> None:
    same = then.model_copy(update={"revision": None}) == now.model_copy(update={"revision": None})
    revisions = (then.revision, now.revision)
    contents = {None if one is None else (one.tree, one.dirty) for one in revisions}
    same = same and len(contents) == 1

    assert (compare(then, now) == ()) == same


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"target": "staging"}, "target: production -> staging"),
        ({"api_url": "https://b"}, "API address: https://pve.example:8006/api2/json -> https://b"),
        ({"backend": "local"}, "state's backend: pg, schema homelab -> local"),
        (
            {"revision": Revision(commit="b" * 40, tree="2" * 40)},
            f"Git revision: {'a' * 12} -> {'b' * 12}",
        ),
        (
            {"revision": Revision(commit="a" * 40, tree="1" * 40, dirty="c" * 64)},
            f"Git revision: {'a' * 12} -> {'a' * 12} with uncommitted changes (cccccccc)",
        ),
        ({"revision": None}, f"Git revision: {'a' * 12} -> none"),
        (
            {"state": StateVersion(serial=8, lineage="6b85f531-bc8c")},
            "state: serial 7 of 6b85f531 -> serial 8 of 6b85f531",
        ),
        (
            {"state": StateVersion(serial=7, lineage="f5f1613d-43f0")},
            "state: serial 7 of 6b85f531 -> serial 7 of f5f1613d",
        ),
        ({"state": StateVersion()}, "state: serial 7 of 6b85f531 -> no state"),
        ({"terraform": "1.15.5"}, "Terraform: 1.11.4 -> 1.15.5"),
        ({"variables": {"storage": "zfs"}}, "variable storage: local-zfs -> zfs"),
        ({"variables": {}}, "variable storage: local-zfs -> none"),
        ({"providers": {}}, "provider telmate/proxmox: 3.0.2-rc07 -> none"),
        (
            {"files": {"terraform/main.tf": "3", "terraform/new.tf": "4"}},
            "files: configs/x.j2 (gone), terraform/main.tf (changed), terraform/new.tf (new)",
        ),
        ({"plan_sha256": "f" * 64}, f"plan file: sha256 {'0' * 12} -> {'f' * 12}"),
    ],
)
def test_what_differs_is_said_from_what_to_what(change: dict[str, object], line: str) -> None:
    lines = compare(_BINDING, _BINDING.model_copy(update=change))

    assert line in lines
    assert len([text for text in lines if not text.startswith("configuration digest")]) == 1


def test_merge_commit_with_the_content_of_the_branch_is_no_difference() -> None:
    merged = Revision(commit="b" * 40, tree="1" * 40)

    assert compare(_BINDING, _BINDING.model_copy(update={"revision": merged})) == ()


def test_many_files_are_cut_short() -> None:
    now = _BINDING.model_copy(update={"files": {f"configs/{n:02}": "x" for n in range(30)}})

    (files, _) = compare(_BINDING, now)

    assert files.endswith("and 24 more")


def test_error_lists_everything_and_says_what_to_do() -> None:
    error = StalePlanError(Path("p.tfplan"), ("a: 1 -> 2", "b: 3 -> 4"), "production")

    assert "  a: 1 -> 2\n  b: 3 -> 4" in str(error)
    assert "nox -s plan -- --target production" in str(error)


def test_plan_without_a_record_or_with_a_broken_one_is_refused(tmp_path: Path) -> None:
    plan = saved_plan(tmp_path, "production")
    plan.parent.mkdir(parents=True)
    plan.touch()
    with pytest.raises(ConfigurationError, match=r"no record .*production\.tfplan\.json"):
        Binding.read(plan)
    record_file(plan).write_text('{"schema_version": 2}')
    with pytest.raises(ConfigurationError, match="can't read"):
        Binding.read(plan)

    forget_plan(tmp_path, "production")

    assert list(plan.parent.iterdir()) == []
