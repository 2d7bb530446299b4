variable "containers" {
  description = "The containers by name, with every default filled in."
  type = map(object({
    vmid     = number
    networks = list(object({ bridge = string }))
    service = object({
      ports = list(object({
        port     = number
        protocol = string
        sources  = list(string)
      }))
    })
  }))

  validation {
    condition = alltrue(flatten([
      for container in values(var.containers) : [
        for port in container.service.ports :
        length(distinct(port.sources)) == length(port.sources)
      ]
    ]))
    error_message = "A port's sources must each be named once."
  }
}

variable "networks" {
  description = "The networks by name."
  type        = map(object({ bridge = string, cidr = string }))

  validation {
    condition     = length(distinct([for network in values(var.networks) : network.bridge])) == length(var.networks)
    error_message = "Each network needs a bridge of its own."
  }
}

variable "inbound_policy" {
  description = "What happens to inbound packets that no rule accepts."
  type        = string
  default     = "DROP"

  validation {
    condition     = contains(["DROP", "REJECT"], var.inbound_policy)
    error_message = "inbound_policy must be DROP or REJECT; whatever no rule accepts stays out."
  }
}
