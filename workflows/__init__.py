"""Orchestration: one dossier is one workflow, workflow id = dossier code.

`dossier.py` is the story, `steps.py` its activity calls, `desk.py` the only door for services, `publication.py` the
way to Kafka. The workflow is the only writer of a dossier's life; it does no I/O and knows no person.
"""
