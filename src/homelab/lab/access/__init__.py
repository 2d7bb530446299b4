"""Who asks, and what they may: tickets, tokens, roles and access rules."""
