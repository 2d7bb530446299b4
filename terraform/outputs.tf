output "topology" {
  description = "The whole topology; homelab.model reads it, and everything else derives from that."
  value = {
    schema          = 1
    networks        = module.containers.networks
    containers      = { for name, container in module.container : name => container.declared }
    firewall        = module.firewall_rules.rules
    firewall_policy = module.firewall_rules.inbound_policy
  }
}

output "addresses" {
  description = "Each container's address."
  value = {
    for name, container in module.container :
    name => split("/", container.declared.networks[0].ip)[0]
  }
}
