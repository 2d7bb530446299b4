# One entry per container, literal values only; modules/lxc-container/variables.tf has the defaults.
locals {
  business = {
    nextcloud = {
      vmid         = 501
      description  = "Files, calendars and contacts"
      cores        = 4
      memory       = 4096
      rootfs       = { size = "16G" }
      networks     = [{ bridge = "vmbr0", ip = "10.10.0.51/24" }]
      mount_points = [{ path = "/srv/nextcloud", size = "128G" }]
      protection   = true
      startup      = { order = 3 }
      tags         = ["data"]
      service = {
        image       = "nextcloud:31.0.5-apache"
        ports       = [{ port = 80 }]
        health      = { port = 80, path = "/status.php" }
        slo         = 99.9
        environment = { NEXTCLOUD_ADMIN_USER = "admin", NEXTCLOUD_TRUSTED_DOMAINS = "10.10.0.51 nextcloud.home.arpa" }
        secrets     = ["NEXTCLOUD_ADMIN_PASSWORD"]
      }
    }

    paperless-ngx = {
      vmid         = 502
      description  = "Scanned documents, searchable"
      cores        = 2
      memory       = 2048
      rootfs       = { size = "8G" }
      networks     = [{ bridge = "vmbr0", ip = "10.10.0.52/24" }]
      mount_points = [{ path = "/srv/paperless", size = "32G" }]
      protection   = true
      startup      = { order = 3 }
      tags         = ["data"]
      service = {
        image       = "ghcr.io/paperless-ngx/paperless-ngx:2.15.3"
        ports       = [{ port = 8000 }]
        health      = { port = 8000, path = "/accounts/login/" }
        slo         = 99.5
        environment = { PAPERLESS_URL = "http://10.10.0.52:8000", PAPERLESS_OCR_LANGUAGE = "eng", PAPERLESS_TIME_ZONE = "Etc/UTC" }
        secrets     = ["PAPERLESS_SECRET_KEY", "PAPERLESS_ADMIN_PASSWORD"]
      }
    }

    gitea = {
      vmid         = 503
      description  = "Git hosting"
      cores        = 2
      memory       = 1024
      rootfs       = { size = "8G" }
      networks     = [{ bridge = "vmbr0", ip = "10.10.0.53/24" }]
      mount_points = [{ path = "/srv/gitea", size = "32G" }]
      protection   = true
      startup      = { order = 3 }
      tags         = ["data", "git"]
      service = {
        image  = "gitea/gitea:1.23.8"
        ports  = [{ port = 3000 }, { port = 2222 }]
        health = { port = 3000, path = "/api/healthz" }
        slo    = 99.9
        environment = {
          GITEA__database__DB_TYPE       = "sqlite3"
          GITEA__security__INSTALL_LOCK  = "true"
          GITEA__server__ROOT_URL        = "http://10.10.0.53:3000/"
          GITEA__server__SSH_PORT        = "2222"
          GITEA__server__SSH_LISTEN_PORT = "2222"
        }
        secrets = ["GITEA__security__SECRET_KEY", "GITEA__security__INTERNAL_TOKEN"]
      }
    }

    vikunja = {
      vmid         = 504
      description  = "Tasks and projects"
      memory       = 512
      rootfs       = { size = "8G" }
      networks     = [{ bridge = "vmbr0", ip = "10.10.0.54/24" }]
      mount_points = [{ path = "/srv/vikunja", size = "4G" }]
      protection   = true
      startup      = { order = 3 }
      tags         = ["data"]
      service = {
        image       = "vikunja/vikunja:0.24.6"
        ports       = [{ port = 3456 }]
        health      = { port = 3456, path = "/api/v1/info" }
        slo         = 99.5
        environment = { VIKUNJA_SERVICE_PUBLICURL = "http://10.10.0.54:3456", VIKUNJA_DATABASE_TYPE = "sqlite" }
        secrets     = ["VIKUNJA_SERVICE_JWTSECRET"]
      }
    }

    n8n = {
      vmid         = 505
      description  = "Automation between services"
      cores        = 2
      memory       = 1024
      rootfs       = { size = "8G" }
      networks     = [{ bridge = "vmbr0", ip = "10.10.0.55/24" }]
      mount_points = [{ path = "/srv/n8n", size = "4G" }]
      protection   = true
      startup      = { order = 3 }
      tags         = ["automation", "data"]
      service = {
        image       = "n8nio/n8n:1.91.3"
        ports       = [{ port = 5678 }]
        health      = { port = 5678, path = "/healthz" }
        slo         = 99.5
        environment = { GENERIC_TIMEZONE = "Etc/UTC", WEBHOOK_URL = "http://10.10.0.55:5678/", N8N_SECURE_COOKIE = "false" }
        secrets     = ["N8N_ENCRYPTION_KEY"]
      }
    }

    invoice-ninja = {
      vmid         = 506
      description  = "Quotes and invoices"
      cores        = 2
      memory       = 1024
      rootfs       = { size = "8G" }
      networks     = [{ bridge = "vmbr0", ip = "10.10.0.56/24" }]
      mount_points = [{ path = "/srv/invoice-ninja", size = "8G" }]
      protection   = true
      startup      = { order = 3 }
      tags         = ["data"]
      service = {
        image       = "invoiceninja/invoiceninja-octane:5.12.28-o"
        ports       = [{ port = 80 }]
        health      = { port = 80, path = "/health" }
        slo         = 99.5
        environment = { APP_URL = "http://10.10.0.56", APP_ENV = "production", REQUIRE_HTTPS = "false" }
        secrets     = ["APP_KEY", "DB_PASSWORD"]
      }
    }
  }
}
