"""The API's firewall: options, rules, aliases, IP sets, security groups."""
