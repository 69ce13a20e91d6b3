"""Plumbing: settings, drivers and the habits every process shares. Knows messages and the dossier, never a person."""
