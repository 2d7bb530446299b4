"""The machine under the lab: what it can do, its namespaces, control groups and limits."""
