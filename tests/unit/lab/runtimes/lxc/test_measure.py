from __future__ import annotations

import os
import signal

from homelab.lab.runtimes.lxc.measure import Meter, listens, measure, traffic

NET = """\
Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs
    lo:    9 1 0 0 0 0 0 0 9 1 0 0 0 0 0 0
veth201i0: 1000 5 0 0 0 0 0 0 2000 6 0 0 0 0 0 0
veth201i1:  100 5 0 0 0 0 0 0  200 6 0 0 0 0 0 0
veth9i0: 5 5 0 0 0 0 0 0 6 6 0 0 0 0 0 0
 vmbr0: 77 5 0 0 0 0 0 0 88 6 0 0 0 0 0 0
"""


def test_a_container_is_read_from_version_2(tmp_path):
    (tmp_path / "cpu.stat").write_text("usage_usec 2500000\nuser_usec 1\n")
    (tmp_path / "memory.current").write_text("1000\n")
    (tmp_path / "memory.swap.current").write_text("5\n")
    (tmp_path / "memory.stat").write_text("anon 600\ninactive_file 300\n")
    usage = measure(os.getpid(), tmp_path, None)
    assert usage is not None
    assert (usage.mem, usage.swap, usage.cpu_seconds) == (700, 5, 2.5)
    assert usage.uptime > 0


def test_memory_from_version_1(tmp_path):
    (tmp_path / "memory.usage_in_bytes").write_text("1000\n")
    (tmp_path / "memory.stat").write_text("total_inactive_file 400\ntotal_swap 7\n")
    usage = measure(os.getpid(), tmp_path / "payload", tmp_path)
    assert usage is not None
    assert (usage.mem, usage.swap) == (600, 7)


def test_a_container_that_ended_meanwhile(tmp_path):
    assert measure(2**22 + 1, tmp_path, None) is None


def test_a_signal_that_nobody_listens_to():
    """One sent to a container's init too early is lost: the shutdown waited in vain."""
    number = signal.SIGRTMIN + 3
    before = signal.signal(number, lambda *_: None)
    try:
        assert listens(os.getpid(), number)
        signal.signal(number, signal.SIG_DFL)
        assert not listens(os.getpid(), number)
        signal.pthread_sigmask(signal.SIG_BLOCK, {number})
        assert listens(os.getpid(), number)
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})
        signal.signal(number, before)


def test_traffic_is_the_containers_and_not_the_nodes(tmp_path):
    """The node's end of an interface receives what the container sends."""
    (tmp_path / "7/net").mkdir(parents=True)
    (tmp_path / "7/net/dev").write_text(NET)
    assert traffic(7, proc=tmp_path) == {201: (2200, 1100), 9: (6, 5)}
    assert traffic(8, proc=tmp_path) == {}


def test_bytes_of_the_disk_are_those_of_all_processes_and_never_fall(tmp_path):
    group = tmp_path / "payload"
    (group / "ns").mkdir(parents=True)

    def processes(**written: int) -> None:
        (group / "ns/cgroup.procs").write_text("".join(f"{pid[1:]}\n" for pid in written))
        for pid, number in written.items():
            (tmp_path / pid[1:]).mkdir(exist_ok=True)
            text = f"rchar: 1\nread_bytes: {number // 2}\nwrite_bytes: {number}\n"
            (tmp_path / pid[1:] / "io").write_text(text)

    now = 0.0
    meter = Meter(clock=lambda: now, proc=tmp_path)
    processes(p10=100, p11=50)
    assert meter.read(201, 10, group) == (75, 150)
    processes(p10=1000)
    assert meter.read(201, 10, group) == (75, 150), "within two seconds nothing is read anew"
    now = 3.0
    assert meter.read(201, 10, group) == (500, 1000)
    processes(p10=20)
    now = 6.0
    assert meter.read(201, 10, group) == (500, 1000)
    processes(p12=8)
    assert meter.read(201, 12, group) == (4, 8), "another init is another start"
