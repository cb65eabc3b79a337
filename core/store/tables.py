"""The tables. Times are UTC, paths are bytes; all SQL of this package runs on SQLite and PostgreSQL alike."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC datetime; naive values are a programming error."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored time must carry its zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        return value if value is None or value.tzinfo else value.replace(tzinfo=UTC)


class Words(TypeDecorator[str]):
    """Text for people. Bytes of file names that are no text (surrogates) are spelled out, `\\udcff`."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, _dialect: Dialect) -> str | None:
        return value if value is None else value.encode("utf-8", "backslashreplace").decode("utf-8")


NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = sa.MetaData(naming_convention=NAMES)


def _json(name: str, default: str) -> sa.Column[Any]:
    return sa.Column(name, sa.JSON, nullable=False, server_default=sa.text(f"'{default}'"))


job = sa.Table(
    "job",
    metadata,
    sa.Column("id", sa.String(26), primary_key=True),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("subject", sa.String(64), nullable=False),
    sa.Column("stage", sa.String(40), nullable=False),
    sa.Column("lane", sa.String(40), nullable=False),
    sa.Column("status", sa.String(12), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("due", UtcDateTime),
    sa.Column("topic", sa.String(120)),
    sa.Column("woken", sa.String(120)),  # a signal that came while the row was running
    _json("data", "{}"),
    sa.Column("error", Words),
    _json("context", "{}"),
    sa.Column("created", UtcDateTime, nullable=False),
    sa.Column("updated", UtcDateTime, nullable=False),
    sa.UniqueConstraint("kind", "subject"),
    sa.Index("ix_job_status_due", "status", "due"),  # which waits are over
    sa.Index("ix_job_status_lane_due_id", "status", "lane", "due", "id"),  # what a lane may take next
    sa.Index("ix_job_topic", "topic"),
    sa.Index("ix_job_subject", "subject"),
)

job_log = sa.Table(
    "job_log",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("job_id", sa.String(26), nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("stage", sa.String(40), nullable=False),
    sa.Column("event", sa.String(20), nullable=False),
    sa.Column("text", Words, nullable=False, server_default=""),
    _json("data", "{}"),
    sa.Index("ix_job_log_job_id", "job_id"),
    sa.Index("ix_job_log_at", "at"),
)

schedule = sa.Table(
    "schedule",
    metadata,
    sa.Column("name", sa.String(40), primary_key=True),
    sa.Column("spec", sa.String(80), nullable=False),
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("last_run", UtcDateTime),
    sa.Column("last_error", Words),
    sa.Column("created", UtcDateTime, nullable=False),
)

state = sa.Table(
    "state",
    metadata,
    sa.Column("key", sa.String(80), primary_key=True),
    sa.Column("value", sa.JSON, nullable=False),
    sa.Column("updated", UtcDateTime, nullable=False),
)

breaker = sa.Table(
    "breaker",
    metadata,
    sa.Column("system", sa.String(40), primary_key=True),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("until", UtcDateTime),
    sa.Column("since", UtcDateTime),
    sa.Column("error", Words),
)

lane_use = sa.Table(
    "lane_use",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("lane", sa.String(40), nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Index("ix_lane_use_lane_at", "lane", "at"),
)

wish = sa.Table(
    "wish",
    metadata,
    sa.Column("id", sa.String(26), primary_key=True),
    sa.Column("kind", sa.String(40), nullable=False),
    _json("args", "{}"),
    sa.Column("status", sa.String(12), nullable=False),
    sa.Column("result", sa.JSON),
    sa.Column("error", Words),
    sa.Column("exit_code", sa.Integer),
    sa.Column("door", sa.String(40), nullable=False),
    sa.Column("created", UtcDateTime, nullable=False),
    sa.Column("finished", UtcDateTime),
    sa.Index("ix_wish_status", "status"),
)

release = sa.Table(
    "release",
    metadata,
    sa.Column("id", sa.String(26), primary_key=True),
    sa.Column("asin", sa.String(10)),
    sa.Column("title", Words, nullable=False),
    sa.Column("source_dir", sa.LargeBinary),  # unknown for what another tool's state file brought
    sa.Column("dev", sa.String(20)),
    sa.Column("ino", sa.String(20)),  # text: inode numbers may not fit 63 bits
    sa.Column("fingerprint", sa.String(64)),
    sa.Column("parts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("size", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("tag", Words),
    _json("files", "[]"),  # what was found: [relative path, size, kind]
    _json("facts", "{}"),  # folder and sidecar
    _json("described", "{}"),  # merged facts with the source of each field
    _json("edits", "{}"),  # what a person set, by field
    _json("media", "[]"),  # a summary a part
    _json("warnings", "[]"),
    _json("staged", "[]"),  # [source, staged relative path, size]
    sa.Column("staging_dir", sa.LargeBinary),
    sa.Column("torrent_path", sa.LargeBinary),
    sa.Column("infohash", sa.String(40)),
    sa.Column("decision", sa.String(12)),
    sa.Column("decided_by", sa.String(120)),
    sa.Column("decided_at", UtcDateTime),
    sa.Column("decision_reason", Words),
    sa.Column("uploaded", sa.JSON),  # what a person said after submitting the form
    sa.Column("baseline", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("gone", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("created", UtcDateTime, nullable=False),
    sa.Column("updated", UtcDateTime, nullable=False),
    sa.UniqueConstraint("source_dir"),
    sa.Index("ix_release_asin", "asin"),
    sa.Index("ix_release_infohash", "infohash"),
)

library_index = sa.Table(
    "library_index",
    metadata,
    sa.Column("root", sa.LargeBinary, primary_key=True),
    sa.Column("content", sa.LargeBinary, nullable=False),
    sa.Column("full_read", UtcDateTime),
    sa.Column("updated", UtcDateTime, nullable=False),
)

passed_over = sa.Table(
    "passed_over",
    metadata,
    sa.Column("source_dir", sa.LargeBinary, primary_key=True),
    sa.Column("reason", Words, nullable=False),
    sa.Column("since", UtcDateTime, nullable=False),
)

metadata_cache = sa.Table(
    "metadata_cache",
    metadata,
    sa.Column("provider", sa.String(40), primary_key=True),
    sa.Column("key", sa.String(200), primary_key=True),
    sa.Column("body", sa.JSON, nullable=False),
    sa.Column("fetched", UtcDateTime, nullable=False),
    sa.Index("ix_metadata_cache_fetched", "fetched"),
)

card = sa.Table(
    "card",
    metadata,
    sa.Column("id", sa.String(26), primary_key=True),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("subject", sa.String(64), nullable=False),
    sa.Column("channel", sa.String(20), nullable=False),
    sa.Column("message", sa.String(20)),  # unknown until Discord has answered
    sa.Column("nonce", sa.String(25), nullable=False),
    sa.Column("attempted", UtcDateTime),  # when it was first sent under this nonce
    sa.Column("digest", sa.String(64)),  # of what Discord shows
    sa.Column("closed", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("error", Words),
    _json("data", "{}"),
    sa.Column("created", UtcDateTime, nullable=False),
    sa.Column("updated", UtcDateTime, nullable=False),
    sa.UniqueConstraint("kind", "subject"),
    sa.Index("ix_card_closed", "closed"),
    sa.Index("ix_card_message", "message"),
)

alert = sa.Table(
    "alert",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),  # in the order they happened
    sa.Column("event", sa.String(40), nullable=False),
    sa.Column("key", sa.String(160), nullable=False),  # what it is about: the same again is one alert
    sa.Column("severity", sa.String(12), nullable=False),
    sa.Column("title", Words, nullable=False),
    sa.Column("text", Words, nullable=False),
    _json("reached", "[]"),  # the services that took it
    sa.Column("status", sa.String(12), nullable=False),
    sa.Column("repeats", sa.Integer, nullable=False, server_default="0"),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("due", UtcDateTime),
    sa.Column("error", Words),
    sa.Column("created", UtcDateTime, nullable=False),
    sa.Column("sent", UtcDateTime),
    sa.Index("ix_alert_status_due", "status", "due"),
    sa.Index("ix_alert_key_id", "key", "id"),
    sa.Index("ix_alert_created", "created"),
)

standing_rule = sa.Table(
    "standing_rule",
    metadata,
    sa.Column("id", sa.String(26), primary_key=True),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("key", sa.String(200), nullable=False),  # the value as it is compared
    sa.Column("value", Words, nullable=False),  # the value as people wrote it
    sa.Column("verb", sa.String(12), nullable=False),
    sa.Column("made_by", sa.String(120), nullable=False),
    sa.Column("created", UtcDateTime, nullable=False),
    sa.UniqueConstraint("kind", "key"),
)

account_log = sa.Table(
    "account_log",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("day", sa.String(10), nullable=False),  # of `at`, in UTC: after 90 days one row a day is kept
    sa.Column("classname", Words),
    sa.Column("uploaded", sa.BigInteger),
    sa.Column("downloaded", sa.BigInteger),
    sa.Column("ratio", sa.Float),  # as the site states it; infinite without downloads
    sa.Column("points", sa.Float),
    sa.Column("wedges", sa.Integer),
    sa.Column("vip_until", UtcDateTime),
    sa.Column("unsat_count", sa.Integer),
    sa.Column("unsat_limit", sa.Integer),
    sa.Column("connectable", sa.String(20)),
    _json("counts", "{}"),
    sa.Index("ix_account_log_at", "at"),
)

purchase = sa.Table(
    "purchase",
    metadata,
    sa.Column("id", sa.String(26), primary_key=True),
    sa.Column("kind", sa.String(12), nullable=False),
    sa.Column("slot", sa.String(12)),  # the kind while it is open: one of a kind at a time
    sa.Column("amount", sa.Float, nullable=False),  # weeks of VIP, GiB of upload
    sa.Column("price", sa.Float, nullable=False),
    sa.Column("status", sa.String(12), nullable=False),
    sa.Column("reason", Words, nullable=False),
    sa.Column("by", sa.String(120), nullable=False),
    sa.Column("door", sa.String(40), nullable=False),
    sa.Column("created", UtcDateTime, nullable=False),
    sa.Column("balance_before", sa.Float),
    sa.Column("balance_after", sa.Float),
    sa.Column("vip_until_before", UtcDateTime),
    sa.Column("uploaded_before", sa.BigInteger),
    sa.Column("sent", UtcDateTime),
    sa.Column("answered", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("finished", UtcDateTime),
    sa.Column("error", Words),
    sa.UniqueConstraint("slot"),
    sa.Index("ix_purchase_created", "created"),
)

freeze = sa.Table(
    "freeze",
    metadata,
    sa.Column("scope", sa.String(20), primary_key=True),
    sa.Column("by", sa.String(120), primary_key=True),
    sa.Column("reason", Words, nullable=False),
    sa.Column("since", UtcDateTime, nullable=False),
    sa.Column("until", UtcDateTime),
)

ratio_mode = sa.Table(
    "ratio_mode",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("mode", sa.String(12), nullable=False),
    sa.Column("since", UtcDateTime, nullable=False),
    sa.Column("better_since", UtcDateTime),
    sa.Column("ended", UtcDateTime),
    sa.Column("lowest", sa.Float),
    _json("data", "{}"),  # what was done meanwhile
    sa.Index("ix_ratio_mode_ended", "ended"),
)

client_change = sa.Table(
    "client_change",
    metadata,
    sa.Column("infohash", sa.String(40), primary_key=True),  # empty: the program's own settings
    sa.Column("field", sa.String(40), primary_key=True),
    sa.Column("before", sa.JSON),
    sa.Column("after", sa.JSON),
    sa.Column("applied", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("at", UtcDateTime, nullable=False),
)
