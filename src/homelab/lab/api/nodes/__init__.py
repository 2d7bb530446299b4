"""The API's /nodes: the node itself, its storage, its tasks, its settings."""
