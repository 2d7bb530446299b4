"""/nodes/{node}/lxc/{vmid}/status: what runs, and starting and stopping it."""

from __future__ import annotations

from homelab.lab.api.endpoint import Call, Endpoint, Privilege
from homelab.lab.api.guests.status import guest_status
from homelab.lab.failures import invalid
from homelab.lab.guests import power
from homelab.lab.node.context import Context
from homelab.pve.schema import COUNT, FLAG

_PRIVILEGE = Privilege("/vms/{vmid}", "VM.PowerMgmt")
_DEFAULT_TIMEOUT = 60


def index(context: Context, call: Call) -> object:
    context.guest(call.vmid)
    names = ("current", "start", "stop", "shutdown", "suspend", "resume", "reboot")
    return [{"subdir": name} for name in names]


def current(context: Context, call: Call) -> object:
    status = guest_status(context, context.guest(call.vmid), context.running())
    return {**status, "ha": {"managed": 0}}


def start(context: Context, call: Call) -> object:
    skip = _skips_lock(call)
    return str(power.start(context, call.caller, call.vmid, skip_lock=skip))


def stop(context: Context, call: Call) -> object:
    overrule = call.args.flag("overrule-shutdown")
    upid = power.stop(
        context, call.caller, call.vmid, overrule=overrule, skip_lock=_skips_lock(call)
    )
    return str(upid)


def shutdown(context: Context, call: Call) -> object:
    upid = power.shutdown(
        context,
        call.caller,
        call.vmid,
        timeout=call.args.integer("timeout", _DEFAULT_TIMEOUT),
        force=call.args.flag("forceStop"),
    )
    return str(upid)


def reboot(context: Context, call: Call) -> object:
    timeout = call.args.integer("timeout", _DEFAULT_TIMEOUT)
    return str(power.reboot(context, call.caller, call.vmid, timeout=timeout))


def suspend(context: Context, call: Call) -> object:
    return str(power.suspend(context, call.caller, call.vmid))


def resume(context: Context, call: Call) -> object:
    return str(power.resume(context, call.caller, call.vmid))


def _skips_lock(call: Call) -> bool:
    skips = call.args.flag("skiplock")
    if skips and not call.caller.is_root:
        raise invalid("skiplock", "Only root may use this option.")
    return skips


_L = "/nodes/{node}/lxc/{vmid}/status"

ENDPOINTS = (
    Endpoint("GET", _L, "user", index),
    Endpoint("GET", f"{_L}/current", Privilege("/vms/{vmid}", "VM.Audit"), current, quick=True),
    Endpoint(
        "POST", f"{_L}/start", _PRIVILEGE, start, parameters={"skiplock": FLAG, "debug": FLAG}
    ),
    Endpoint(
        "POST",
        f"{_L}/stop",
        _PRIVILEGE,
        stop,
        parameters={"skiplock": FLAG, "overrule-shutdown": FLAG},
    ),
    Endpoint(
        "POST",
        f"{_L}/shutdown",
        _PRIVILEGE,
        shutdown,
        parameters={"timeout": COUNT, "forceStop": FLAG},
    ),
    Endpoint("POST", f"{_L}/reboot", _PRIVILEGE, reboot, parameters={"timeout": COUNT}),
    Endpoint("POST", f"{_L}/suspend", _PRIVILEGE, suspend),
    Endpoint("POST", f"{_L}/resume", _PRIVILEGE, resume),
)
