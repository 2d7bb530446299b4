# gateway is what containers use as their default route, node_address is the node's own.
locals {
  networks = {
    lan = {
      bridge       = "vmbr0"
      cidr         = "10.10.0.0/24"
      gateway      = "10.10.0.1"
      node_address = "10.10.0.1/24"
    }

    # Whatever leaves this network goes through vpn-gateway.
    vpn = {
      bridge       = "vmbr1"
      cidr         = "10.20.0.0/24"
      gateway      = "10.20.0.1"
      node_address = "10.20.0.254/24"
      vpn          = true
    }
  }
}
