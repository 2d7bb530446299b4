"""The offline provider: Telmate's `proxmox_lxc` and `proxmox_pool` where its registry is out of reach.

It serves the schema of telmate/proxmox 3.0.2-rc07 under the same address from a filesystem mirror,
and says so in a warning of every plan and apply. Production uses Telmate's own.
"""
