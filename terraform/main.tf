# What exists is declared in containers/: one entry per container in its category's file.
module "containers" {
  source = "./containers"
}

resource "proxmox_pool" "category" {
  for_each = toset(module.containers.categories)

  poolid  = each.key
  comment = "homelab: ${each.key}"
}

module "container" {
  source   = "./modules/lxc-container"
  for_each = module.containers.containers

  name      = each.key
  category  = each.value.category
  pool      = proxmox_pool.category[each.value.category].poolid
  container = each.value
  networks  = module.containers.networks

  target_node     = var.target_node
  storage         = var.storage
  template        = var.template
  ssh_public_keys = var.ssh_public_keys
  protect         = var.protect
}

module "firewall_rules" {
  source = "./modules/firewall-rules"

  containers = { for name, container in module.container : name => container.declared }
  networks   = module.containers.networks
}
