"""The first tables of intake."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None

SCHEMA = "intake"


def upgrade() -> None:
    op.create_table(
        "code_counter",
        sa.Column("agency_code", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False, comment="UTC+7"),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("agency_code", "day", name="pk_code_counter"),
        schema=SCHEMA,
    )
    op.create_table(
        "dossier",
        sa.Column("dossier_code", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("procedure_code", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("facts", JSONB(), nullable=False, comment="newest facts known"),
        sa.PrimaryKeyConstraint("dossier_code", name="pk_dossier"),
        schema=SCHEMA,
    )
    op.create_table(
        "filing",
        sa.Column("dossier_code", sa.Text(), nullable=False),
        sa.Column("caller", sa.Text(), nullable=False, comment="person code of the token that filed"),
        sa.Column("key", sa.Text(), nullable=False, comment="Idempotency-Key"),
        sa.Column("request_digest", sa.Text(), nullable=False, comment="keyed: the body holds personal data"),
        sa.Column("opening", JSONB(), nullable=False),
        sa.Column("order", JSONB(), nullable=False, comment="exactly what every attempt hands to the workflow"),
        sa.Column("answer", JSONB(), nullable=True, comment="first facts; null while the workflow has not answered"),
        sa.Column("filed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("dossier_code", name="pk_filing"),
        sa.UniqueConstraint("caller", "key", name="uq_filing_caller_key"),
        schema=SCHEMA,
    )
    op.create_table(
        "once",
        sa.Column("scope", sa.Text(), nullable=False, comment="principal and route"),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request_hash", sa.Text(), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True, comment="null while the first request is running"),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("headers", JSONB(), nullable=True),
        sa.PrimaryKeyConstraint("scope", "key", name="pk_once"),
        schema=SCHEMA,
    )
    op.create_table(
        "reading",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reader", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("dossier_code", sa.Text(), nullable=False),
        sa.Column("granted", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_reading"),
        schema=SCHEMA,
    )
    op.create_index("ix_reading_dossier_code", "reading", ["dossier_code"], unique=False, schema=SCHEMA)
    op.create_table(
        "applicant",
        sa.Column("dossier_code", sa.Text(), nullable=False),
        sa.Column("owner_code", sa.Text(), nullable=False, comment="account, or a code made from owner_digest"),
        sa.Column("owner_digest", sa.Text(), nullable=False, comment="keyed hash of the personal id"),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dossier_code"], ["intake.filing.dossier_code"], name="fk_applicant_dossier_code", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("dossier_code", name="pk_applicant"),
        schema=SCHEMA,
    )
    op.create_index("ix_applicant_owner_code", "applicant", ["owner_code", "dossier_code"], unique=False, schema=SCHEMA)
    op.create_index("ix_applicant_owner_digest", "applicant", ["owner_digest"], unique=False, schema=SCHEMA)
    op.create_table(
        "document",
        sa.Column("document_id", sa.Text(), nullable=False),
        sa.Column("uploader", sa.Text(), nullable=False, comment="person code of the token that uploaded"),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False, comment="of the stored file"),
        sa.Column("original_sha256", sa.Text(), nullable=False, comment="of the file as it was sent"),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False, comment="in the document store, bound to document_id"),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("dossier_code", sa.Text(), nullable=True),
        sa.Column("digitized_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("characters", sa.Integer(), nullable=True, comment="of real text found in the file"),
        sa.Column("sealed", sa.LargeBinary(), nullable=True, comment="that text"),
        sa.ForeignKeyConstraint(
            ["dossier_code"], ["intake.filing.dossier_code"], name="fk_document_dossier_code", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("document_id", name="pk_document"),
        schema=SCHEMA,
    )
    op.create_index(
        "uq_document_dossier_kind",
        "document",
        ["dossier_code", "kind"],
        unique=True,
        schema=SCHEMA,
        postgresql_where=sa.text("dossier_code IS NOT NULL"),
    )
    op.create_table(
        "reuse",
        sa.Column("dossier_code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False, comment="REUSED or the reason why not"),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("source_version", sa.Text(), nullable=True),
        sa.Column("request_no", sa.Text(), nullable=True),
        sa.Column("reference", sa.Text(), nullable=True, comment="number of the paper, or code of the earlier dossier"),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("ground", sa.Text(), nullable=False, comment="law that allows the look-up"),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["dossier_code"], ["intake.filing.dossier_code"], name="fk_reuse_dossier_code", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("dossier_code", "kind", name="pk_reuse"),
        schema=SCHEMA,
    )


def downgrade() -> None:
    for table in ("reuse", "document", "applicant", "reading", "once", "filing", "dossier", "code_counter"):
        op.drop_table(table, schema=SCHEMA)
