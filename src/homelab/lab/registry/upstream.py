"""Copying an image from its public registry into the lab's, with skopeo."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from homelab.errors import CommandError
from homelab.lab.host.installation import install
from homelab.lab.host.machine import Host
from homelab.lab.registry.oci import BlobStore
from homelab.process import run

_COPY = (
    *("skopeo", "copy", "--quiet", "--format", "oci"),
    *("--override-os", "linux", "--override-arch", "amd64"),
)


def copy_upstream(reference: str, store: BlobStore, on_line: Callable[[str], None]) -> str:
    """Fetch an image with all its layers; returns the digest of its manifest.

    Raises:
        CommandError: skopeo can't be installed, or the registry can't be reached or has no such image.
    """
    if not Host().has_program("skopeo"):
        install(("skopeo",), on_line=on_line)
    on_line(f"copying {reference} from its registry")
    store.directory.mkdir(parents=True, exist_ok=True)
    layout = Path(tempfile.mkdtemp(dir=store.directory.parent, prefix=".upstream-"))
    try:
        run((*_COPY, f"docker://{reference}", f"oci:{layout}:image"), timeout=1800)
        for blob in (layout / "blobs" / "sha256").iterdir():
            blob.chmod(0o644)
            blob.replace(store.directory / blob.name)
        index = json.loads((layout / "index.json").read_text(encoding="utf-8"))
        return str(index["manifests"][0]["digest"])
    except CommandError as error:
        raise CommandError(
            error.argv,
            error.returncode,
            error.output,
            hint="without a way to the public registries, use '--images lab'",
        ) from error
    finally:
        shutil.rmtree(layout)
