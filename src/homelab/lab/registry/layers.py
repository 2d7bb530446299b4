"""Layers of service images: one for each Debian package, one for the shell, one for directories."""

from __future__ import annotations

import io
import json
import logging
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from homelab.errors import CapabilityError, CommandError
from homelab.files import replace_file
from homelab.lab.images.build import apt_proxy, check_space, keyring
from homelab.lab.registry.oci import Blob, BlobStore, entry
from homelab.process import environment, run

_log = logging.getLogger(__name__)

_UNREAD = ("usr/share/doc/", "usr/share/man/", "usr/share/locale/", "usr/share/lintian/")
_MERGED = ("bin", "sbin", "lib", "lib64")
_DIRECTORIES = ("etc", "root", "run", "usr", *(f"usr/{name}" for name in _MERGED), "var")
_LINKS = {name: f"usr/{name}" for name in _MERGED}
# fmt: off
_APPLETS = (
    "sh", "ash", "cat", "chmod", "cp", "cut", "date", "echo", "env", "expr", "false", "find",
    "grep", "head", "hostname", "httpd", "id", "ip", "kill", "ln", "ls", "mkdir", "mktemp",
    "mv", "nc", "netstat", "nslookup", "ping", "printf", "ps", "pwd", "readlink", "rm",
    "rmdir", "sed", "sleep", "sort", "stat", "stty", "tail", "tar", "tee", "test", "time",
    "timeout", "top", "touch", "tr", "true", "uname", "vi", "wc", "wget", "which", "xargs",
    "[", "ssl_client",
)
# fmt: on
_PASSWD = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"  # noqa: S105
_GROUP = "root:x:0:\nnogroup:x:65534:\n"
_STAND_IN = Path(__file__).with_name("stand-in.sh")


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageLayer:
    """A Debian package as a layer."""

    package: str
    version: str
    blob: Blob


class LayerCache:
    """The layers of packages, kept by name until they are removed."""

    def __init__(self, directory: Path, store: BlobStore, suite: str, *, templates: Path) -> None:
        self._directory = directory / suite
        self._store = store
        self._suite = suite
        self._templates = templates

    def get(self, package: str) -> PackageLayer | None:
        """A package's layer, when it is there."""
        try:
            data = json.loads((self._directory / f"{package}.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        layer = PackageLayer(
            package=package, version=str(data["version"]), blob=Blob(**data["blob"])
        )
        return layer if self._store.has(layer.blob) else None

    def ensure(self, packages: Sequence[str], on_line: Callable[[str], None]) -> None:
        """Download the packages whose layers are missing, and make them.

        Raises:
            CapabilityError: no space, or no keys for Debian's archives.
            CommandError: the download failed.
        """
        missing = sorted({name for name in packages if self.get(name) is None})
        if not missing:
            return
        self._directory.mkdir(parents=True, exist_ok=True)
        check_space(self._directory, 1 << 30)
        work = self._directory / ".download"
        if work.exists():
            shutil.rmtree(work)
        work.mkdir()
        try:
            on_line(f"downloading {', '.join(missing)}")
            _download(work, archive_of(self._templates, self._suite), missing)
            for archive in sorted(work.glob("*.deb")):
                self._add(archive)
                on_line(f"layer of {archive.name.split('_')[0]} made")
        finally:
            shutil.rmtree(work)

    def shell(self, package: str) -> Blob:
        """The bottom layer: a merged /usr, BusyBox with its names, and the stand-in's program."""
        layer = self.get(package)
        assert layer is not None  # noqa: S101  (ensure() came before)
        with tarfile.open(self._store.path(layer.blob.digest)) as source:
            busybox = source.extractfile("usr/bin/busybox")
            assert busybox is not None  # noqa: S101
            program = busybox.read()
        with (
            self._store.writing() as (stream, stored),
            tarfile.open(fileobj=stream, mode="w", format=tarfile.GNU_FORMAT) as out,
        ):
            for name in _DIRECTORIES:
                out.addfile(entry(name, mode=0o755, kind=tarfile.DIRTYPE))
            for name in ("tmp", "var/tmp"):
                out.addfile(entry(name, mode=0o1777, kind=tarfile.DIRTYPE))
            for name, target in _LINKS.items():
                _link(out, name, target)
            _file(out, "usr/bin/busybox", program, 0o755)
            for name in _APPLETS:
                _link(out, f"usr/bin/{name}", "busybox")
            _file(out, "etc/passwd", _PASSWD.encode(), 0o644)
            _file(out, "etc/group", _GROUP.encode(), 0o644)
            _file(out, "usr/bin/stand-in", _STAND_IN.read_bytes(), 0o755)
        return stored[0]

    def directories(self, names: Sequence[str], owner: str) -> Blob:
        """A layer of empty directories."""
        with (
            self._store.writing() as (stream, stored),
            tarfile.open(fileobj=stream, mode="w", format=tarfile.GNU_FORMAT) as out,
        ):
            for name in names:
                out.addfile(entry(name, mode=0o755, owner=owner, kind=tarfile.DIRTYPE))
        return stored[0]

    def _add(self, archive: Path) -> None:
        control = run(("dpkg-deb", "--field", archive, "Package", "Version")).stdout
        fields = dict(line.split(": ", 1) for line in control.splitlines())
        with self._store.writing() as (stream, stored):
            _repack(archive, stream)
        layer = PackageLayer(package=fields["Package"], version=fields["Version"], blob=stored[0])
        replace_file(self._directory / f"{layer.package}.json", json.dumps(asdict(layer)))


def _repack(archive: Path, stream: IO[bytes]) -> None:
    command = ("dpkg-deb", "--fsys-tarfile", str(archive))
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment()) as child:
        assert child.stdout is not None  # noqa: S101
        with (
            tarfile.open(fileobj=child.stdout, mode="r|") as source,
            tarfile.open(fileobj=stream, mode="w", format=tarfile.GNU_FORMAT) as out,
        ):
            for member in source:
                member.name = member.name.removeprefix("./").strip("/")
                if member.name in {"", "."} or member.name.startswith(_UNREAD):
                    continue
                member.uname = member.gname = ""
                out.addfile(member, source.extractfile(member) if member.isreg() else None)
    if child.returncode != 0:
        raise CommandError(command, child.returncode, "")


def archive_of(templates: Path, suite: str) -> str:
    """The line of sources.list(5) for `suite`: the archive that the templates were built from.

    Raises:
        CapabilityError: no template of that suite is built, or no keys for its archive.
    """
    for listing in sorted(templates.glob("*/rootfs/etc/apt/sources.list")):
        for line in listing.read_text(encoding="utf-8").splitlines():
            words = line.split()
            if words[:1] == ["deb"] and words[-2:] == [suite, "main"]:
                return f"deb [signed-by={keyring()}] {words[-3]} {suite} main\n"
    raise CapabilityError(
        f"no container template of {suite} is built in {templates}, so its archive is not known",
        hint="run 'homelab lab up' first",
    )


def _download(work: Path, archive: str, packages: Sequence[str]) -> None:
    for name in ("lists/partial", "cache/archives/partial", "etc"):
        (work / name).mkdir(parents=True)
    sources = work / "sources.list"
    sources.write_text(archive, encoding="utf-8")
    options = {
        "Dir::Etc": work / "etc",
        "Dir::Etc::SourceList": sources,
        "Dir::Etc::SourceParts": "/dev/null",
        "Dir::State": work,
        "Dir::State::Lists": work / "lists",
        "Dir::State::Status": "/dev/null",
        "Dir::Cache": work / "cache",
        "APT::Architecture": "amd64",
        "APT::Architectures": "amd64",
        "APT::Sandbox::User": "root",
        "Acquire::Languages": "none",
        "Acquire::Retries": "3",
    }
    config = work / "apt.conf"
    config.write_text(
        "".join(f'{name} "{value}";\n' for name, value in options.items())
        + "".join(f"{line}\n" for line in apt_proxy()),
        encoding="utf-8",
    )
    env = {"APT_CONFIG": str(config), "LC_ALL": "C.UTF-8"}
    run(("apt-get", "update"), env=env, cwd=work)
    run(("apt-get", "download", *packages), env=env, cwd=work)


def _file(out: tarfile.TarFile, name: str, content: bytes, mode: int) -> None:
    info = entry(name, mode=mode)
    info.size = len(content)
    out.addfile(info, io.BytesIO(content))


def _link(out: tarfile.TarFile, name: str, target: str) -> None:
    info = entry(name, mode=0o777, kind=tarfile.SYMTYPE)
    info.linkname = target
    out.addfile(info)
