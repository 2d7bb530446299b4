# One entry per container, literal values only; modules/lxc-container/variables.tf has the defaults.
locals {
  media = {
    plex = {
      vmid         = 201
      description  = "Media server for films, series and music"
      cores        = 4
      memory       = 4096
      rootfs       = { size = "16G" }
      networks     = [{ bridge = "vmbr0", ip = "10.10.0.21/24" }]
      mount_points = [{ path = "/srv/media", size = "64G", backup = false }]
      startup      = { order = 1 }
      tags         = ["streaming"]
      service = {
        image       = "lscr.io/linuxserver/plex:1.41.6"
        ports       = [{ port = 32400 }]
        health      = { port = 32400, path = "/identity" }
        slo         = 99.9
        environment = { PUID = "1000", PGID = "1000", TZ = "Etc/UTC", VERSION = "docker" }
        secrets     = ["PLEX_CLAIM"]
      }
    }

    jellyfin = {
      vmid         = 202
      description  = "Media server without an account elsewhere"
      cores        = 4
      memory       = 4096
      rootfs       = { size = "16G" }
      networks     = [{ bridge = "vmbr0", ip = "10.10.0.22/24" }]
      mount_points = [{ path = "/srv/media", size = "64G", backup = false }]
      startup      = { order = 1 }
      tags         = ["streaming"]
      service = {
        image       = "jellyfin/jellyfin:10.10.7"
        ports       = [{ port = 8096 }]
        health      = { port = 8096, path = "/health" }
        slo         = 99.9
        environment = { TZ = "Etc/UTC", JELLYFIN_PublishedServerUrl = "http://10.10.0.22:8096" }
      }
    }

    sonarr = {
      vmid         = 203
      description  = "Series: finds, fetches and sorts episodes"
      cores        = 2
      memory       = 1024
      rootfs       = { size = "8G" }
      networks     = [{ bridge = "vmbr0", ip = "10.10.0.23/24" }]
      mount_points = [{ path = "/srv/media", size = "64G", backup = false }]
      startup      = { order = 3 }
      tags         = ["servarr"]
      service = {
        image       = "lscr.io/linuxserver/sonarr:4.0.14"
        ports       = [{ port = 8989 }]
        health      = { port = 8989, path = "/ping" }
        depends_on  = ["prowlarr", "qbittorrent"]
        slo         = 99.5
        environment = { PUID = "1000", PGID = "1000", TZ = "Etc/UTC" }
        secrets     = ["SONARR__AUTH__APIKEY"]
      }
    }

    radarr = {
      vmid         = 204
      description  = "Films: finds, fetches and sorts them"
      cores        = 2
      memory       = 1024
      rootfs       = { size = "8G" }
      networks     = [{ bridge = "vmbr0", ip = "10.10.0.24/24" }]
      mount_points = [{ path = "/srv/media", size = "64G", backup = false }]
      startup      = { order = 3 }
      tags         = ["servarr"]
      service = {
        image       = "lscr.io/linuxserver/radarr:5.21.1"
        ports       = [{ port = 7878 }]
        health      = { port = 7878, path = "/ping" }
        depends_on  = ["prowlarr", "qbittorrent"]
        slo         = 99.5
        environment = { PUID = "1000", PGID = "1000", TZ = "Etc/UTC" }
        secrets     = ["RADARR__AUTH__APIKEY"]
      }
    }

    prowlarr = {
      vmid        = 205
      description = "Indexers for sonarr and radarr, searched through the VPN"
      memory      = 512
      rootfs      = { size = "8G" }
      networks    = [{ bridge = "vmbr1", ip = "10.20.0.25/24" }]
      startup     = { order = 2 }
      tags        = ["servarr", "vpn"]
      service = {
        image       = "lscr.io/linuxserver/prowlarr:1.34.1"
        ports       = [{ port = 9696, sources = ["lan", "vpn"] }]
        health      = { port = 9696, path = "/ping" }
        depends_on  = ["vpn-gateway"]
        slo         = 99.5
        environment = { PUID = "1000", PGID = "1000", TZ = "Etc/UTC" }
        secrets     = ["PROWLARR__AUTH__APIKEY"]
      }
    }

    bazarr = {
      vmid         = 206
      description  = "Subtitles for what sonarr and radarr keep"
      memory       = 1024
      rootfs       = { size = "8G" }
      networks     = [{ bridge = "vmbr0", ip = "10.10.0.26/24" }]
      mount_points = [{ path = "/srv/media", size = "64G", backup = false }]
      startup      = { order = 4 }
      tags         = ["servarr"]
      service = {
        image       = "lscr.io/linuxserver/bazarr:1.5.2"
        ports       = [{ port = 6767 }]
        health      = { port = 6767, path = "/" }
        depends_on  = ["sonarr", "radarr"]
        slo         = 99.0
        environment = { PUID = "1000", PGID = "1000", TZ = "Etc/UTC" }
      }
    }

    qbittorrent = {
      vmid         = 207
      description  = "Download client; its traffic leaves through the VPN only"
      cores        = 2
      memory       = 2048
      rootfs       = { size = "8G" }
      networks     = [{ bridge = "vmbr1", ip = "10.20.0.27/24" }]
      mount_points = [{ path = "/srv/downloads", size = "128G", backup = false }]
      startup      = { order = 2 }
      tags         = ["downloads", "vpn"]
      service = {
        image = "lscr.io/linuxserver/qbittorrent:5.0.4"
        ports = [
          { port = 8080, sources = ["lan", "vpn"] },
          { port = 6881, sources = ["vpn-gateway"] },
          { port = 6881, protocol = "udp", sources = ["vpn-gateway"] },
        ]
        health      = { port = 8080, path = "/" }
        depends_on  = ["vpn-gateway"]
        slo         = 99.5
        environment = { PUID = "1000", PGID = "1000", TZ = "Etc/UTC", WEBUI_PORT = "8080", TORRENTING_PORT = "6881" }
      }
    }

    overseerr = {
      vmid        = 208
      description = "Requests for films and series"
      cores       = 2
      memory      = 1024
      rootfs      = { size = "8G" }
      networks    = [{ bridge = "vmbr0", ip = "10.10.0.28/24" }]
      startup     = { order = 4 }
      tags        = ["requests"]
      service = {
        image       = "sctx/overseerr:1.34.0"
        ports       = [{ port = 5055 }]
        health      = { port = 5055, path = "/api/v1/status" }
        depends_on  = ["sonarr", "radarr", "plex"]
        slo         = 99.5
        environment = { TZ = "Etc/UTC", LOG_LEVEL = "info", PORT = "5055" }
      }
    }

    tautulli = {
      vmid        = 209
      description = "Statistics of what is played on Plex"
      memory      = 512
      rootfs      = { size = "8G" }
      networks    = [{ bridge = "vmbr0", ip = "10.10.0.29/24" }]
      startup     = { order = 2 }
      tags        = ["statistics"]
      service = {
        image       = "lscr.io/linuxserver/tautulli:2.15.2"
        ports       = [{ port = 8181 }]
        health      = { port = 8181, path = "/status" }
        depends_on  = ["plex"]
        slo         = 99.0
        environment = { PUID = "1000", PGID = "1000", TZ = "Etc/UTC" }
      }
    }
  }
}
