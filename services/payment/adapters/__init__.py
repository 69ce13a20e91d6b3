"""Payment's outside systems, one file each: the port and its client."""
