output "rules" {
  description = "Inbound rules: who may reach which port of which container."
  value       = local.rules

  precondition {
    condition     = length(local.unknown_sources) == 0
    error_message = "A source must be a network, a container or an IPv4 CIDR: ${join(", ", local.unknown_sources)}."
  }
}

output "inbound_policy" {
  description = "What happens to inbound packets that no rule accepts."
  value       = var.inbound_policy
}
