"""What the pipeline says on GitHub, and whether its settings are those of the repository."""
