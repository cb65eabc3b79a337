"""The first schema: jobs, schedules, releases, the library's index"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.store.tables import UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:

    op.create_table(
        "breaker",
        sa.Column("system", sa.String(length=40), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=True),
        sa.Column("since", UtcDateTime(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("system", name=op.f("pk_breaker")),
    )
    op.create_table(
        "job",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("stage", sa.String(length=40), nullable=False),
        sa.Column("lane", sa.String(length=40), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due", UtcDateTime(), nullable=True),
        sa.Column("topic", sa.String(length=120), nullable=True),
        sa.Column("woken", sa.String(length=120), nullable=True),
        sa.Column("data", sa.JSON(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("context", sa.JSON(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("created", UtcDateTime(), nullable=False),
        sa.Column("updated", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
        sa.UniqueConstraint("kind", "subject", name=op.f("uq_job_kind_subject")),
    )
    with op.batch_alter_table("job", schema=None) as batch_op:
        batch_op.create_index("ix_job_status_due", ["status", "due"], unique=False)
        batch_op.create_index("ix_job_status_lane_due_id", ["status", "lane", "due", "id"], unique=False)
        batch_op.create_index("ix_job_subject", ["subject"], unique=False)
        batch_op.create_index("ix_job_topic", ["topic"], unique=False)

    op.create_table(
        "job_log",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.String(length=26), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("stage", sa.String(length=40), nullable=False),
        sa.Column("event", sa.String(length=20), nullable=False),
        sa.Column("text", sa.Text(), server_default="", nullable=False),
        sa.Column("data", sa.JSON(), server_default=sa.text("'{}'"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_log")),
    )
    with op.batch_alter_table("job_log", schema=None) as batch_op:
        batch_op.create_index("ix_job_log_at", ["at"], unique=False)
        batch_op.create_index("ix_job_log_job_id", ["job_id"], unique=False)

    op.create_table(
        "lane_use",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("lane", sa.String(length=40), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lane_use")),
    )
    with op.batch_alter_table("lane_use", schema=None) as batch_op:
        batch_op.create_index("ix_lane_use_lane_at", ["lane", "at"], unique=False)

    op.create_table(
        "library_index",
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("full_read", UtcDateTime(), nullable=True),
        sa.Column("updated", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("root", name=op.f("pk_library_index")),
    )
    op.create_table(
        "metadata_cache",
        sa.Column("provider", sa.String(length=40), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("fetched", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("provider", "key", name=op.f("pk_metadata_cache")),
    )
    with op.batch_alter_table("metadata_cache", schema=None) as batch_op:
        batch_op.create_index("ix_metadata_cache_fetched", ["fetched"], unique=False)

    op.create_table(
        "passed_over",
        sa.Column("source_dir", sa.LargeBinary(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("source_dir", name=op.f("pk_passed_over")),
    )
    op.create_table(
        "release",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("asin", sa.String(length=10), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("source_dir", sa.LargeBinary(), nullable=True),
        sa.Column("dev", sa.String(length=20), nullable=True),
        sa.Column("ino", sa.String(length=20), nullable=True),
        sa.Column("fingerprint", sa.String(length=64), nullable=True),
        sa.Column("parts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("size", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("tag", sa.Text(), nullable=True),
        sa.Column("files", sa.JSON(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("facts", sa.JSON(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("described", sa.JSON(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("edits", sa.JSON(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("media", sa.JSON(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("warnings", sa.JSON(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("staged", sa.JSON(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("staging_dir", sa.LargeBinary(), nullable=True),
        sa.Column("torrent_path", sa.LargeBinary(), nullable=True),
        sa.Column("infohash", sa.String(length=40), nullable=True),
        sa.Column("decision", sa.String(length=12), nullable=True),
        sa.Column("decided_by", sa.String(length=120), nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("decision_reason", sa.Text(), nullable=True),
        sa.Column("uploaded", sa.JSON(), nullable=True),
        sa.Column("baseline", sa.Boolean(), server_default=sa.text("0"), nullable=False),
        sa.Column("gone", sa.Boolean(), server_default=sa.text("0"), nullable=False),
        sa.Column("created", UtcDateTime(), nullable=False),
        sa.Column("updated", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_release")),
        sa.UniqueConstraint("source_dir", name=op.f("uq_release_source_dir")),
    )
    with op.batch_alter_table("release", schema=None) as batch_op:
        batch_op.create_index("ix_release_asin", ["asin"], unique=False)
        batch_op.create_index("ix_release_infohash", ["infohash"], unique=False)

    op.create_table(
        "schedule",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("spec", sa.String(length=80), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("last_run", UtcDateTime(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("created", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_schedule")),
    )
    op.create_table(
        "state",
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("updated", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_state")),
    )
    op.create_table(
        "wish",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("args", sa.JSON(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("result", sa.JSON(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("exit_code", sa.Integer(), nullable=True),
        sa.Column("door", sa.String(length=40), nullable=False),
        sa.Column("created", UtcDateTime(), nullable=False),
        sa.Column("finished", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wish")),
    )
    with op.batch_alter_table("wish", schema=None) as batch_op:
        batch_op.create_index("ix_wish_status", ["status"], unique=False)


def downgrade() -> None:

    with op.batch_alter_table("wish", schema=None) as batch_op:
        batch_op.drop_index("ix_wish_status")

    op.drop_table("wish")
    op.drop_table("state")
    op.drop_table("schedule")
    with op.batch_alter_table("release", schema=None) as batch_op:
        batch_op.drop_index("ix_release_infohash")
        batch_op.drop_index("ix_release_asin")

    op.drop_table("release")
    op.drop_table("passed_over")
    with op.batch_alter_table("metadata_cache", schema=None) as batch_op:
        batch_op.drop_index("ix_metadata_cache_fetched")

    op.drop_table("metadata_cache")
    op.drop_table("library_index")
    with op.batch_alter_table("lane_use", schema=None) as batch_op:
        batch_op.drop_index("ix_lane_use_lane_at")

    op.drop_table("lane_use")
    with op.batch_alter_table("job_log", schema=None) as batch_op:
        batch_op.drop_index("ix_job_log_job_id")
        batch_op.drop_index("ix_job_log_at")

    op.drop_table("job_log")
    with op.batch_alter_table("job", schema=None) as batch_op:
        batch_op.drop_index("ix_job_topic")
        batch_op.drop_index("ix_job_subject")
        batch_op.drop_index("ix_job_status_lane_due_id")
        batch_op.drop_index("ix_job_status_due")

    op.drop_table("job")
    op.drop_table("breaker")
