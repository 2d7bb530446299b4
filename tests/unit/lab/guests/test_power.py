from __future__ import annotations

import threading

import pytest

from homelab.lab.runtimes.memory import MemoryRuntime


def test_a_start_that_fails_keeps_the_container_and_says_why(node) -> None:
    status = node.create(net0="name=eth0,bridge=vmbr7", start=1)
    assert status["exitstatus"] == "startup for container '100' failed"
    lines = node.log(status["upid"])
    assert "bridge 'vmbr7' does not exist" in lines
    assert lines[-1] == "TASK ERROR: startup for container '100' failed"
    assert node.status()["status"] == "stopped"


L = "/nodes/pve/lxc/100"


@pytest.mark.parametrize("overrule", [0, 1])
def test_a_stop_may_overrule_a_shutdown_that_takes_long(open_node, tmp_path, overrule) -> None:
    class Stubborn(MemoryRuntime):
        asked = threading.Event()

        def shutdown(self, _guest, *, timeout, **_more) -> bool:
            self.asked.set()
            threading.Event().wait(min(timeout, 0.05))
            return False

    runtime = Stubborn(tmp_path)
    node = open_node(runtime)
    node.create(start=1)
    shutdown = node.ask("POST", f"{L}/status/shutdown", timeout=1 if overrule == 0 else 60).data
    assert runtime.asked.wait(5)
    if overrule:
        stop = node.ask("POST", f"{L}/status/stop", **{"overrule-shutdown": 1}).data
        assert node.wait(stop)["exitstatus"] == "OK"
        assert node.wait(shutdown)["exitstatus"] == "interrupted by a stop request"
        assert node.status()["status"] == "stopped"
    else:
        assert "did not shut down within 1 s" in node.wait(shutdown)["exitstatus"]
        assert node.status()["status"] == "running"
