"""Metrics: the fold of all facts into figures, the board, and the proof that both are right.

Owns: the schema `metrics` (event log, newest facts, cells, offsets, quarantine).
Publishes: nothing but records it could not understand, on `dossier.facts.v1.dlq.v1`.
Must not: ask another service or the workflow anything, know a person, store a percentage.
"""
