"""Options, each declared once: help, settings, environment and the server's words derive from it."""
