"""What works on the repository, not on a target: lint, documentation, GitHub, parity, module tests."""
