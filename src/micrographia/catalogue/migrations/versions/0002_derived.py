"""What was derived of images; leases."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "derived",
        *_key(),
        sa.Column("image", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("product", sa.String(20), nullable=False),
        sa.Column("recipe", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", "version", "image", "product"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_derived_state", "derived", ["state"])
    op.create_table(
        "derived_versions",
        *_key(),
        sa.Column("product", sa.String(20), nullable=False),
        sa.Column("recipe", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("number", "version", "product"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.String(20), primary_key=True),
        sa.Column("holder", sa.String(200), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
    )


def _key() -> tuple[sa.Column[int], sa.Column[int]]:
    return (
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
    )
