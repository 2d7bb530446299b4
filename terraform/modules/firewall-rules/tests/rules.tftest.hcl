# Which rules follow from the containers, and which sources are refused.
variables {
  networks = {
    lan = { bridge = "vmbr0", cidr = "10.10.0.0/24" }
    vpn = { bridge = "vmbr1", cidr = "10.20.0.0/24" }
  }

  containers = {
    traefik = {
      vmid     = 402
      networks = [{ bridge = "vmbr0" }]
      service = {
        ports = [
          { port = 443, protocol = "tcp", sources = ["lan", "192.0.2.0/24"] },
          { port = 8080, protocol = "tcp", sources = ["prowlarr"] },
        ]
      }
    }
    prowlarr = {
      vmid     = 205
      networks = [{ bridge = "vmbr1" }]
      service  = { ports = [{ port = 9696, protocol = "tcp", sources = ["vpn"] }] }
    }
  }
}

run "each_port_for_each_source" {
  command = plan

  assert {
    condition = toset([
      for rule in output.rules : "${rule.container} ${rule.port} ${rule.source}" if rule.comment == "service"
      ]) == toset([
      "traefik 443 lan", "traefik 443 192.0.2.0/24", "traefik 8080 prowlarr", "prowlarr 9696 vpn",
    ])
    error_message = "A rule for each source of each port, and no other."
  }
}

run "ssh_from_the_first_network_alone" {
  command = plan

  assert {
    condition = toset([
      for rule in output.rules : "${rule.container} ${rule.source}" if rule.port == 22
    ]) == toset(["traefik lan", "prowlarr vpn"])
    error_message = "The node reaches a container from the network of its first interface."
  }
}

run "a_source_that_nobody_has_is_refused" {
  command = plan

  variables {
    containers = {
      traefik = {
        vmid     = 402
        networks = [{ bridge = "vmbr0" }]
        service  = { ports = [{ port = 443, protocol = "tcp", sources = ["wan"] }] }
      }
    }
  }

  expect_failures = [output.rules]
}

run "a_source_twice_is_refused" {
  command = plan

  variables {
    containers = {
      traefik = {
        vmid     = 402
        networks = [{ bridge = "vmbr0" }]
        service  = { ports = [{ port = 443, protocol = "tcp", sources = ["lan", "lan"] }] }
      }
    }
  }

  expect_failures = [var.containers]
}

run "two_networks_on_one_bridge_are_refused" {
  command = plan

  variables {
    networks = {
      lan   = { bridge = "vmbr0", cidr = "10.10.0.0/24" }
      guest = { bridge = "vmbr0", cidr = "10.30.0.0/24" }
    }
    containers = {}
  }

  expect_failures = [var.networks]
}
