"""Run by Alembic: migrates on the connection that the catalogue hands over, inside its transaction."""

from alembic import context

from micrographia.catalogue.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
