"""Alembic runs this file for every service; connection and schema come from `shared.platform.database.migrate`.

A service's migrations folder therefore holds nothing but `versions/*.py`.
"""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    version_table_schema=context.config.attributes["schema"],
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
