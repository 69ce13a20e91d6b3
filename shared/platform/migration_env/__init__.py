"""Alembic's script folder for every service; no code but env.py."""
