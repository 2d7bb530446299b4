"""What the node remembers, in SQLite, before a reply is sent."""
