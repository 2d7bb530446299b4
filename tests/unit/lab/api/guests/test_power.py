from __future__ import annotations

L = "/nodes/pve/lxc/100"


def test_start_and_stop_refuse_what_makes_no_sense(node) -> None:
    node.create(start=1)
    assert node.ask("POST", f"{L}/status/start").reason == "CT 100 already running"
    assert node.ask("DELETE", L).reason == "unable to destroy CT 100 - container is running"
    assert node.wait(node.ask("POST", f"{L}/status/stop").data)["exitstatus"] == "OK"
    assert node.ask("POST", f"{L}/status/stop").reason == "CT 100 not running"
    assert node.ask("POST", f"{L}/status/shutdown").reason == "CT 100 not running"
    assert node.ask("POST", f"{L}/status/reboot").reason == "VM 100 not running"


def test_shutdown_and_reboot(node) -> None:
    node.create(start=1)
    assert node.wait(node.ask("POST", f"{L}/status/reboot").data)["exitstatus"] == "OK"
    assert node.status()["status"] == "running"
    upid = node.ask("POST", f"{L}/status/shutdown", forceStop=1, timeout=5).data
    assert node.wait(upid)["exitstatus"] == "OK"
    assert node.status()["status"] == "stopped"
    assert node.status()["uptime"] == 0


def test_only_root_may_skip_a_lock(node) -> None:
    node.create(lock="backup")
    assert node.ask("POST", f"{L}/status/start").reason == "CT is locked (backup)"
    answer = node.as_token().ask("POST", f"{L}/status/start", skiplock=1)
    assert answer.errors == {"skiplock": "Only root may use this option."}
    assert node.wait(node.ask("POST", f"{L}/status/start", skiplock=1).data)["exitstatus"] == "OK"
    assert node.ask("PUT", f"{L}/config", memory=600).reason == "CT is locked (backup)"
    assert node.ask("PUT", f"{L}/config", delete="lock").data is None


def _do(node, method: str, path: str, **parameters: object) -> str:
    return str(node.wait(node.ask(method, path, **parameters).data)["exitstatus"])


def test_suspend_and_resume(node) -> None:
    node.create()
    assert node.ask("POST", f"{L}/status/suspend").reason == "CT 100 not running"
    _do(node, "POST", f"{L}/status/resume")
    assert node.status()["status"] == "running"
    assert node.ask("POST", f"{L}/status/resume").reason == "CT 100 already running"
    assert _do(node, "POST", f"{L}/status/suspend") == "OK"
    assert node.status()["status"] == "stopped"
