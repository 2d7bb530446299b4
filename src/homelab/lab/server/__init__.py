"""The lab's server process: how it is started, what it is made of, how it listens."""
