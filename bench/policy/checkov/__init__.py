"""Checkov loads a directory of checks only where it finds this file."""

__all__ = ["rules"]
