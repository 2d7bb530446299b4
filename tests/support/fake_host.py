"""A machine that has, or lacks, what a test says."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from homelab.lab.host.machine import Host


@dataclass
class FakeHost(Host):
    root: bool = True
    machine: str = "x86_64"
    absent: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    files: dict[str, str] = field(
        default_factory=lambda: {
            "/etc/subuid": "me:1000:10\nroot:100000:65536\n",
            "/etc/subgid": "root:90000:100000\n",
            "/proc/self/mounts": "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n",
            "/proc/filesystems": "nodev\toverlay\n\tbtrfs\n",
            "/proc/meminfo": "MemTotal: 9 kB\nMemAvailable: 8000000 kB\n",
        }
    )
    free: int = 100 << 30

    def is_root(self) -> bool:
        return self.root

    def architecture(self) -> str:
        return self.machine

    def has_program(self, name: str) -> bool:
        return name not in self.absent

    def has_file(self, path: str) -> bool:
        return path not in self.absent

    def has_match(self, directory: str, pattern: str) -> bool:
        return f"{directory}/{pattern}" not in self.absent

    def read(self, path: str) -> str:
        return self.files.get(path, "")

    def works(self, argv) -> bool:
        return not self.refused & set(argv)

    def free_bytes(self, directory: Path) -> int:
        del directory
        return self.free
