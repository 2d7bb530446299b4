locals {
  # In this order; a category of its own is one more file and one more line here.
  categories = {
    media      = local.media
    monitoring = local.monitoring
    security   = local.security
    business   = local.business
  }

  entries = merge(concat([{}], [
    for category, entries in local.categories :
    { for name, entry in entries : name => merge(entry, { category = category }) }
  ])...)

  names     = flatten([for entries in values(local.categories) : keys(entries)])
  vmids     = [for entry in values(local.entries) : tostring(entry.vmid)]
  addresses = flatten([for entry in values(local.entries) : [for nic in entry.networks : split("/", nic.ip)[0]]])
  bridges   = [for network in values(local.networks) : network.bridge]

  # An optional attribute that is misspelt would otherwise fall out without a word.
  known = [
    "category", "vmid", "node", "template", "description", "cores", "memory", "swap", "rootfs",
    "networks", "mount_points", "features", "tags", "startup", "onboot", "protection",
    "unprivileged", "service",
  ]
  known_service = ["image", "ports", "health", "depends_on", "slo", "environment", "secrets"]

  unknown = flatten([
    for name, entry in local.entries : concat(
      [for key in setsubtract(keys(entry), local.known) : "${name}.${key}"],
      [for key in setsubtract(keys(entry.service), local.known_service) : "${name}.service.${key}"],
    )
  ])
  dangling = flatten([
    for name, entry in local.entries : [
      for dependency in try(entry.service.depends_on, []) :
      "${name} on ${dependency}" if !contains(local.names, dependency)
    ]
  ])
  off_bridge = flatten([
    for name, entry in local.entries : [
      for nic in entry.networks : "${name} on ${nic.bridge}" if !contains(local.bridges, nic.bridge)
    ]
  ])
}

output "categories" {
  description = "The categories, each of which is a pool."
  value       = keys(local.categories)
}

output "networks" {
  description = "The networks by name."
  value = {
    for name, network in local.networks : name => {
      bridge       = network.bridge
      cidr         = network.cidr
      gateway      = network.gateway
      node_address = network.node_address
      vpn          = try(network.vpn, false)
    }
  }
}

output "containers" {
  description = "Every container's entry by name, with its category."
  value       = local.entries

  precondition {
    condition     = length(distinct(local.names)) == length(local.names)
    error_message = "A container's name is used in two categories: ${join(", ", local.names)}."
  }

  precondition {
    condition     = length(distinct(local.vmids)) == length(local.vmids)
    error_message = "A vmid is used twice: ${join(", ", sort(local.vmids))}."
  }

  precondition {
    condition     = length(distinct(local.addresses)) == length(local.addresses)
    error_message = "An address is used twice: ${join(", ", sort(local.addresses))}."
  }

  precondition {
    condition     = length(local.unknown) == 0
    error_message = "Unknown attributes: ${join(", ", local.unknown)}."
  }

  precondition {
    condition     = length(local.dangling) == 0
    error_message = "Dependencies that no entry declares: ${join(", ", local.dangling)}."
  }

  precondition {
    condition     = length(local.off_bridge) == 0
    error_message = "Bridges that networks.tf does not declare: ${join(", ", local.off_bridge)}."
  }
}
