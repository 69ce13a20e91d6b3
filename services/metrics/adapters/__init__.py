"""What metrics reads from and buries in: the log of facts."""
