"""Terraform's state: where it is, who holds its lock, and the plan saved beside it."""
