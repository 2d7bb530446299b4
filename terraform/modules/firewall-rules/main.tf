# The provider has no firewall resource: rules are worked out and checked here and put out as data.
locals {
  ports = flatten([
    for name, container in var.containers : [
      for port in container.service.ports : [
        for source in port.sources : {
          container = name
          source    = source
          port      = port.port
          protocol  = port.protocol
          comment   = "service"
        }
      ]
    ]
  ])

  # The node configures each container over ssh from the network of its first interface.
  management = flatten([
    for name, container in var.containers : [
      for network, settings in var.networks : {
        container = name
        source    = network
        port      = 22
        protocol  = "tcp"
        comment   = "management"
      } if settings.bridge == container.networks[0].bridge
    ]
  ])

  rules = concat(local.ports, local.management)

  unknown_sources = distinct([
    for rule in local.rules : "${rule.source} (${rule.container}:${rule.port})"
    if !contains(keys(var.networks), rule.source)
    && !contains(keys(var.containers), rule.source)
    && !can(cidrnetmask(rule.source))
  ])
}
