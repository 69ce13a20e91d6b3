"""What operators decided about dead letters; an index of dossiers whose clock runs."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
_PEOPLE = "facts ->> 'clock' = 'RUNS'"
_MACHINES = (
    "(facts ->> 'stage' = 'NUMBERING' AND facts ->> 'result_signed_at' IS NULL"
    " OR facts ->> 'stage' = 'RESULT_READY' AND facts ->> 'return_way' = 'POST'"
    " AND facts ->> 'parcel_booked' = 'false')"
)


def upgrade() -> None:
    """Create them in the schema of the role."""
    at = sa.DateTime(timezone=True)
    op.create_table(
        "dead_letter",
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("partition", sa.Integer, nullable=False),
        sa.Column("record", sa.BigInteger, nullable=False, comment="offset in the topic of dead letters"),
        sa.Column("verdict", sa.Text, nullable=False, comment="replayed or discarded"),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("person_code", sa.Text, nullable=False),
        sa.Column("decided_at", at, nullable=False),
        sa.Column("done_at", at, comment="null while a replay is on its way, or its end is not known"),
        sa.PrimaryKeyConstraint("topic", "partition", "record", name="pk_dead_letter"),
        schema="processing",
        comment="what operators decided about records that nobody could read",
    )
    for name, which in (("ix_worklist_with_people", _PEOPLE), ("ix_worklist_with_machines", _MACHINES)):
        op.create_index(
            name, "worklist", ["due_order", "dossier_code"], schema="processing", postgresql_where=sa.text(which)
        )  # fmt: skip
