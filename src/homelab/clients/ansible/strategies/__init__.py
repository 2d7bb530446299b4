"""Strategies that ansible-playbook loads from this directory, by their files' names."""
