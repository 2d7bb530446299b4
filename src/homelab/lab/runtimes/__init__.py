"""What runs guests: lxc for real containers, memory for their state alone."""
