"""Ansible: its runs, their events, the facts it finds, and its vault."""
