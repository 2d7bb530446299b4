"""The words of Proxmox VE's API: property strings, guest configurations, task ids, schemas."""
