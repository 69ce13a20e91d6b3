"""Outside systems of processing: one file each, port and client together."""
