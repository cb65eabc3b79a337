"""What goes into a row comes out of it: times, paths that are no text, texts that hold such paths, decisions."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect

from core.store.decisions import DecisionStore
from core.store.engine import Store
from core.store.jobs import Claim, JobStore
from core.store.releases import ReleaseStore, topic
from core.store.small import CacheStore, LibraryStore, StateStore
from core.store.tables import UtcDateTime, Words, job
from tests.world.clock import START, SimulatedClock


@pytest.fixture
async def store(tmp_path: Path, clock: SimulatedClock) -> AsyncIterator[Store]:
    opened = await Store.open(tmp_path / "mousekeeper.db", clock)
    yield opened
    await opened.close()


@pytest.fixture
def jobs(store: Store) -> JobStore:
    return JobStore(store)


@pytest.fixture
def releases(store: Store, jobs: JobStore) -> ReleaseStore:
    return ReleaseStore(store, jobs)


# --- times -------------------------------------------------------------------------------------------------------

SQLITE: Dialect = sqlite.dialect()
POSTGRESQL: Dialect = postgresql.dialect()  # type: ignore[no-untyped-call]  # likewise
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


CENTURY = timedelta(days=36_525)
NOON = START.replace(tzinfo=None)


@given(st.datetimes(NOON - CENTURY, NOON + CENTURY, timezones=ZONES))
@settings(deadline=None)
def test_a_time_comes_back_as_the_same_moment_in_utc(moment: datetime) -> None:
    column = UtcDateTime()
    kept = column.process_bind_param(moment, SQLITE)
    assert kept is not None
    assert kept.tzinfo is None
    back = column.process_result_value(kept, SQLITE)
    assert back == moment
    assert back is not None
    assert back.tzinfo is UTC
    assert column.process_bind_param(moment, POSTGRESQL) == moment


async def test_a_time_without_zone_is_refused(store: Store) -> None:
    with pytest.raises(sa.exc.StatementError, match="must carry its zone"):
        async with store.write() as connection:
            await connection.execute(sa.update(job).values(due=NOON))


def test_no_time_stays_no_time() -> None:
    assert UtcDateTime().process_bind_param(None, SQLITE) is None
    assert UtcDateTime().process_result_value(None, SQLITE) is None


# --- bytes -------------------------------------------------------------------------------------------------------

NAMES = st.binary(min_size=1, max_size=40).filter(lambda raw: b"\0" not in raw).map(os.fsdecode)


@given(name=NAMES)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_a_folder_of_any_bytes_comes_back(releases: ReleaseStore, name: str) -> None:
    row = {"title": name, "source_dir": f"/books/{name}", "files": [[name, 1, "audio"]]}
    [release_id] = await releases.add([row], stage="stage", lane="disk")
    await releases.update(release_id, staging_dir=f"/staging/{name}", torrent_path=f"/t/{name}.torrent")
    found = await releases.get(release_id)
    assert found.source_dir == f"/books/{name}"
    assert found.staging_dir == f"/staging/{name}"
    assert found.torrent_path == f"/t/{name}.torrent"
    assert found.files[0][0] == name
    found.title.encode("utf-8")
    await releases.forget(release_id)


@given(st.text())
@settings(deadline=None)
def test_words_can_always_be_written_and_text_is_kept(text: str) -> None:
    kept = Words().process_bind_param(text, SQLITE)
    assert kept is not None
    kept.encode("utf-8")
    if not any("\ud800" <= char <= "\udfff" for char in text):
        assert kept == text


async def test_an_error_naming_such_a_file_can_be_kept(jobs: JobStore, releases: ReleaseStore) -> None:
    [release_id] = await releases.add([{"title": "x", "source_dir": "/b"}], stage="stage", lane="disk")
    found = await releases.get(release_id)
    reason = "caf\udce9.m4b changed while it was read."
    await jobs.move(found.job_id, {"error": reason}, {"stage": "stage", "event": "retry", "text": reason})
    assert (await releases.get(release_id)).error == "caf\\udce9.m4b changed while it was read."
    assert (await jobs.log_of([found.job_id]))[-1]["text"].startswith("caf\\udce9")


async def test_the_library_index_keeps_roots_and_reasons_of_any_bytes(
    store: Store, clock: SimulatedClock
) -> None:
    library = LibraryStore(store)
    root = "/books/\udcff"
    await library.save_index(root, b"\0\xff", clock.now())
    assert await library.index(root) == (b"\0\xff", START)
    skipped = [(f"{root}/a", "unfinished: \udcfe.part"), (f"{root}/b", "no audio")]
    assert await library.pass_over(skipped) == skipped
    assert await library.pass_over([skipped[1], (f"{root}/a", "no audio")]) == [(f"{root}/a", "no audio")]
    assert [path for path, _ in await library.passed_over()] == [f"{root}/a", f"{root}/b"]
    await library.forget_index()
    assert await library.index(root) == (b"", None)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(value=JSON)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_json_comes_back_as_it_was(store: Store, value: object) -> None:
    await StateStore(store).put("key", value)
    assert await StateStore(store).get("key", "absent") == value


async def test_cached_answers_grow_old(store: Store, clock: SimulatedClock) -> None:
    cache = CacheStore(store)
    await cache.put("audnex", "k", {"title": "T"})
    clock.shift(3600)
    assert await cache.get("audnex", "k", timedelta(hours=1)) == {"title": "T"}
    assert await cache.get("audnex", "k", timedelta(minutes=59)) is None
    assert await cache.get("audible", "k", timedelta(hours=1)) is None
    await cache.forget(clock.now(), ["audible"])
    assert await cache.get("audnex", "k", timedelta(hours=1)) is not None
    await cache.forget(clock.now() + timedelta(seconds=1))
    assert await cache.get("audnex", "k", timedelta(hours=9)) is None


# --- decisions ---------------------------------------------------------------------------------------------------


async def at_approval(jobs: JobStore, releases: ReleaseStore) -> str:
    [release_id] = await releases.add([{"title": "x", "source_dir": "/b"}], stage="approve", lane="general")
    await releases.wish_for()
    [row] = await jobs.claim(Claim({"general": 1}))
    waiting = {"status": "waiting", "topic": topic("decision", release_id), "due": None}
    await jobs.move(row["id"], waiting, {"stage": "approve", "event": "wait", "text": ""})
    return release_id


async def test_of_many_who_decide_at_once_one_wins_and_the_others_hear_who(
    store: Store, jobs: JobStore, releases: ReleaseStore
) -> None:
    decisions = DecisionStore(store, jobs, releases)
    release_id = await at_approval(jobs, releases)
    people = [f"person {number}" for number in range(20)]
    said = await asyncio.gather(
        *(
            decisions.decide(release_id, "approve" if n % 2 else "reject", by=name, door="cli", reason=None)
            for n, name in enumerate(people)
        )
    )
    winners = [name for name, decided in zip(people, said, strict=True) if decided.won]
    assert len(winners) == 1
    assert {decided.release.decided_by for decided in said} == set(winners)
    row = await jobs.get("upload", release_id)
    assert row is not None
    assert (row["status"], row["topic"]) == ("ready", None)
    log = await jobs.log_of([row["id"]])
    assert [line["text"] for line in log if line["event"] in ("approve", "reject")] == [f"{winners[0]} (cli)"]


async def test_a_hold_can_still_be_decided_and_a_decision_cannot(
    store: Store, jobs: JobStore, releases: ReleaseStore
) -> None:
    decisions = DecisionStore(store, jobs, releases)
    release_id = await at_approval(jobs, releases)
    verbs = ("hold", "hold", "approve", "reject")
    won = [
        (await decisions.decide(release_id, verb, by="ada", door="cli", reason=None)).won  # type: ignore[arg-type]  # a loop over literals
        for verb in verbs
    ]
    assert won == [True, True, True, False]


async def test_a_rejected_release_can_begin_again(
    store: Store, jobs: JobStore, releases: ReleaseStore
) -> None:
    decisions = DecisionStore(store, jobs, releases)
    release_id = await at_approval(jobs, releases)
    assert not await decisions.begin_again(release_id, by="ada", door="cli")
    await decisions.decide(release_id, "reject", by="ada", door="cli", reason="two editions")
    found = await releases.get(release_id)
    await jobs.move(found.job_id, {"status": "cancelled"}, {"stage": "approve", "event": "stop", "text": ""})
    assert (await releases.get(release_id)).state == "rejected"
    assert await decisions.begin_again(release_id, by="ada", door="cli")
    again = await releases.get(release_id)
    assert (again.state, again.decision, again.decided_by) == ("awaiting_approval", None, None)


async def test_uploaded_is_said_once_and_only_when_it_is_time(
    store: Store, jobs: JobStore, releases: ReleaseStore
) -> None:
    decisions = DecisionStore(store, jobs, releases)
    release_id = await at_approval(jobs, releases)
    assert not (await decisions.say_uploaded(release_id, {"url": "x"}, by="ada", door="cli")).won
    found = await releases.get(release_id)
    await jobs.move(found.job_id, {"stage": "confirm"}, {"stage": "confirm", "event": "done", "text": ""})
    said = [
        (await decisions.say_uploaded(release_id, {"url": url}, by="ada", door="cli")) for url in ("a", "b")
    ]
    assert [decided.won for decided in said] == [True, False]
    assert said[1].release.uploaded == {"url": "a"}
