"""The API's /nodes/NODE/lxc: containers and what is done with them."""
