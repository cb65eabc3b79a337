"""The tracker account: its history, purchases, modes and what is frozen"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.store.tables import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "account_log",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("classname", sa.Text(), nullable=True),
        sa.Column("uploaded", sa.BigInteger(), nullable=True),
        sa.Column("downloaded", sa.BigInteger(), nullable=True),
        sa.Column("ratio", sa.Float(), nullable=True),
        sa.Column("points", sa.Float(), nullable=True),
        sa.Column("wedges", sa.Integer(), nullable=True),
        sa.Column("vip_until", UtcDateTime(), nullable=True),
        sa.Column("unsat_count", sa.Integer(), nullable=True),
        sa.Column("unsat_limit", sa.Integer(), nullable=True),
        sa.Column("connectable", sa.String(length=20), nullable=True),
        sa.Column("counts", sa.JSON(), server_default=sa.text("'{}'"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_log")),
    )
    op.create_index("ix_account_log_at", "account_log", ["at"])
    op.create_table(
        "purchase",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("slot", sa.String(length=12), nullable=True),
        sa.Column("amount", sa.Float(), nullable=False),
        sa.Column("price", sa.Float(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.String(length=120), nullable=False),
        sa.Column("door", sa.String(length=40), nullable=False),
        sa.Column("created", UtcDateTime(), nullable=False),
        sa.Column("balance_before", sa.Float(), nullable=True),
        sa.Column("balance_after", sa.Float(), nullable=True),
        sa.Column("vip_until_before", UtcDateTime(), nullable=True),
        sa.Column("uploaded_before", sa.BigInteger(), nullable=True),
        sa.Column("sent", UtcDateTime(), nullable=True),
        sa.Column("answered", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("finished", UtcDateTime(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_purchase")),
        sa.UniqueConstraint("slot", name=op.f("uq_purchase_slot")),
    )
    op.create_index("ix_purchase_created", "purchase", ["created"])
    op.create_table(
        "freeze",
        sa.Column("scope", sa.String(length=20), nullable=False),
        sa.Column("by", sa.String(length=120), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("scope", "by", name=op.f("pk_freeze")),
    )
    op.create_table(
        "ratio_mode",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mode", sa.String(length=12), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("better_since", UtcDateTime(), nullable=True),
        sa.Column("ended", UtcDateTime(), nullable=True),
        sa.Column("lowest", sa.Float(), nullable=True),
        sa.Column("data", sa.JSON(), server_default=sa.text("'{}'"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ratio_mode")),
    )
    op.create_index("ix_ratio_mode_ended", "ratio_mode", ["ended"])
    op.create_table(
        "client_change",
        sa.Column("infohash", sa.String(length=40), nullable=False),
        sa.Column("field", sa.String(length=40), nullable=False),
        sa.Column("before", sa.JSON(), nullable=True),
        sa.Column("after", sa.JSON(), nullable=True),
        sa.Column("applied", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("infohash", "field", name=op.f("pk_client_change")),
    )


def downgrade() -> None:
    for name in ("client_change", "ratio_mode", "freeze", "purchase", "account_log"):
        op.drop_table(name)
