"""Entries, versions, files, images, findings, provenance, events, search."""

from alembic import op

from micrographia.catalogue.tables import metadata

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create everything."""
    metadata.create_all(op.get_bind())
    op.execute("INSERT INTO counters (name, value) VALUES ('accession', 10000), ('change', 0), ('epoch', 0)")
    if op.get_bind().dialect.name == "sqlite":
        op.execute("CREATE VIRTUAL TABLE entry_text USING fts5 (a, b, c, tokenize = 'unicode61', prefix = '1 2 3')")
    else:
        op.execute("CREATE TABLE entry_text (number BIGINT PRIMARY KEY, words TSVECTOR NOT NULL)")
        op.execute("CREATE INDEX entry_text_words ON entry_text USING gin (words)")
