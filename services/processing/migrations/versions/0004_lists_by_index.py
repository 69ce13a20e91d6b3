"""Each filter of a list, and the search for a number, reads one range of one index (measured at a million rows)."""

from alembic import op

revision = "0004"
down_revision = "0003"
_PLACE = ["task", "role", "agency_code", "due_order", "dossier_code"]


def upgrade() -> None:
    """Create the indexes in the schema of the role."""
    place = "ix_worklist_task_role_agency_code_due_order_dossier_code"
    op.drop_index(place, "worklist", schema="processing")
    op.create_index(place, "worklist", _PLACE, schema="processing", postgresql_include=["channel"])
    op.create_index("ix_worklist_procedure_code_place", "worklist", ["procedure_code", *_PLACE], schema="processing")
    number = ["number", "agency_code", "dossier_code"]
    op.create_index("ix_worklist_number_agency_code_dossier_code", "worklist", number, schema="processing")
