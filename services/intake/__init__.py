"""Intake: where dossiers come in, and the only home of personal data.

Owns: applicants, uploaded papers, dossier codes, filings under their idempotency keys, reuse records, reading log.
Publishes: nothing; it files dossiers with the workflow and follows `dossier.facts.v1` for its own read model.
Must not: decide what a dossier may do (the lifecycle table does), or let a person's data out but by its doors.
"""
