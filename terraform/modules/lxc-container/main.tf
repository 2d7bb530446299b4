locals {
  gateways = { for network in values(var.networks) : network.bridge => network.gateway }

  # The entry with every default filled in: what the topology's output says.
  declared = {
    category    = var.category
    vmid        = var.container.vmid
    node        = coalesce(var.container.node, var.target_node)
    template    = coalesce(var.container.template, var.template)
    description = var.container.description
    cores       = var.container.cores
    memory      = var.container.memory
    swap        = var.container.swap
    rootfs = {
      storage = coalesce(var.container.rootfs.storage, var.storage)
      size    = var.container.rootfs.size
    }
    networks = [
      for index, nic in var.container.networks : {
        name     = coalesce(nic.name, "eth${index}")
        bridge   = nic.bridge
        ip       = nic.ip
        gateway  = nic.gateway != null || index > 0 ? nic.gateway : lookup(local.gateways, nic.bridge, null)
        firewall = nic.firewall
      }
    ]
    mount_points = [
      for mount in var.container.mount_points : {
        path    = mount.path
        storage = coalesce(mount.storage, var.storage)
        size    = mount.size
        backup  = mount.backup
      }
    ]
    features = var.container.features
    # Sorted and distinct, as Proxmox VE keeps them, so that a second plan is empty.
    tags         = sort(distinct(concat([var.category], var.container.tags)))
    startup      = var.container.startup
    onboot       = var.container.onboot
    protection   = var.container.protection
    unprivileged = var.container.unprivileged
    service      = var.container.service
  }
}

resource "proxmox_lxc" "this" {
  target_node     = local.declared.node
  vmid            = local.declared.vmid
  hostname        = var.name
  ostemplate      = local.declared.template
  pool            = var.pool
  tags            = join(";", local.declared.tags)
  cores           = local.declared.cores
  memory          = local.declared.memory
  swap            = local.declared.swap
  onboot          = local.declared.onboot
  protection      = local.declared.protection && var.protect
  unprivileged    = local.declared.unprivileged
  ssh_public_keys = var.ssh_public_keys
  start           = true

  startup = join(",", concat(
    ["order=${local.declared.startup.order}"],
    local.declared.startup.up > 0 ? ["up=${local.declared.startup.up}"] : [],
    local.declared.startup.down > 0 ? ["down=${local.declared.startup.down}"] : [],
  ))

  features {
    nesting = local.declared.features.nesting
  }

  rootfs {
    storage = local.declared.rootfs.storage
    size    = local.declared.rootfs.size
  }

  dynamic "network" {
    for_each = local.declared.networks

    content {
      name     = network.value.name
      bridge   = network.value.bridge
      ip       = network.value.ip
      gw       = network.value.gateway
      firewall = network.value.firewall
    }
  }

  dynamic "mountpoint" {
    for_each = local.declared.mount_points

    content {
      key     = tostring(mountpoint.key)
      slot    = mountpoint.key
      mp      = mountpoint.value.path
      storage = mountpoint.value.storage
      size    = mountpoint.value.size
      backup  = mountpoint.value.backup
    }
  }

  lifecycle {
    # Used once, when the container is made; a new key or template must not replace it.
    ignore_changes = [ssh_public_keys, password, ostemplate]
  }
}
