"""Tables of schema `intake`. Personal data stands only in columns named `sealed`, encrypted per dossier."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    and_,
)
from sqlalchemy.dialects.postgresql import JSONB

from shared.platform.database import metadata_for
from shared.platform.once import once_table
from shared.platform.rate import rate_table

SCHEMA: Final = "intake"
metadata = metadata_for(SCHEMA)

once = once_table(metadata)
rate = rate_table(metadata)

code_counter = Table(
    "code_counter",
    metadata,
    Column("agency_code", Text, primary_key=True),
    Column("day", Date, primary_key=True, comment="UTC+7"),
    Column("last_number", Integer, nullable=False),
)

filing = Table(
    "filing",
    metadata,
    Column("dossier_code", Text, primary_key=True),
    Column("caller", Text, nullable=False, comment="person code of the token that filed"),
    Column("key", Text, nullable=False, comment="Idempotency-Key"),
    Column("request_digest", Text, nullable=False, comment="keyed: the body holds personal data"),
    Column("opening", JSONB, nullable=False),
    Column("order", JSONB, nullable=False, comment="exactly what every attempt hands to the workflow"),
    Column("answer", JSONB, comment="first facts; null while the workflow has not answered"),
    Column("filed_at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("caller", "key"),
)

applicant = Table(
    "applicant",
    metadata,
    Column("dossier_code", Text, ForeignKey("intake.filing.dossier_code", ondelete="CASCADE"), primary_key=True),
    Column("owner_code", Text, nullable=False, comment="account, or a code made from owner_digest"),
    Column("owner_digest", Text, nullable=False, comment="keyed hash of the personal id"),
    Column("sealed", LargeBinary, nullable=False),
)
Index("ix_applicant_owner_code", applicant.c.owner_code, applicant.c.dossier_code)
Index("ix_applicant_owner_digest", applicant.c.owner_digest)

clue = Table(
    "clue",
    metadata,
    Column("digest", LargeBinary, primary_key=True, comment="keyed hash of a word, a phone's end, a number"),
    Column("agency_code", Text, primary_key=True, comment="that received it"),
    Column("dossier_code", Text, ForeignKey("intake.filing.dossier_code", ondelete="CASCADE"), primary_key=True),
    Index(None, "digest", "dossier_code"),
    Index(None, "dossier_code"),
)

document = Table(
    "document",
    metadata,
    Column("document_id", Text, primary_key=True),
    Column("uploader", Text, nullable=False, comment="person code of the token that uploaded"),
    Column("kind", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("sha256", Text, nullable=False, comment="of the stored file"),
    Column("original_sha256", Text, nullable=False, comment="of the file as it was sent"),
    Column("pages", Integer, nullable=False),
    Column("address", Text, nullable=False, comment="in the document store, bound to document_id"),
    Column("uploaded_at", DateTime(timezone=True), nullable=False),
    Column("dossier_code", Text, ForeignKey("intake.filing.dossier_code", ondelete="SET NULL")),
    Column("digitized_at", DateTime(timezone=True)),
    Column("characters", Integer, comment="of real text found in the file"),
    Column("sealed", LargeBinary, comment="that text"),
    Column("replaced_at", DateTime(timezone=True), comment="since when a better one of its kind stands for it"),
)
Index(
    "uq_document_dossier_kind",
    document.c.dossier_code,
    document.c.kind,
    unique=True,
    postgresql_where=and_(document.c.dossier_code.is_not(None), document.c.replaced_at.is_(None)),
)

words = Table(
    "words",
    metadata,
    Column("dossier_code", Text, primary_key=True),
    Column("command_id", Text, primary_key=True),
    Column("told_at", DateTime(timezone=True), nullable=False),
    Column("digest", Text, nullable=False, comment="keyed hash of the words"),
    Column("sealed", LargeBinary, nullable=False, comment="what an officer wrote to the applicant"),
)

comment = Table(
    "comment",
    metadata,
    Column("dossier_code", Text, ForeignKey("intake.filing.dossier_code", ondelete="CASCADE"), primary_key=True),
    Column("key", Text, primary_key=True, comment="author and Idempotency-Key"),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("author", Text, nullable=False, comment="person code"),
    Column("role", Text, nullable=False),
    Column("agency_code", Text, nullable=False),
    Column("digest", Text, nullable=False, comment="keyed hash of the words"),
    Column("sealed", LargeBinary, nullable=False, comment="what a colleague wrote"),
)

timeline = Table(
    "timeline",
    metadata,
    Column("dossier_code", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("event", JSONB, nullable=False, comment="the change and the facts after it"),
)

notice = Table(
    "notice",
    metadata,
    Column("dossier_code", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("way", Text, primary_key=True, comment="MAIL or SMS"),
    Column("change", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False, comment="of the change"),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("next_at", DateTime(timezone=True), nullable=False, comment="when to try; since when SENDING"),
    Column("reference", Text, comment="the carrier's, or why not"),
)
Index("ix_notice_open", notice.c.next_at, postgresql_where=notice.c.state.in_(["WAITING", "SENDING"]))

feedback = Table(
    "feedback",
    metadata,
    Column("feedback_code", Text, primary_key=True),
    Column("caller", Text, nullable=False, comment="person code, or the dossier whose receipt was shown"),
    Column("key", Text, nullable=False, comment="Idempotency-Key"),
    Column("request_digest", Text, nullable=False, comment="keyed: the body holds a citizen's words"),
    Column("owner_code", Text, nullable=False),
    Column("dossier_code", Text),
    Column("subject", Text, nullable=False),
    Column("agency_code", Text, nullable=False, comment="which has it now"),
    Column("opening", JSONB, nullable=False),
    Column("order", JSONB, nullable=False, comment="exactly what every attempt hands to the workflow"),
    Column("given_at", DateTime(timezone=True), nullable=False),
    Column("seq", BigInteger, nullable=False, comment="0 while the workflow has not answered"),
    Column("stage", Text),
    Column("facts", JSONB, comment="newest facts known"),
    UniqueConstraint("caller", "key"),
)
Index("ix_feedback_owner_code", feedback.c.owner_code, feedback.c.feedback_code)
Index("ix_feedback_agency_code", feedback.c.agency_code, feedback.c.feedback_code)

feedback_words = Table(
    "feedback_words",
    metadata,
    Column("feedback_code", Text, ForeignKey("intake.feedback.feedback_code", ondelete="CASCADE"), primary_key=True),
    Column("command_id", Text, primary_key=True),
    Column("act", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("seq", BigInteger, comment="the change they belong to; null: not taken (yet)"),
    Column("digest", Text, nullable=False, comment="keyed hash of the words"),
    Column("sealed", LargeBinary, nullable=False, comment="what the citizen or the agency wrote"),
)

dossier = Table(
    "dossier",
    metadata,
    Column("dossier_code", Text, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("procedure_code", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("outcome", Text),
    Column("ended_at", DateTime(timezone=True)),
    Column("facts", JSONB, nullable=False, comment="newest facts known"),
)

reuse = Table(
    "reuse",
    metadata,
    Column("dossier_code", Text, ForeignKey("intake.filing.dossier_code", ondelete="CASCADE"), primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("verdict", Text, nullable=False, comment="REUSED or the reason why not"),
    Column("source", Text, nullable=False),
    Column("source_version", Text),
    Column("request_no", Text),
    Column("reference", Text, comment="number of the paper, or code of the earlier dossier"),
    Column("valid_to", Date),
    Column("ground", Text, nullable=False, comment="law that allows the look-up"),
    Column("looked_at", DateTime(timezone=True), nullable=False),
)

reading = Table(
    "reading",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("reader", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("dossier_code", Text, nullable=False, index=True),
    Column("granted", Text, nullable=False),
)
