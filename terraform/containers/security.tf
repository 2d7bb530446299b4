# One entry per container, literal values only; modules/lxc-container/variables.tf has the defaults.
locals {
  security = {
    vpn-gateway = {
      vmid        = 401
      description = "The only way out of the vpn network"
      cores       = 2
      memory      = 512
      rootfs      = { size = "4G" }
      networks = [
        { bridge = "vmbr0", ip = "10.10.0.41/24" },
        { bridge = "vmbr1", ip = "10.20.0.1/24" },
      ]
      startup = { order = 1, up = 5 }
      tags    = ["gateway", "vpn"]
      service = {
        image  = "ghcr.io/qdm12/gluetun:v3.40.0"
        ports  = [{ port = 9999, sources = ["lan", "vpn"] }]
        health = { port = 9999, path = "/" }
        slo    = 99.9
        environment = {
          VPN_SERVICE_PROVIDER  = "mullvad"
          VPN_TYPE              = "wireguard"
          WIREGUARD_ADDRESSES   = "10.64.0.2/32"
          HEALTH_SERVER_ADDRESS = ":9999"
          TZ                    = "Etc/UTC"
        }
        secrets = ["WIREGUARD_PRIVATE_KEY"]
      }
    }

    traefik = {
      vmid        = 402
      description = "Reverse proxy with TLS for every service"
      cores       = 2
      memory      = 512
      rootfs      = { size = "4G" }
      networks    = [{ bridge = "vmbr0", ip = "10.10.0.42/24" }]
      startup     = { order = 2 }
      tags        = ["proxy"]
      service = {
        image       = "traefik:v3.4.0"
        ports       = [{ port = 80 }, { port = 443 }, { port = 8080 }]
        health      = { port = 8080, path = "/ping" }
        depends_on  = ["authelia"]
        slo         = 99.9
        environment = { TZ = "Etc/UTC" }
        secrets     = ["CF_DNS_API_TOKEN"]
      }
    }

    authelia = {
      vmid        = 403
      description = "Single sign-on that traefik asks"
      memory      = 512
      rootfs      = { size = "4G" }
      networks    = [{ bridge = "vmbr0", ip = "10.10.0.43/24" }]
      startup     = { order = 1 }
      tags        = ["identity"]
      service = {
        image       = "authelia/authelia:4.39.1"
        ports       = [{ port = 9091 }]
        health      = { port = 9091, path = "/api/health" }
        slo         = 99.9
        environment = { TZ = "Etc/UTC" }
        secrets = [
          "AUTHELIA_SESSION_SECRET",
          "AUTHELIA_STORAGE_ENCRYPTION_KEY",
          "AUTHELIA_IDENTITY_VALIDATION_RESET_PASSWORD_JWT_SECRET",
        ]
      }
    }

    vaultwarden = {
      vmid         = 404
      description  = "Passwords; its web vault works behind TLS only"
      memory       = 512
      rootfs       = { size = "4G" }
      networks     = [{ bridge = "vmbr0", ip = "10.10.0.44/24" }]
      mount_points = [{ path = "/srv/vaultwarden", size = "2G" }]
      protection   = true
      startup      = { order = 3 }
      tags         = ["data", "passwords"]
      service = {
        image       = "vaultwarden/server:1.33.2"
        ports       = [{ port = 80 }]
        health      = { port = 80, path = "/alive" }
        depends_on  = ["traefik"]
        slo         = 99.9
        environment = { DOMAIN = "https://vaultwarden.home.arpa", SIGNUPS_ALLOWED = "false" }
        secrets     = ["ADMIN_TOKEN"]
      }
    }
  }
}
