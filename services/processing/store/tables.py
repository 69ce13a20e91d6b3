"""Tables of the schema `processing`. No person's data: codes, times, counts."""

from sqlalchemy import BigInteger, Boolean, Column, Computed, DateTime, Identity, Index, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from shared.platform.database import metadata_for
from shared.platform.rate import rate_table

metadata = metadata_for("processing")
rate = rate_table(metadata)

WITH_PEOPLE = "facts ->> 'clock' = 'RUNS'"
"""Somebody's time runs."""
WITH_MACHINES = (
    "(facts ->> 'stage' = 'NUMBERING' AND facts ->> 'result_signed_at' IS NULL"
    " OR facts ->> 'stage' = 'RESULT_READY' AND facts ->> 'return_way' = 'POST'"
    " AND facts ->> 'parcel_booked' = 'false')"
)
"""A signature or a parcel number is waited for: seconds, when all is well."""

worklist = Table(
    "worklist",
    metadata,
    Column("dossier_code", Text, primary_key=True),
    Column("seq", Integer, nullable=False),
    Column("role", Text, comment="whose task; null while nobody of the staff is waited for"),
    Column("task", Text),
    Column("agency_code", Text, nullable=False, comment="where the task lies"),
    Column("due_order", DateTime(timezone=True), nullable=False, comment="its place; stopped clocks come last"),
    Column("facts", JSONB, nullable=False),
    Column("number", Text, Computed("substring(dossier_code FROM '[0-9]+$')", persisted=True), nullable=False),
    Column("procedure_code", Text, Computed("facts ->> 'procedure_code'", persisted=True), nullable=False),
    Column("channel", Integer, Computed("(facts ->> 'channel')::integer", persisted=True), nullable=False),
    Index(None, "task", "role", "agency_code", "due_order", "dossier_code", postgresql_include=["channel"]),
    Index(
        "ix_worklist_procedure_code_place", "procedure_code", "task", "role", "agency_code", "due_order", "dossier_code"
    ),
    Index("ix_worklist_with_people", "due_order", "dossier_code", postgresql_where=text(WITH_PEOPLE)),
    Index("ix_worklist_with_machines", "due_order", "dossier_code", postgresql_where=text(WITH_MACHINES)),
    Index(None, "number", "dossier_code"),
    Index(None, "number", "agency_code", "dossier_code"),
)
holding = Table(
    "holding",
    metadata,
    Column("dossier_code", Text, primary_key=True),
    Column("seq", Integer, nullable=False),
    Column("person_code", Text, nullable=False),
    Index(None, "person_code"),
    comment="who holds a dossier: facts say only that somebody does",
)
errand = Table(
    "errand",
    metadata,
    Column("dossier_code", Text, primary_key=True),
    Column("role", Text, primary_key=True),
    Column("task", Text, primary_key=True),
    Column("agency_code", Text, primary_key=True),
    Index(None, "role", "agency_code"),
    comment="whom a dossier waits for beside its open task: consulted agencies, second persons",
)
command = Table(
    "command",
    metadata,
    Column("dossier_code", Text, primary_key=True),
    Column("command_id", Text, primary_key=True),
    Column("request_hash", Text, nullable=False, comment="principal and body"),
    Column("taken_at", DateTime(timezone=True), nullable=False),
)
saved_view = Table(
    "saved_view",
    metadata,
    Column("person_code", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("query", Text, nullable=False, comment="the filters as in the page's address"),
)
happening = Table(
    "happening",
    metadata,
    Column("dossier_code", Text, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("change", JSONB, nullable=False),
    comment="what happened to each dossier, from its events",
)
reading = Table(
    "reading",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("person_code", Text, nullable=False),
    Column("dossier_code", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("granted", Boolean, nullable=False),
    Index(None, "dossier_code", "at"),
    comment="who looked at which dossier's personal data, refused looks too",
)
result_number = Table(
    "result_number",
    metadata,
    Column("agency_code", Text, primary_key=True),
    Column("year", Integer, primary_key=True),
    Column("last", Integer, nullable=False),
)
result = Table(
    "result",
    metadata,
    Column("dossier_code", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("year", Integer, nullable=False),
    Column("agency_code", Text, nullable=False),
    Column("address", Text, comment="in the document store; null until signed"),
    Column("file_hash", Text, comment="SHA-256 of the signed file"),
    Column("signed_at", DateTime(timezone=True)),
    Index(None, "agency_code", "year", "number", unique=True),
)
