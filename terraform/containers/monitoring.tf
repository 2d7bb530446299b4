# One entry per container, literal values only; modules/lxc-container/variables.tf has the defaults.
locals {
  monitoring = {
    prometheus = {
      vmid         = 301
      description  = "Metrics of every container and service"
      cores        = 2
      memory       = 2048
      rootfs       = { size = "8G" }
      networks     = [{ bridge = "vmbr0", ip = "10.10.0.31/24" }]
      mount_points = [{ path = "/srv/prometheus", size = "32G" }]
      protection   = true
      startup      = { order = 1 }
      tags         = ["metrics"]
      service = {
        image  = "prom/prometheus:v3.3.1"
        ports  = [{ port = 9090 }]
        health = { port = 9090, path = "/-/healthy" }
        slo    = 99.9
      }
    }

    alertmanager = {
      vmid        = 302
      description = "Groups alerts and sends them to ntfy"
      memory      = 512
      rootfs      = { size = "4G" }
      networks    = [{ bridge = "vmbr0", ip = "10.10.0.32/24" }]
      startup     = { order = 2 }
      tags        = ["alerting"]
      service = {
        image      = "prom/alertmanager:v0.28.1"
        ports      = [{ port = 9093 }]
        health     = { port = 9093, path = "/-/healthy" }
        depends_on = ["ntfy"]
        slo        = 99.9
      }
    }

    grafana = {
      vmid         = 303
      description  = "Dashboards over metrics and logs"
      cores        = 2
      memory       = 1024
      rootfs       = { size = "8G" }
      networks     = [{ bridge = "vmbr0", ip = "10.10.0.33/24" }]
      mount_points = [{ path = "/srv/grafana", size = "4G" }]
      protection   = true
      startup      = { order = 2 }
      tags         = ["dashboards"]
      service = {
        image       = "grafana/grafana:11.6.1"
        ports       = [{ port = 3000 }]
        health      = { port = 3000, path = "/api/health" }
        depends_on  = ["prometheus", "loki"]
        slo         = 99.5
        environment = { GF_SERVER_ROOT_URL = "http://10.10.0.33:3000", GF_ANALYTICS_REPORTING_ENABLED = "false" }
        secrets     = ["GF_SECURITY_ADMIN_PASSWORD"]
      }
    }

    loki = {
      vmid         = 304
      description  = "Logs of every container"
      cores        = 2
      memory       = 2048
      rootfs       = { size = "8G" }
      networks     = [{ bridge = "vmbr0", ip = "10.10.0.34/24" }]
      mount_points = [{ path = "/srv/loki", size = "32G" }]
      protection   = true
      startup      = { order = 1 }
      tags         = ["logs"]
      service = {
        image  = "grafana/loki:3.5.0"
        ports  = [{ port = 3100 }]
        health = { port = 3100, path = "/ready" }
        slo    = 99.5
      }
    }

    ntfy = {
      vmid        = 305
      description = "Push notifications to phones"
      memory      = 512
      rootfs      = { size = "4G" }
      networks    = [{ bridge = "vmbr0", ip = "10.10.0.35/24" }]
      startup     = { order = 1 }
      tags        = ["alerting"]
      service = {
        image       = "binwiederhier/ntfy:v2.11.0"
        ports       = [{ port = 80 }]
        health      = { port = 80, path = "/v1/health" }
        slo         = 99.9
        environment = { TZ = "Etc/UTC", NTFY_BASE_URL = "http://10.10.0.35" }
      }
    }

    uptime-kuma = {
      vmid        = 306
      description = "Status page"
      memory      = 512
      rootfs      = { size = "8G" }
      networks    = [{ bridge = "vmbr0", ip = "10.10.0.36/24" }]
      startup     = { order = 1 }
      tags        = ["status"]
      service = {
        image       = "louislam/uptime-kuma:1.23.16"
        ports       = [{ port = 3001 }]
        health      = { port = 3001, path = "/api/entry-page" }
        slo         = 99.5
        environment = { TZ = "Etc/UTC" }
      }
    }

    blackbox-exporter = {
      vmid        = 307
      description = "Asks the services from outside, for Prometheus"
      memory      = 256
      rootfs      = { size = "4G" }
      networks    = [{ bridge = "vmbr0", ip = "10.10.0.37/24" }]
      startup     = { order = 1 }
      tags        = ["metrics"]
      service = {
        image  = "prom/blackbox-exporter:v0.26.0"
        ports  = [{ port = 9115 }]
        health = { port = 9115, path = "/-/healthy" }
        slo    = 99.9
      }
    }

    pve-exporter = {
      vmid        = 308
      description = "Metrics of the Proxmox VE node, for Prometheus"
      memory      = 256
      rootfs      = { size = "4G" }
      networks    = [{ bridge = "vmbr0", ip = "10.10.0.38/24" }]
      startup     = { order = 1 }
      tags        = ["metrics"]
      service = {
        image       = "prompve/prometheus-pve-exporter:3.5.5"
        ports       = [{ port = 9221 }]
        health      = { port = 9221, path = "/" }
        slo         = 99.5
        environment = { PVE_USER = "prometheus@pve", PVE_TOKEN_NAME = "exporter", PVE_VERIFY_SSL = "false" }
        secrets     = ["PVE_TOKEN_VALUE"]
      }
    }

    healthchecks = {
      vmid        = 309
      description = "Notices scheduled jobs that stay silent"
      memory      = 512
      rootfs      = { size = "8G" }
      networks    = [{ bridge = "vmbr0", ip = "10.10.0.39/24" }]
      startup     = { order = 1 }
      tags        = ["alerting"]
      service = {
        image       = "healthchecks/healthchecks:v3.10"
        ports       = [{ port = 8000 }]
        health      = { port = 8000, path = "/api/v3/status/" }
        slo         = 99.5
        environment = { DB = "sqlite", DB_NAME = "/data/hc.sqlite", DEBUG = "False", SITE_ROOT = "http://10.10.0.39:8000" }
        secrets     = ["SECRET_KEY"]
      }
    }
  }
}
