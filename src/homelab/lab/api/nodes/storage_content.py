"""/nodes/{node}/storage/{storage}: files that come in and go, and the appliance list."""

from __future__ import annotations

import hashlib
import time
import uuid
from dataclasses import replace
from pathlib import Path

from homelab.errors import HomelabError
from homelab.lab.api.endpoint import Call, Endpoint
from homelab.lab.api.rights import AllOf, AnyOf, Inside, Privilege
from homelab.lab.failures import ApiFailureError, invalid
from homelab.lab.guests.backup import remove_file
from homelab.lab.guests.files import (
    INCOMING,
    INCOMING_PREFIX,
    StoredFile,
    clean_name,
    is_name_for,
    put_file,
    stored_file,
)
from homelab.lab.guests.volume_access import check_volume_access, content_and_owner
from homelab.lab.node.context import Context
from homelab.lab.node.fetching import fetch
from homelab.lab.node.storages import Storage, storage_named
from homelab.lab.runtime import TaskLog
from homelab.pve.schema import FLAG, PARAGRAPHS, REQUIRED, TEXT, Arguments, Parameter


def upload(context: Context, call: Call) -> object:
    args = call.args
    file = _incoming(context, args)
    if call.upload is None:
        raise ApiFailureError("missing temporary file name")
    source = call.upload.rename(call.upload.with_suffix(".taken"))

    def work(log: TaskLog) -> None:
        log(f"starting file import from: {args.text('filename')}")
        try:
            _keep(context, file, source, args)
        finally:
            source.unlink(missing_ok=True)
        log("finished file import successfully")

    try:
        return context.start_task("imgcopy", "", call.caller, work)
    except HomelabError:
        source.unlink(missing_ok=True)
        raise


def download(context: Context, call: Call) -> object:
    """Fetch a file; that takes the right to use the network too (PVE::API2::Storage::Status)."""
    args = call.args
    file = _incoming(context, args)
    url = args.text("url")

    def work(log: TaskLog) -> None:
        if stored_file(context, file.volid) is not None:
            raise ApiFailureError(f"refusing to override existing file '{file.volid}'")
        log(f"downloading {url} to {file.volid}")
        incoming = context.files / INCOMING
        incoming.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = incoming / f"{INCOMING_PREFIX}{uuid.uuid4().hex}.taken"
        try:
            fetch(url, temporary)
            _keep(context, file, temporary, args)
        finally:
            temporary.unlink(missing_ok=True)
        log(f"download of '{url}' to '{file.volid}' finished")

    return context.start_task("download", file.volid.rpartition("/")[2], call.caller, work)


def show(context: Context, call: Call) -> object:
    volid = _volid(call)
    check_volume_access(context.access, call.caller, volid)
    file = stored_file(context, volid)
    if file is not None:
        return {
            "path": str(file.path(context)),
            "size": file.size,
            "used": file.size,
            "format": "tar.zst",
            "notes": file.notes,
            "protected": int(file.protected),
        }
    for volume in context.state.volumes():
        if volume.volid == volid:
            return {
                "path": f"/{volid.replace(':', '/')}",
                "size": volume.size,
                "used": 0,
                "format": "subvol",
            }
    raise ApiFailureError(f"volume '{volid}' does not exist")


def update(context: Context, call: Call) -> None:
    """Change what is noted of a backup; who may read it may (PVE::API2::Storage::Content)."""
    volid = _volid(call)
    check_volume_access(context.access, call.caller, volid)
    file = _file(context, volid)
    if file.content != "backup":
        raise ApiFailureError(f"attributes are not supported for volumes of type '{file.content}'")
    changed = replace(
        file,
        notes=call.args.text("notes", file.notes),
        protected=call.args.flag("protected", default=file.protected),
    )
    with context.state.transaction() as transaction:
        put_file(transaction, changed)


def remove(context: Context, call: Call) -> object:
    """Remove a file: a backup with its guest's right (PVE::API2::Storage::Content delete)."""
    volid = _volid(call)
    where = f"/storage/{volid.partition(':')[0]}"
    content, guest = content_and_owner(volid)
    if content == "backup" and guest is not None:
        context.access.require(call.caller, where, "Datastore.AllocateSpace")
        context.access.require(call.caller, f"/vms/{guest}", "VM.Backup")
    else:
        context.access.require(call.caller, where, "Datastore.Allocate")
    owner = next((v.vmid for v in context.state.volumes() if v.volid == volid), None)
    if owner is not None:
        raise ApiFailureError(f"Cannot remove image, a guest with VMID '{owner}' exists!")
    if volid in {template.volid for template in context.runtime.templates()}:
        raise ApiFailureError(f"'{volid}' is one of the lab's own templates")
    file = _file(context, volid)
    if file.protected:
        raise ApiFailureError(f"cannot remove protected volume '{volid}' on '{context.node}'")

    def work(log: TaskLog) -> None:
        log(f"Removed volume '{volid}'")
        remove_file(context, file)

    identity = f"{volid.rpartition('/')[2]}@{volid.partition(':')[0]}"
    return context.start_task("imgdel", identity, call.caller, work)


def appliances(context: Context, _call: Call) -> object:
    return [
        {
            "template": template.volid.rpartition("/")[2],
            "type": "lxc",
            "section": "system",
            "os": "debian-13",
            "package": template.volid.rpartition("/")[2].rpartition("_")[0].rpartition("_")[0],
            "version": "13.0",
            "headline": "a template of this lab",
            "infopage": "",
            "description": "built on this machine",
            "source": "lab",
        }
        for template in context.runtime.templates()
    ]


def fetch_appliance(context: Context, call: Call) -> object:
    name, storage = call.args.text("template"), _storage(call.args)
    if "vztmpl" not in storage.content:
        raise ApiFailureError(f"storage '{storage.name}' does not support templates")
    volid = f"{storage.name}:vztmpl/{name}"
    if volid not in {template.volid for template in context.runtime.templates()}:
        raise invalid("template", f"no such template '{name}'")

    return context.start_task(
        "download", name, call.caller, lambda log: log(f"{volid} is there already")
    )


def _incoming(context: Context, args: Arguments) -> StoredFile:
    storage, content = _storage(args), args.text("content")
    if storage.type != "dir":
        raise ApiFailureError(
            f"can't upload to storage type '{storage.type}', not a file based storage!"
        )
    if content not in storage.content:
        raise ApiFailureError(
            f"storage '{storage.name}' is not configured for content-type '{content}'"
        )
    name = clean_name(args.text("filename"))
    if not is_name_for(content, name):
        raise invalid("filename", "wrong file extension")
    return StoredFile(
        volid=f"{storage.name}:{content}/{name}",
        node=context.node,
        content=content,
        size=0,
        ctime=int(time.time()),
    )


def _keep(context: Context, file: StoredFile, source: Path, args: Arguments) -> None:
    """Put a file that has come in where it belongs, if its checksum is right."""
    if "checksum" in args:
        algorithm = args.text("checksum-algorithm", "sha256")
        with source.open("rb") as stream:
            found = hashlib.file_digest(stream, algorithm).hexdigest()
        if found != args.text("checksum").lower():
            raise ApiFailureError(
                f"checksum mismatch: got '{found}' != expect '{args.text('checksum')}'"
            )
    path = file.path(context)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    source.replace(path)
    with context.state.transaction() as transaction:
        put_file(transaction, replace(file, size=path.stat().st_size))


def _storage(args: Arguments) -> Storage:
    return storage_named(args.text("storage"))


def _volid(call: Call) -> str:
    name, storage = call.args.text("volume"), _storage(call.args).name
    return name if name.startswith(f"{storage}:") else f"{storage}:{name}"


def _file(context: Context, volid: str) -> StoredFile:
    file = stored_file(context, volid)
    if file is None:
        raise ApiFailureError(f"volume '{volid}' does not exist")
    return file


_S = "/nodes/{node}/storage/{storage}"
_V = f"{_S}/content/{{volume*}}"
_TEMPLATES = Privilege("/storage/{storage}", "Datastore.AllocateTemplate")
_ALLOCATE = Privilege("/storage/{storage}", "Datastore.Allocate")
_SPACE = Privilege("/storage/{storage}", "Datastore.AllocateSpace")
_BACKUP = AllOf((_SPACE, Privilege("/vms/{owner}", "VM.Backup")))
_READ = Inside(AnyOf((_ALLOCATE, _BACKUP)))
"""Of a backup, which belongs to a guest; see `check_volume_access` for the rest."""
_INCOMING = {
    "checksum": TEXT,
    "checksum-algorithm": Parameter(enum=("md5", "sha1", "sha224", "sha256", "sha384", "sha512")),
    "content": Parameter(required=True, enum=("iso", "vztmpl", "import")),
    "filename": Parameter(required=True, max_length=255),
}

ENDPOINTS = (
    Endpoint(
        "POST",
        f"{_S}/upload",
        _TEMPLATES,
        upload,
        {**_INCOMING, "tmpfilename": TEXT},
        takes_file=True,
    ),
    Endpoint(
        "POST",
        f"{_S}/download-url",
        AllOf(
            (
                _TEMPLATES,
                AnyOf(
                    (
                        AllOf((Privilege("/", "Sys.Audit"), Privilege("/", "Sys.Modify"))),
                        Privilege("/nodes/{node}", "Sys.AccessNetwork"),
                    )
                ),
            )
        ),
        download,
        {
            **_INCOMING,
            "compression": TEXT,
            "url": Parameter(required=True, pattern=r"https?://.*"),
            "verify-certificates": FLAG,
        },
    ),
    Endpoint("GET", _V, _READ, show),
    Endpoint("PUT", _V, _READ, update, {"notes": PARAGRAPHS, "protected": FLAG}),
    Endpoint(
        "DELETE",
        _V,
        Inside(_BACKUP),
        remove,
        {"delay": Parameter(type="integer", minimum=1, maximum=30)},
    ),
    Endpoint("GET", "/nodes/{node}/aplinfo", "user", appliances),
    Endpoint(
        "POST",
        "/nodes/{node}/aplinfo",
        _TEMPLATES,
        fetch_appliance,
        {"storage": REQUIRED, "template": Parameter(required=True, max_length=255)},
    ),
)
