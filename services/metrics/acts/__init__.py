"""What the doors share: refolding the log, rebuilding the tables from it, and proving that both say the same."""
