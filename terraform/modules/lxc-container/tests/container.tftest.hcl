# What one entry becomes, and which entries are refused; the provider is mocked, nothing is made.
mock_provider "proxmox" {
  mock_resource "proxmox_lxc" {
    defaults = { id = "pve/lxc/201" }
  }
}

variables {
  name        = "plex"
  category    = "media"
  pool        = "media"
  target_node = "pve"
  storage     = "local-zfs"
  template    = "local:vztmpl/debian-13-homelab_13.0_amd64.tar.zst"

  networks = {
    lan = {
      bridge       = "vmbr0"
      cidr         = "10.10.0.0/24"
      gateway      = "10.10.0.1"
      node_address = "10.10.0.1/24"
      vpn          = false
    }
    vpn = {
      bridge       = "vmbr1"
      cidr         = "10.20.0.0/24"
      gateway      = "10.20.0.1"
      node_address = "10.20.0.254/24"
      vpn          = true
    }
  }

  container = {
    vmid         = 201
    rootfs       = { size = "16G" }
    networks     = [{ bridge = "vmbr0", ip = "10.10.0.21/24" }]
    mount_points = [{ path = "/srv/media", size = "64G" }]
    tags         = ["video", "media", "stream"]
    startup      = { order = 2, up = 5 }
    service = {
      image  = "lscr.io/linuxserver/plex:1.41.6"
      ports  = [{ port = 32400 }]
      health = { port = 32400, path = "/identity" }
      slo    = 99.9
    }
  }
}

run "defaults_are_filled_in" {
  assert {
    condition     = output.declared.cores == 1 && output.declared.memory == 512 && output.declared.swap == 512
    error_message = "An entry without sizes gets the module's."
  }

  assert {
    condition     = output.declared.node == "pve" && output.declared.rootfs.storage == "local-zfs"
    error_message = "Node and storage come from the module's inputs."
  }

  assert {
    condition     = output.declared.networks[0].gateway == "10.10.0.1" && output.declared.networks[0].name == "eth0"
    error_message = "The first interface has its network's gateway."
  }

  assert {
    condition     = output.declared.service.ports[0].sources == tolist(["lan"])
    error_message = "A port is published to the lan unless the entry says otherwise."
  }

  assert {
    condition     = output.id == "pve/lxc/201"
    error_message = "The output id is the provider's."
  }
}

run "the_resource_says_what_the_entry_says" {
  assert {
    condition     = proxmox_lxc.this.unprivileged && one(proxmox_lxc.this.features).nesting
    error_message = "A container is unprivileged, with nesting for Docker."
  }

  assert {
    condition     = proxmox_lxc.this.tags == "media;stream;video"
    error_message = "Tags are sorted and distinct, with the category among them."
  }

  assert {
    condition     = proxmox_lxc.this.startup == "order=2,up=5"
    error_message = "A delay of 0 is left out of the start order."
  }

  assert {
    condition     = one(proxmox_lxc.this.mountpoint).mp == "/srv/media" && one(proxmox_lxc.this.mountpoint).key == "0"
    error_message = "Mount points are numbered by position."
  }

  assert {
    condition     = one(proxmox_lxc.this.network).firewall
    error_message = "The firewall is on for each interface."
  }
}

run "a_second_interface_has_no_gateway" {
  variables {
    container = {
      vmid   = 401
      rootfs = { size = "4G" }
      networks = [
        { bridge = "vmbr0", ip = "10.10.0.41/24" },
        { bridge = "vmbr1", ip = "10.20.0.1/24" },
      ]
      service = {
        image  = "ghcr.io/qdm12/gluetun:v3.40.0"
        ports  = [{ port = 9999 }]
        health = { port = 9999 }
        slo    = 99.9
      }
    }
  }

  assert {
    condition     = output.declared.networks[1].gateway == null && output.declared.networks[1].name == "eth1"
    error_message = "Only the first interface has a default route."
  }

  assert {
    condition     = output.declared.startup.order == 50 && proxmox_lxc.this.startup == "order=50"
    error_message = "An entry without a start order comes late."
  }
}

run "a_name_must_be_a_host_name" {
  command = plan

  variables {
    name = "Plex_1"
  }

  expect_failures = [var.name]
}

run "a_size_must_be_in_its_shortest_form" {
  command = plan

  variables {
    container = {
      vmid     = 201
      rootfs   = { size = "8192M" }
      networks = [{ bridge = "vmbr0", ip = "10.10.0.21/24" }]
      service = {
        image  = "a/b:1"
        ports  = [{ port = 80 }]
        health = { port = 80 }
        slo    = 99
      }
    }
  }

  expect_failures = [var.container]
}

run "an_image_must_be_pinned" {
  command = plan

  variables {
    container = {
      vmid     = 201
      rootfs   = { size = "8G" }
      networks = [{ bridge = "vmbr0", ip = "10.10.0.21/24" }]
      service = {
        image  = "plex:latest"
        ports  = [{ port = 80 }]
        health = { port = 80 }
        slo    = 99
      }
    }
  }

  expect_failures = [var.container]
}

run "the_health_endpoint_must_be_published" {
  command = plan

  variables {
    container = {
      vmid     = 201
      rootfs   = { size = "8G" }
      networks = [{ bridge = "vmbr0", ip = "10.10.0.21/24" }]
      service = {
        image  = "a/b:1"
        ports  = [{ port = 80 }]
        health = { port = 81 }
        slo    = 99
      }
    }
  }

  expect_failures = [var.container]
}

run "a_feature_that_needs_root_is_refused" {
  command = plan

  variables {
    container = {
      vmid     = 201
      rootfs   = { size = "8G" }
      networks = [{ bridge = "vmbr0", ip = "10.10.0.21/24" }]
      features = { keyctl = true }
      service = {
        image  = "a/b:1"
        ports  = [{ port = 80 }]
        health = { port = 80 }
        slo    = 99
      }
    }
  }

  expect_failures = [var.container]
}
