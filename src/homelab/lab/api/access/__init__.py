"""The API's /access: tickets, users, tokens, roles, access rules."""
