output "declared" {
  description = "The container's entry with every default filled in."
  value       = local.declared
}

output "id" {
  description = "The container's id at the provider: node/lxc/vmid."
  value       = proxmox_lxc.this.id
}
