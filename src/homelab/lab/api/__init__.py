"""PVE's API as a table of endpoints (method, path, permission, parameters, handler)."""
