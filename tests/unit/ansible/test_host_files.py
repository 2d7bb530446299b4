from __future__ import annotations

import json
import os

import pytest
from ansible.module_utils import basic
from ansible.module_utils.testing import patch_module_args

ME = f"{os.getuid()}:{os.getgid()}"


def run(host_files, capsys, *, check=False, diff=False, **options):
    arguments = {**options, "_ansible_check_mode": check, "_ansible_diff": diff}
    with patch_module_args(arguments), pytest.raises(SystemExit):
        host_files.main()
    return json.loads(capsys.readouterr().out)


def entry(path, content, **more):
    return {"path": str(path), "content": content, "owner": ME, **more}


def test_writes_what_differs_and_nothing_else(host_files, capsys, tmp_path):
    first, second = tmp_path / "deep" / "er" / "a", tmp_path / "b"
    files = [entry(first, "one\n", mode="0600"), entry(second, "two\n")]
    result = run(host_files, capsys, files=files)
    assert result["changed"]
    assert result["changed_paths"] == [str(first), str(second)]
    assert first.read_text() == "one\n"
    assert first.stat().st_mode & 0o777 == 0o600
    assert not run(host_files, capsys, files=files)["changed"]
    second.write_text("edited by hand\n")
    assert run(host_files, capsys, files=files)["changed_paths"] == [str(second)]
    assert sorted(item.name for item in tmp_path.iterdir()) == ["b", "deep"]


def test_a_mode_that_differs_is_a_change(host_files, capsys, tmp_path):
    path = tmp_path / "a"
    path.write_text("one\n")
    path.chmod(0o666)
    assert run(host_files, capsys, files=[entry(path, "one\n")])["changed"]
    assert path.stat().st_mode & 0o777 == 0o644


def test_check_mode_says_so_and_leaves_everything(host_files, capsys, tmp_path):
    path, gone = tmp_path / "d" / "a", tmp_path / "old"
    gone.write_text("")
    result = run(
        host_files,
        capsys,
        check=True,
        files=[entry(path, "one\n")],
        directories=[{"path": str(tmp_path / "made"), "owner": ME}],
        absent=[str(gone)],
    )
    assert len(result["changed_paths"]) == 3
    assert [item.name for item in tmp_path.iterdir()] == ["old"]


def test_a_template_that_renders_to_nothing_is_an_empty_file(host_files, capsys, tmp_path):
    path = tmp_path / "routes"
    assert run(host_files, capsys, files=[entry(path, None)])["changed"]
    assert path.read_text() == ""
    assert not run(host_files, capsys, files=[entry(path, None)])["changed"]


def test_directories_and_removal(host_files, capsys, tmp_path):
    gone = tmp_path / "old"
    gone.write_text("")
    options = {
        "directories": [{"path": str(tmp_path / "x" / "y"), "mode": "0750", "owner": ME}],
        "absent": [str(gone)],
    }
    assert len(run(host_files, capsys, **options)["changed_paths"]) == 2
    assert (tmp_path / "x" / "y").stat().st_mode & 0o777 == 0o750
    assert not gone.exists()
    assert not run(host_files, capsys, **options)["changed"]


def test_links(host_files, capsys, tmp_path):
    path = tmp_path / "wants" / "unit"
    link = {"path": str(path), "target": "/etc/unit"}
    assert run(host_files, capsys, check=True, links=[link])["changed"]
    assert not path.is_symlink()
    assert run(host_files, capsys, links=[link])["changed_paths"] == [str(path)]
    assert not run(host_files, capsys, links=[link])["changed"]
    assert run(host_files, capsys, links=[{**link, "target": "/etc/other"}])["changed"]
    assert str(path.readlink()) == "/etc/other"


def test_a_secret_shows_nowhere(host_files, capsys, tmp_path):
    path = tmp_path / "env"
    files = [{"path": str(path), "secret_content": "PASSWORD=hunter2\n", "owner": ME}]
    result = run(host_files, capsys, diff=True, files=files)
    assert path.read_text() == "PASSWORD=hunter2\n"
    assert "hunter2" not in json.dumps(result)
    assert result["diff"][0]["after"] == "(hidden, changed)\n"


def test_the_diff_shows_what_is_no_secret(host_files, capsys, tmp_path):
    path = tmp_path / "a"
    path.write_text("before\n")
    [diff] = run(host_files, capsys, diff=True, files=[entry(path, "after\n")])["diff"]
    assert (diff["before"], diff["after"]) == ("before\n", "after\n")


def test_programs_that_are_missing_are_named(host_files, capsys):
    assert run(host_files, capsys, programs=["sh", "no-such-program"])["missing"] == [
        "no-such-program"
    ]


def test_what_can_not_be_written_is_named(host_files, capsys, tmp_path):
    (tmp_path / "file").write_text("")
    path = tmp_path / "file" / "below"
    result = run(host_files, capsys, files=[entry(path, "")])
    assert result["failed"]
    assert result["msg"].startswith(f"{path}: ")


def test_content_is_asked_for(host_files, capsys, tmp_path):
    result = run(host_files, capsys, files=[{"path": str(tmp_path / "a")}])
    assert result["failed"]
    assert "content" in result["msg"]
    assert basic.AnsibleModule is host_files.AnsibleModule
