"""The stages that operations are made of."""
