variable "target_node" {
  description = "Proxmox VE node that runs a container unless its entry names another."
  type        = string
  default     = "pve"

  validation {
    condition     = can(regex("^[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$", var.target_node))
    error_message = "target_node must be a node's name as the Proxmox VE cluster shows it, such as pve."
  }
}

variable "storage" {
  description = "Storage that holds root file systems and mount points unless an entry names another."
  type        = string
  default     = "local-zfs"

  validation {
    condition     = can(regex("^[a-zA-Z][a-zA-Z0-9._-]*[a-zA-Z0-9]$", var.storage))
    error_message = "storage must be the id of a storage, such as local-zfs."
  }
}

variable "template" {
  description = "Container template (volume id) that containers are made from."
  type        = string
  default     = "local:vztmpl/debian-13-homelab_13.0_amd64.tar.zst"

  validation {
    condition     = can(regex("^[a-zA-Z][a-zA-Z0-9._-]*:vztmpl/[^/]+\\.tar(\\.(gz|xz|zst|bz2))?$", var.template))
    error_message = "template must be a volume id such as local:vztmpl/debian-13-homelab_13.0_amd64.tar.zst."
  }
}

variable "ssh_public_keys" {
  description = "Public keys, one a line, that may log in to the containers as root. Used when a container is made."
  type        = string
  default     = ""

  validation {
    condition = alltrue([
      for line in split("\n", var.ssh_public_keys) :
      trimspace(line) == "" || can(regex("^(#|ssh-|ecdsa-|sk-)", trimspace(line)))
    ])
    error_message = "ssh_public_keys must hold OpenSSH public keys, one a line."
  }
}

variable "tls_insecure" {
  description = "Whether to accept any certificate of the Proxmox VE API."
  type        = bool
  default     = false
}

variable "protect" {
  description = "Whether the protection that entries declare is applied; false where everything may go, as in the lab."
  type        = bool
  default     = true
}
