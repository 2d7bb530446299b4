"""Looking at the repository with tools that others keep, and putting what they say together."""
