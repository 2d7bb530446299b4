"""The PVE node as its API sees it: tasks, storages, statistics, faults."""
