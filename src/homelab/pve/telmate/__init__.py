"""Telmate's resource `proxmox_lxc` in Proxmox VE's words: steps, parameters, privileges."""
