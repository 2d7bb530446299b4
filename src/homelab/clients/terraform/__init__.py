"""Terraform: the program, its directory, its plan, its state and its locks."""
