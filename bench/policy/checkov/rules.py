"""Ten of the built-in rules as checks of checkov, for the comparison in bench/policy.py."""

from __future__ import annotations

from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck

VMIDS: set[object] = set()


def value(conf, name):
    found = conf.get(name)
    return found[0] if isinstance(found, list) and found else found


def blocks(conf, name):
    found = conf.get(name) or []
    return [item for item in found if isinstance(item, dict)]


def features_are_plain(conf):
    return not any(
        value(one, name) is True
        for one in blocks(conf, "features")
        for name in ("keyctl", "fuse", "mknod")
    )


def vmid_is_unique(conf):
    vmid = value(conf, "vmid")
    known = vmid in VMIDS
    VMIDS.add(vmid)
    return not known


ASKED = {
    "HL101": vmid_is_unique,
    "HL201": lambda conf: value(conf, "unprivileged") is True,
    "HL203": features_are_plain,
    "HL204": lambda conf: all(value(one, "firewall") is True for one in blocks(conf, "network")),
    "HL211": lambda conf: value(conf, "password") in (None, ""),
    "HL214": lambda conf: "latest" not in str(value(conf, "ostemplate")),
    "HL305": lambda conf: (value(conf, "memory") or 0) >= 256,
    "HL506": lambda conf: value(conf, "onboot") is True,
    "HL507": lambda conf: bool(value(conf, "tags")),
    "HL509": lambda conf: value(conf, "start") is True,
}


class Check(BaseResourceCheck):
    def __init__(self, id_, ask):
        self.ask = ask
        super().__init__(
            name=id_,
            id=f"CKV_{id_}",
            categories=[CheckCategories.GENERAL_SECURITY],
            supported_resources=["proxmox_lxc"],
        )

    def scan_resource_conf(self, conf):
        return CheckResult.PASSED if self.ask(conf) else CheckResult.FAILED


CHECKS = [Check(id_, ask) for id_, ask in ASKED.items()]
