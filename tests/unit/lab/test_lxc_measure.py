from __future__ import annotations

import os
import signal

from homelab.lab.lxc.measure import _io, _network, listens, measure

NET = """\
Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs
    lo:    9 1 0 0 0 0 0 0 9 1 0 0 0 0 0 0
  eth0: 1000 5 0 0 0 0 0 0 2000 6 0 0 0 0 0 0
  eth1:  100 5 0 0 0 0 0 0  200 6 0 0 0 0 0 0
docker0: 77 5 0 0 0 0 0 0 88 6 0 0 0 0 0 0
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


def test_only_the_containers_own_interfaces_count():
    assert _network(NET) == (1100, 2200)
    assert _network("") == (0, 0)


def test_reads_and_writes():
    assert _io("8:0 rbytes=10 wbytes=20 rios=1\n8:16 rbytes=1 wbytes=2\n") == (11, 22)
