"""Typed clients of the programs and services that homelab drives; each imports its library lazily."""
