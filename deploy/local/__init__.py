"""The local stack: finds or makes real servers, starts every process as a child, watches and ends them.

Owns the state folder (`var/` by default). Knows the services only by their module names: they are child processes.
"""
