"""Test a Proxmox homelab end to end, with real containers and without Proxmox."""
