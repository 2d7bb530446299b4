"""Building a template's tree: Debian bootstrapped by mmdebstrap, or packages added on top of one."""

from __future__ import annotations

import glob
import logging
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from homelab.errors import CapabilityError, CommandError
from homelab.lab.images.definition import TemplateDefinition
from homelab.lab.images.ownership import ID_BASE, ID_COUNT, shift_tree
from homelab.process import run, stream

_log = logging.getLogger(__name__)

NEEDED_BYTES = 2 << 30
"""What a build takes at its peak, with room to spare."""

_PLACE = Path("/mnt")
"""Where a tree is while it is built, in a mount namespace of its own: the containers' ids and apt's
user can't pass through the cache, which is root's."""
_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_NO_SERVICES = "#!/bin/sh\nexit 101\n"
_ENVIRONMENT = {
    "DEBIAN_FRONTEND": "noninteractive",
    "LC_ALL": "C.UTF-8",
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
}

OnLine = Callable[[str], None]


def build_tree(
    definition: TemplateDefinition, target: Path, *, bases: Sequence[Path], on_line: OnLine
) -> None:
    """Fill `target` with the template's tree, owned by the container's ids.

    `bases` are the trees below it, the topmost first; with them `target` holds the difference only
    (an overlay's upper directory).

    Raises:
        CapabilityError: no space, no keyring, or a program is missing.
        CommandError: the package tools failed; carries what they said.
    """
    check_space(target.parent)
    try:
        if bases:
            _add_packages(definition, target, bases=bases, on_line=on_line)
        else:
            _bootstrap(definition, target, on_line=on_line)
    except CommandError as error:
        if "No space left on device" in error.output:
            raise _no_space(target) from error
        raise


def check_space(directory: Path, needed: int = NEEDED_BYTES) -> None:
    """Fail now rather than in the middle of a build.

    Raises:
        CapabilityError: the file system of `directory` has less than `needed` bytes free.
    """
    free = shutil.disk_usage(directory).free
    if free < needed:
        raise CapabilityError(
            f"{directory} has {free >> 20} MiB free; building images needs {needed >> 20} MiB",
            hint="free some space, or set HOMELAB_CACHE to a directory on a larger disk",
        )


def apt_proxy() -> tuple[str, ...]:
    """The proxies that this host's apt uses, as lines of apt.conf(5)."""
    dump = run(("apt-config", "dump", "Acquire::http::Proxy", "Acquire::https::Proxy"))
    return tuple(line for line in dump.stdout.splitlines() if '""' not in line)


def keyring() -> Path:
    """The keys that Debian's archives are signed with; hosts of other distributions lack them.

    Raises:
        CapabilityError: they are not installed.
    """
    if not _KEYRING.exists():
        raise CapabilityError(
            f"{_KEYRING} is missing (package debian-archive-keyring)",
            hint="run 'homelab doctor --fix'",
        )
    return _KEYRING


def _bootstrap(definition: TemplateDefinition, target: Path, *, on_line: OnLine) -> None:
    assert definition.suite is not None  # noqa: S101  (load_definitions checked it)
    target.mkdir(mode=0o755)
    _run_apt(
        (
            *_reached_at(target, _PLACE),
            *("mmdebstrap", "--mode=root", "--variant=minbase", f"--keyring={keyring()}"),
            *('--aptopt=Acquire::Languages "none"', "--aptopt=Acquire::Retries 3"),
            *(f"--aptopt={line}" for line in apt_proxy()),
            *(f"--dpkgopt=path-exclude={pattern}" for pattern in definition.exclude),
            f"--include={','.join(definition.packages)}",
            definition.suite,
            str(_PLACE),
        ),
        on_line,
    )
    _finish(definition, target, owner=0)
    count = shift_tree(target)
    on_line(f"{definition.key}: {count} files given to id {ID_BASE}")


def _add_packages(
    definition: TemplateDefinition, target: Path, *, bases: Sequence[Path], on_line: OnLine
) -> None:
    target.mkdir(mode=0o755)
    os.chown(target, ID_BASE, ID_BASE)
    work = target.with_name("work")
    work.mkdir(mode=0o755)
    os.chown(work, ID_BASE, ID_BASE)
    script = target.with_name("add-packages")
    script.write_text(_script(definition), encoding="utf-8")
    try:
        # A mount namespace of its own: the overlay is gone with the shell, however it ends.
        _run_apt(
            (
                *("unshare", "--mount", "--propagation", "private", "--"),
                *("sh", "-eu", script, ":".join(str(base) for base in bases), target, work, _PLACE),
            ),
            on_line,
        )
        _finish(definition, target, owner=ID_BASE)
    finally:
        script.unlink()
        shutil.rmtree(work)


def _reached_at(directory: Path, place: Path) -> tuple[str | Path, ...]:
    """The words before those of a command that sees a directory at another place."""
    script = 'mount --bind "$1" "$2"; shift 2; exec "$@"'
    alone = ("unshare", "--mount", "--propagation", "private", "--")
    return (*alone, "sh", "-euc", script, "homelab", directory, place)


def _script(definition: TemplateDefinition) -> str:
    packages = " ".join(definition.packages)
    mapping = f"-m u:0:{ID_BASE}:{ID_COUNT} -m g:0:{ID_BASE}:{ID_COUNT}"
    keep = " ".join(f"{name}={value}" for name, value in _ENVIRONMENT.items())
    proxies = "\n".join(apt_proxy())
    return f"""
lower=$1 upper=$2 work=$3 merged=$4
mount -t overlay overlay -o "lowerdir=$lower,upperdir=$upper,workdir=$work" "$merged"
mount -t tmpfs -o mode=755 tmpfs "$merged/dev"
for name in null zero full random urandom; do
    : > "$merged/dev/$name"
    mount --bind "/dev/$name" "$merged/dev/$name"
done
mount --rbind /proc "$merged/proc"
mount -t tmpfs -o mode=1777 tmpfs "$merged/tmp"
mount -t tmpfs -o mode=755,uid={ID_BASE},gid={ID_BASE} tmpfs "$merged/run"
mount -t tmpfs -o mode=755,uid={ID_BASE},gid={ID_BASE} tmpfs "$merged/var/lib/apt/lists"
mount -t tmpfs -o mode=755,uid={ID_BASE},gid={ID_BASE} tmpfs "$merged/var/cache/apt"
cat /etc/resolv.conf > "$merged/etc/resolv.conf"
printf '{_NO_SERVICES.encode("unicode_escape").decode()}' > "$merged/usr/sbin/policy-rc.d"
chmod 755 "$merged/usr/sbin/policy-rc.d"
cat > "$merged/tmp/apt.conf" <<'END'
Acquire::Languages "none";
Acquire::Retries "3";
APT::Install-Recommends "false";
Dpkg::Options {{ "--force-unsafe-io"; "--force-confold"; }};
Dpkg::Use-Pty "false";
{proxies}
END
inside() {{
    lxc-usernsexec {mapping} -- env {keep} APT_CONFIG=/tmp/apt.conf chroot "$merged" "$@"
}}
inside apt-get update
inside apt-get install --yes {packages}
rm "$merged/usr/sbin/policy-rc.d"
"""


def _run_apt(argv: Sequence[str | Path], on_line: OnLine) -> None:
    def forward(line: str) -> None:
        _log.debug("%s", line)
        if line.startswith(("I:", "E:", "Unpacking ")):
            on_line(line)

    stream(argv, forward)


def _finish(definition: TemplateDefinition, target: Path, *, owner: int) -> None:
    for pattern in definition.remove:
        for name in glob.glob(pattern, root_dir=target):  # noqa: PTH207  (relative names)
            path = target / name
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
    masked = [f"system/{unit}" for unit in definition.mask]
    masked += [f"system-generators/{name}" for name in definition.mask_generators]
    for name in masked:
        link = _made(target, f"etc/systemd/{name}", owner)
        link.unlink(missing_ok=True)
        link.symlink_to("/dev/null")
        os.lchown(link, owner, owner)
    for file in definition.file:
        path = _made(target, file.path, owner)
        path.write_text(file.content.removeprefix("\n"), encoding="utf-8")
        path.chmod(file.mode)
        os.chown(path, owner, owner)


def _made(target: Path, name: str, owner: int) -> Path:
    path = target / name
    for parent in reversed(path.relative_to(target).parents):
        directory = target / parent
        if not directory.is_dir():
            directory.mkdir(mode=0o755)
            os.chown(directory, owner, owner)
    return path


def _no_space(target: Path) -> CapabilityError:
    return CapabilityError(
        f"no space left on the disk of {target.parent} while an image was built",
        hint="free some space, or set HOMELAB_CACHE to a directory on a larger disk",
    )
