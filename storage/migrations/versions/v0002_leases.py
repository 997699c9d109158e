"""Leases of accounts."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision: str | None = "0001"


def upgrade() -> None:
    """Create the table."""
    names = ("mode", "account", "exchange_key", "owner", "holder")
    words = [sa.Column(name, sa.Text(), nullable=False) for name in names]
    numbers = [sa.Column(name, sa.BigInteger(), nullable=False) for name in ("fence", "since_ms", "beat_ms")]
    op.create_table("leases", *words, *numbers, sa.PrimaryKeyConstraint("mode", "account"))
