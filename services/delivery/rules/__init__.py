"""Delivery's pure decisions: what a scan means, which one counts, what may be handed over."""
