"""/nodes/{node}/lxc/{vmid}/status: what runs, and starting and stopping it."""

from __future__ import annotations

from homelab.lab.api.endpoint import Call, Endpoint, each
from homelab.lab.api.guests.status import guest_status
from homelab.lab.api.rights import Privilege
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
    return power.start(context, call.caller, call.vmid, skip_lock=_skips_lock(call))


def stop(context: Context, call: Call) -> object:
    overrule, skip = call.args.flag("overrule-shutdown"), _skips_lock(call)
    return power.stop(context, call.caller, call.vmid, overrule=overrule, skip_lock=skip)


def shutdown(context: Context, call: Call) -> object:
    timeout, force = call.args.integer("timeout", _DEFAULT_TIMEOUT), call.args.flag("forceStop")
    return power.shutdown(context, call.caller, call.vmid, timeout=timeout, force=force)


def reboot(context: Context, call: Call) -> object:
    timeout = call.args.integer("timeout", _DEFAULT_TIMEOUT)
    return power.reboot(context, call.caller, call.vmid, timeout=timeout)


def suspend(context: Context, call: Call) -> object:
    return power.suspend(context, call.caller, call.vmid)


def resume(context: Context, call: Call) -> object:
    return power.resume(context, call.caller, call.vmid)


def _skips_lock(call: Call) -> bool:
    skips = call.args.flag("skiplock")
    if skips and not call.caller.is_root:
        raise invalid("skiplock", "Only root may use this option.")
    return skips


_L = "/nodes/{node}/lxc/{vmid}/status"
_STOP = each(FLAG, "skiplock", "overrule-shutdown")
_SHUTDOWN = {"timeout": COUNT, "forceStop": FLAG}

ENDPOINTS = (
    Endpoint("GET", _L, "user", index),
    Endpoint("GET", f"{_L}/current", Privilege("/vms/{vmid}", "VM.Audit"), current, quick=True),
    Endpoint("POST", f"{_L}/start", _PRIVILEGE, start, each(FLAG, "skiplock", "debug")),
    Endpoint("POST", f"{_L}/stop", _PRIVILEGE, stop, _STOP),
    Endpoint("POST", f"{_L}/shutdown", _PRIVILEGE, shutdown, _SHUTDOWN),
    Endpoint("POST", f"{_L}/reboot", _PRIVILEGE, reboot, {"timeout": COUNT}),
    Endpoint("POST", f"{_L}/suspend", _PRIVILEGE, suspend),
    Endpoint("POST", f"{_L}/resume", _PRIVILEGE, resume),
)
