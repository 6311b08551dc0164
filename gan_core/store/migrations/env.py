"""Alembic runs it within the connection, and the transaction, that `gan_core.store.database` hands over."""

from alembic import context

from gan_core.store.tables import VERSION_TABLE

context.configure(connection=context.config.attributes["connection"], version_table=VERSION_TABLE)
context.run_migrations()
