"""Exit codes; 0 is fine, 1 an error."""

CHANGES = 2
"""There are changes, drift or differences, as with `terraform plan -detailed-exitcode`."""
INTERRUPTED = 130
"""Somebody pressed Ctrl-C: 128 and the number of SIGINT, as shells say it."""
