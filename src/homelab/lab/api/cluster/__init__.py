"""The API's /cluster and /pools: what is the same on every node."""
