"""Entries, versions, files, images, findings, provenance, events, search."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ORDERED = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create everything."""
    _create_entries()
    _create_listings()
    _create_facts()
    _create_search()


def _number(name: str = "number", *, primary_key: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), autoincrement=False, nullable=False, primary_key=primary_key)


def _text(name: str, length: int = 0) -> sa.Column[str]:
    return sa.Column(name, sa.String(length) if length else sa.Text(), nullable=False)


def _listed() -> sa.Column[int]:
    return sa.Column("listing", sa.BigInteger(), sa.ForeignKey("listings.id"), autoincrement=False, nullable=False)


def _create_entries() -> None:
    counters = op.create_table("counters", sa.Column("name", sa.String(20), primary_key=True), _number("value"))
    op.bulk_insert(counters, [{"name": "accession", "value": 10_000}, {"name": "change", "value": 0}, {"name": "epoch", "value": 0}])
    op.create_table(
        "entries",
        _number(primary_key=True),
        _text("state", 12),
        sa.Column("latest_version", sa.Integer(), nullable=False),
        _text("created_at", 40),
        _text("released_at", 40),
        _text("detail"),
    )
    op.create_table(
        "listings",
        sa.Column("id", _SERIAL, primary_key=True),
        _number(),
        sa.Column("version", sa.Integer(), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_listings_number", "listings", ["number"])
    op.create_table(
        "versions",
        sa.Column("number", sa.BigInteger(), sa.ForeignKey("entries.number"), primary_key=True, autoincrement=False),
        sa.Column("version", sa.Integer(), primary_key=True, autoincrement=False),
        _text("state", 12),
        _text("title"),
        _text("created_at", 40),
        _text("released_at", 40),
        _text("hold_until", 40),
        _text("change_note"),
        _number("file_count"),
        _number("size_bytes"),
        _number("image_count"),
        _text("manifest_sha256", 64),
        _listed(),
        _text("document"),
    )
    op.create_index("ix_versions_state", "versions", ["state"])
    op.create_index("ix_versions_manifest_sha256", "versions", ["manifest_sha256"])


def _create_listings() -> None:
    op.create_table(
        "files",
        _listed(),
        sa.Column("folder", _ORDERED, nullable=False),
        sa.Column("name", _ORDERED, nullable=False),
        _number("size_bytes"),
        _text("sha256", 64),
        _text("media_type"),
        _text("content_path"),
        _text("format"),
        _text("role"),
        sa.PrimaryKeyConstraint("listing", "folder", "name"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "folders",
        _listed(),
        sa.Column("parent", _ORDERED, nullable=False),
        sa.Column("name", _ORDERED, nullable=False),
        _number("file_count"),
        _number("size_bytes"),
        sa.PrimaryKeyConstraint("listing", "parent", "name"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "images",
        _listed(),
        _number(),
        _text("kind"),
        _text("document"),
        sa.PrimaryKeyConstraint("listing", "number"),
        sqlite_with_rowid=False,
    )
    op.create_index("images_by_kind", "images", ["listing", "kind", "number"])


def _create_facts() -> None:
    key = ("number", "version", "place")
    op.create_table(
        "findings",
        _number(),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        _text("rule"),
        _text("severity", 10),
        _text("path"),
        _text("message"),
        _text("found"),
        _text("expected"),
        _text("hint"),
        sa.PrimaryKeyConstraint(*key),
    )
    op.create_index("ix_findings_rule", "findings", ["rule"])
    op.create_table(
        "edges",
        _number(),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        _text("process"),
        _text("kind"),
        sa.Column("is_input", sa.Boolean(), nullable=False),
        _number("item_number"),
        _text("item"),
        sa.PrimaryKeyConstraint(*key),
    )
    op.create_index("edges_by_item", "edges", ["item_number", "item"])
    op.create_table(
        "events",
        sa.Column("id", _SERIAL, primary_key=True),
        _number(),
        _text("digest", 64),
        _text("at", 40),
        sa.Column("version", sa.Integer(), nullable=False),
        _text("verb", 40),
        _text("document"),
    )
    op.create_index("events_of_entry", "events", ["number", "digest"], unique=True)


def _create_search() -> None:
    op.create_table("search_entries", _number(primary_key=True), _number("change"), _text("state", 12), _text("columns"), _text("summary"))
    op.create_index("ix_search_entries_change", "search_entries", ["change"])
    if op.get_bind().dialect.name == "sqlite":
        op.execute("CREATE VIRTUAL TABLE entry_text USING fts5 (a, b, c, tokenize = 'unicode61', prefix = '1 2 3')")
    else:
        op.execute("CREATE TABLE entry_text (number BIGINT PRIMARY KEY, words TSVECTOR NOT NULL)")
        op.execute("CREATE INDEX entry_text_words ON entry_text USING gin (words)")
