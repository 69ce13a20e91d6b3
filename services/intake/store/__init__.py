"""Intake's schema: tables, and functions that take a session, answer frozen values and never commit."""
