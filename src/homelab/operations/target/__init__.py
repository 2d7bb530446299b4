"""What an operation works on: a lab or a node, and how it is opened."""
