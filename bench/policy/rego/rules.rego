# Ten of the built-in rules in Rego, for the comparison in bench/policy.py.
package main

import rego.v1

containers contains change if {
	some change in input.resource_changes
	change.type == "proxmox_lxc"
	change.change.after != null
}

topology := input.planned_values.outputs.topology.value

deny contains msg if {
	some change in containers
	change.change.after.unprivileged != true
	msg := sprintf("HL201 %s", [change.address])
}

deny contains msg if {
	some change in containers
	some feature in change.change.after.features
	some name in ["keyctl", "fuse", "mknod"]
	feature[name] == true
	msg := sprintf("HL203 %s", [change.address])
}

deny contains msg if {
	some change in containers
	some network in change.change.after.network
	network.firewall != true
	msg := sprintf("HL204 %s", [change.address])
}

deny contains msg if {
	some change in containers
	change.change.after.onboot != true
	msg := sprintf("HL506 %s", [change.address])
}

deny contains msg if {
	some change in containers
	change.change.after.memory < 256
	msg := sprintf("HL305 %s", [change.address])
}

deny contains msg if {
	some change in containers
	change.change.after.tags == ""
	msg := sprintf("HL507 %s", [change.address])
}

deny contains msg if {
	some change in containers
	change.change.after.start != true
	msg := sprintf("HL509 %s", [change.address])
}

deny contains msg if {
	some change in containers
	change.change.after.password != null
	msg := sprintf("HL211 %s", [change.address])
}

deny contains msg if {
	some name, container in topology.containers
	endswith(container.service.image, ":latest")
	msg := sprintf("HL214 %s", [name])
}

vmids[vmid] contains change.address if {
	some change in containers
	vmid := change.change.after.vmid
}

deny contains msg if {
	some vmid, addresses in vmids
	count(addresses) > 1
	msg := sprintf("HL101 %d", [vmid])
}
