"""Systems outside intake: a port and its client per file, development points the client at a simulator."""
