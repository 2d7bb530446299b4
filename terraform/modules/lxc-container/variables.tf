variable "name" {
  description = "Host name, and the key of the container's entry."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", var.name))
    error_message = "A container's name must be a lower-case host name: letters, digits, hyphens."
  }
}

variable "category" {
  description = "Category of the container; also a tag."
  type        = string
}

variable "pool" {
  description = "Resource pool of the container."
  type        = string
}

variable "container" {
  description = "The container's entry. What is optional has its default here."
  type = object({
    vmid        = number                # unique in the cluster
    node        = optional(string)      # target_node, unless it is named
    template    = optional(string)      # volume id; the input template, unless it is named
    description = optional(string, "")  # for people, in the topology's pages
    cores       = optional(number, 1)   # processors that it may use
    memory      = optional(number, 512) # MiB
    swap        = optional(number, 512) # MiB
    rootfs = object({
      storage = optional(string) # the input storage, unless it is named
      size    = string           # with M, G or T, such as 8G
    })
    networks = list(object({
      name     = optional(string)     # eth0, eth1, ... by position
      bridge   = string               # of one of the networks
      ip       = string               # address and prefix length, such as 10.10.0.23/24
      gateway  = optional(string)     # the first interface has its network's
      firewall = optional(bool, true) # whether Proxmox VE's firewall is on for the interface
    }))
    mount_points = optional(list(object({
      path    = string               # absolute, inside the container
      storage = optional(string)     # the input storage, unless it is named
      size    = string               # with M, G or T, such as 64G
      backup  = optional(bool, true) # whether backups hold it
    })), [])
    features = optional(object({
      nesting = optional(bool, true)  # Docker needs it
      keyctl  = optional(bool, false) # only root@pam may set it
      fuse    = optional(bool, false) # only root@pam may set it
    }), {})
    tags = optional(list(string), []) # beside the category
    startup = optional(object({
      order = optional(number, 50) # lower starts earlier
      up    = optional(number, 0)  # seconds until the next one starts
      down  = optional(number, 0)  # seconds that it gets to shut down
    }), {})
    onboot       = optional(bool, true)  # whether it starts with the node
    protection   = optional(bool, false) # whether it and its volumes can't be removed
    unprivileged = optional(bool, true)  # whether its root is nobody on the node
    service = object({
      image = string # repository and pinned tag
      ports = list(object({
        port     = number                          # published as it is
        protocol = optional(string, "tcp")         # tcp or udp
        sources  = optional(list(string), ["lan"]) # networks, containers or CIDRs that may reach it
      }))
      health = object({
        port   = number                   # one of the tcp ports
        path   = optional(string, "/")    # with its query
        scheme = optional(string, "http") # http or https
        status = optional(number, 200)    # of the answer that means well
      })
      depends_on  = optional(list(string), []) # containers that are healthy before it starts
      slo         = number                     # percent of the time that it is well
      environment = optional(map(string), {})  # of the program; nothing secret
      secrets     = optional(list(string), []) # names of variables that the vault has values for
    })
  })

  validation {
    condition     = var.container.vmid >= 100 && var.container.vmid <= 999999999 && floor(var.container.vmid) == var.container.vmid
    error_message = "vmid must be a whole number from 100 to 999999999."
  }

  validation {
    condition     = var.container.cores >= 1 && floor(var.container.cores) == var.container.cores
    error_message = "cores must be a whole number of at least 1."
  }

  validation {
    condition     = var.container.memory >= 16 && var.container.swap >= 0
    error_message = "memory (MiB) must be at least 16 and swap (MiB) at least 0."
  }

  validation {
    condition = alltrue([
      for size in concat([var.container.rootfs.size], var.container.mount_points[*].size) :
      can(regex("^[1-9][0-9]*[MGT]$", size)) && try(tonumber(trim(size, "MG")) % 1024 != 0, true)
    ])
    error_message = "A size must be a whole number with M, G or T in its shortest form, such as 8G (not 8192M)."
  }

  validation {
    condition     = length(var.container.networks) > 0 && alltrue([for nic in var.container.networks : can(cidrnetmask(nic.ip))])
    error_message = "networks must hold at least one interface, each with an ip such as 10.10.0.23/24."
  }

  validation {
    condition = (
      alltrue([for mount in var.container.mount_points : can(regex("^/.+", mount.path))])
      && length(distinct(var.container.mount_points[*].path)) == length(var.container.mount_points)
    )
    error_message = "A mount point's path must be absolute and used once."
  }

  validation {
    condition     = alltrue([for tag in var.container.tags : can(regex("^[a-z0-9_][a-z0-9_+.-]*$", tag))])
    error_message = "A tag holds lower-case letters, digits, '_', '-', '+' and '.'; Proxmox VE would rewrite another."
  }

  validation {
    condition     = var.container.features.nesting
    error_message = "features.nesting must stay true: every container runs Docker."
  }

  validation {
    condition     = !var.container.features.keyctl && !var.container.features.fuse
    error_message = "Features other than nesting need root@pam's own ticket, so they are not used."
  }

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9._/-]*:[A-Za-z0-9][A-Za-z0-9._-]*$", var.container.service.image)) && !endswith(var.container.service.image, ":latest")
    error_message = "service.image must be a repository with a pinned tag, never latest."
  }

  validation {
    condition = (
      alltrue([for port in var.container.service.ports : port.port >= 1 && port.port <= 65535 && contains(["tcp", "udp"], port.protocol)])
      && length(distinct([for port in var.container.service.ports : "${port.port}/${port.protocol}"])) == length(var.container.service.ports)
    )
    error_message = "service.ports must hold ports from 1 to 65535, tcp or udp, each once."
  }

  validation {
    condition     = contains([for port in var.container.service.ports : port.port if port.protocol == "tcp"], var.container.service.health.port)
    error_message = "service.health.port must be one of the service's tcp ports."
  }

  validation {
    condition     = startswith(var.container.service.health.path, "/") && contains(["http", "https"], var.container.service.health.scheme)
    error_message = "service.health needs a path that begins with / and the scheme http or https."
  }

  validation {
    condition     = var.container.service.slo > 0 && var.container.service.slo <= 100
    error_message = "service.slo is a percentage above 0 and at most 100."
  }
}

variable "networks" {
  description = "The networks by name; an interface's gateway is its network's unless it names one."
  type = map(object({
    bridge       = string
    cidr         = string
    gateway      = string
    node_address = string
    vpn          = bool
  }))
}

variable "target_node" {
  description = "Node, unless the entry names one."
  type        = string
}

variable "storage" {
  description = "Storage of volumes, unless the entry names one."
  type        = string
}

variable "template" {
  description = "Container template, unless the entry names one."
  type        = string
}

variable "ssh_public_keys" {
  description = "Keys that may log in as root."
  type        = string
  default     = ""
}

variable "protect" {
  description = "Whether the entry's protection is applied."
  type        = bool
  default     = true
}
