"""Makes the database of the present schema version, with rows of every kind: `python -m tests.databases.make`.

Run once when a schema version is new, and keep the file: it is what people's programs of that version left behind.
"""

from __future__ import annotations

import asyncio
import math
import sqlite3
import tempfile
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

from core.domain.alert_events import alert
from core.domain.alert_plan import AlertPlan
from core.domain.book import BookFacts, Person, SeriesRef
from core.domain.guard.account import Account
from core.domain.guard.emergency import Change
from core.domain.guard.ratio_policy import ModeState
from core.domain.release import Decision, StagedFile
from core.store.alerts import AlertStore
from core.store.account import AccountLog
from core.store.cards import CardStore
from core.store.decisions import DecisionStore
from core.store.engine import Store
from core.store.guard import ClientChangeStore, FreezeStore, ModeStore
from core.store.jobs import Claim, JobStore
from core.store.purchases import Intent, PurchaseStore
from core.store.releases import ReleaseStore, topic
from core.store.rules import RuleStore
from core.store.schema import HEAD
from core.store.small import CacheStore, LibraryStore, ScheduleStore, StateStore, WishStore
from core.store.tables import breaker, metadata
from tests.world.clock import START, SimulatedClock

FOLDER = Path(__file__).resolve().parent
LIBRARY = "/srv/books"
NOT_UTF8 = f"{LIBRARY}/Jos\udce9 Marqu\udce9s/El Farol (2019) (Jos\udce9 Marqu\udce9s)"

# title, author, ASIN, folder, how far it came
BOOKS = (
    ("The Lantern Keeper", "Ada Holm", "B0LANTERN1", f"{LIBRARY}/Ada Holm/Lantern/The Lantern Keeper vol_01 (2020)", "waiting"),
    ("Der Fährmann", "Jürgen Groß", "B0FAEHRMAN", f"{LIBRARY}/Jürgen Groß/Der Fährmann (2018)", "running"),
    ("El Farol", "José Marqués", None, NOT_UTF8, "retried"),
    ("夜の図書館", "佐藤 灯", "B0YORUTOSH", f"{LIBRARY}/佐藤 灯/夜の図書館 (2021)", "approved"),
    ("Harbour Lights 📚", "Ada Holm", "B0HARBOUR2", f"{LIBRARY}/Ada Holm/Harbour Lights 📚 (2022)", "rejected"),
    ("Broken Compass", "Mark O'Neil", "B0COMPASS3", f"{LIBRARY}/Mark O'Neil/Broken [Compass] (2015)", "failed"),
    ("Quiet Water", "Lena Fisk", "B0QUIETW44", f"{LIBRARY}/Lena Fisk/Quiet Water (2023)", "done"),
    ("Not Asked For", "Lena Fisk", "B0NOTASK55", f"{LIBRARY}/Lena Fisk/Not Asked For (2024)", "baseline"),
)  # fmt: skip


async def fill(path: Path) -> None:
    """Rows in every table, as a year of use leaves them."""
    clock = SimulatedClock()
    store = await Store.open(path, clock)
    jobs = JobStore(store)
    releases = ReleaseStore(store, jobs)
    decisions = DecisionStore(store, jobs, releases)
    try:
        for number, book in enumerate(BOOKS):
            clock.shift(3600)
            await _release(jobs, releases, decisions, number, book)
        await releases.take_over([_imported()], last="record", first="stage", lane="general")
        await _small_tables(store)
        await _discord_and_alerts(store)
        await _account(store, clock)
        unfilled = [table.name for table in metadata.sorted_tables if not await _rows(store, table)]
        assert not unfilled, f"no rows in {unfilled}"
    finally:
        await store.close()


async def _release(
    jobs: JobStore,
    releases: ReleaseStore,
    decisions: DecisionStore,
    number: int,
    book: tuple[str, str, str | None, str, str],
) -> None:
    title, author, asin, folder, fate = book
    facts = BookFacts(
        asin=asin, title=title, authors=[Person(name=author)], narrators=["Iris Vale"], language="english",
        series=[SeriesRef(name="Lantern", position="1.5")], year=2015 + number, runtime_min=611,
    ).named("sidecar")  # fmt: skip
    row = {
        "asin": asin, "title": title, "source_dir": folder, "dev": "2049", "ino": str(2**63 + number),
        "fingerprint": f"{number:064x}", "parts": 2, "size": 734_003_200 + number, "facts": facts,
        "files": [["Part 01.m4b", 367_001_600, "audio"], ["cover.jpg", 81_920, "picture"]],
        "warnings": ["The sidecar and the folder name different years."], "baseline": fate == "baseline",
    }  # fmt: skip
    [release_id] = await releases.add([row], stage="stage", lane="disk")
    if fate == "baseline":
        return
    await releases.wish_for([release_id])
    [job_row] = await jobs.claim(Claim({"disk": 9}, {"disk": timedelta(days=1)}))
    if fate == "running":
        return
    if fate == "retried":
        due = jobs.clock.now() + timedelta(days=1)
        log = {"stage": "stage", "event": "retry", "text": "No space left."}
        await jobs.move(job_row["id"], {"status": "ready", "attempts": 2, "due": due, "error": "No space left."}, log)
        return
    if fate == "failed":
        log = {"stage": "stage", "event": "stop", "text": "A file vanished."}
        await jobs.move(job_row["id"], {"status": "failed", "attempts": 3, "due": None, "error": "A file vanished."}, log)
        return
    staged = StagedFile(f"{folder}/Part 01.m4b", f"{title} - Part 01.m4b", 367_001_600)
    await releases.update(
        release_id, described=facts, staged=[staged], staging_dir=f"/srv/staging/{title}", infohash=f"{number:040x}",
        torrent_path=f"/srv/torrents/{title}.torrent", media=[{"duration_ms": 36_660_000, "codec": "AAC"}],
        edits={"title": f"{title}!"} if number == 0 else {},
    )  # fmt: skip
    waiting = {
        "stage": "approve", "lane": "general", "status": "waiting", "topic": topic("decision", release_id), "due": None,
        "data": {"enrich_at": (START + timedelta(days=7)).isoformat()}, "context": {"waiting_for": "a decision"},
    }  # fmt: skip
    await jobs.move(job_row["id"], waiting, {"stage": "check", "event": "done", "text": ""})
    if fate in ("approved", "rejected", "done"):
        verb: Decision = "reject" if fate == "rejected" else "approve"
        await decisions.decide(release_id, verb, by="ada", door="cli", reason="two editions" if verb == "reject" else None)
    end = {"rejected": ("approve", "cancelled"), "done": ("record", "done")}.get(fate)
    if end:
        log = {"stage": end[0], "event": "stop" if fate == "rejected" else "done", "text": "two editions"}
        await jobs.move(job_row["id"], {"stage": end[0], "status": end[1], "due": None, "topic": None}, log)


def _imported() -> dict[str, object]:
    return {
        "asin": "B0IMPORTED", "title": "From Another Tool", "author": "A. B. Sea, C. Dee", "staging_dir": "/old/x",
        "torrent_path": "/old/x.torrent", "infohash": "ab" * 20, "status": "done", "error": None, "attempts": 0,
    }  # fmt: skip


async def _small_tables(store: Store) -> None:
    await StateStore(store).put("autopilot", {"on": True, "by": "ada", "at": START.isoformat()})
    schedules = ScheduleStore(store)
    await schedules.agree({"scan": "6h", "discover": "30m", "full_read": "0 4 * * *", "retention": "off"})
    await schedules.ran("scan", "Libation's container is stopped. Start it.")
    await schedules.ran("discover", None)
    wishes = WishStore(store)
    done = await wishes.add("prepare", {"reference": None}, door="cli")
    await wishes.finish(done, result={"releases": []}, error=None, exit_code=0)
    await wishes.add("discover", {"everything": True, "rescan": False}, door="cli")
    library = LibraryStore(store)
    await library.save_index(LIBRARY, bytes(range(256)) * 8, START)
    await library.pass_over([(f"{LIBRARY}/Empty", "no audio"), (NOT_UTF8 + "/Extras", "unfinished: a.aax")])
    await CacheStore(store).put("audnex", "book:us:B0LANTERN1", {"title": "The Lantern Keeper", "rating": "4.6"})
    async with store.write() as connection:
        away = {"system": "audnex", "failures": 3, "since": START, "until": START + timedelta(minutes=15)}
        await connection.execute(sa.insert(breaker).values(error="audnex does not answer.", **away))


async def _discord_and_alerts(store: Store) -> None:
    cards = CardStore(store)
    shown = await cards.want("release", "01JBQ0000000000000000000A1", 100000000000000001)
    await cards.attempt(shown.id)
    await cards.posted(shown.id, 100000000000000002, "ab" * 32, closed=False)
    await cards.want("release", "01JBQ0000000000000000000A2", 100000000000000001)
    await RuleStore(store).make("author", "Jürgen Groß", key="jürgen groß", verb="approve", by="ada")
    alerts = AlertStore(store, AlertPlan())
    for name in ("system_down", "system_up", "system_down", "system_down"):
        await alerts.add(alert(name, "audnex", system="Audnex", reason="audnex does not answer."))
    told, *_ = await alerts.due()
    await alerts.sent({told.id: ["JSON (phone)"]})
    await alerts.missed(await alerts.due(), "JSON (phone): it answered 500", {told.id + 1: []})


async def _account(store: Store, clock: SimulatedClock) -> None:
    log, bought, modes = AccountLog(store), PurchaseStore(store), ModeStore(store)
    for day in range(3):
        await log.add(
            Account(
                clock.now(), "VIP", 2_000 + day, 1_000, math.inf if day == 0 else 2.0, 30_000.5 + day, 7,
                START + timedelta(days=60), 4, 150, "yes", {"sSat": 12},
            )
        )  # fmt: skip
        clock.shift(86_400)
    seen = await log.last()
    assert seen is not None
    vip = await bought.intend(Intent("vip", 4.5, 5_625, "end", "guard", "guard"), per_day=2)
    assert vip is not None
    await bought.begin(vip.id, seen, 4.5, 5_625)
    await bought.finish(vip.id, "confirmed", balance_after=24_378.5)
    await bought.intend(Intent("upload", 50, 25_000, "cap", "guard", "guard"), per_day=2, asking=True)
    begun = await modes.move(None, ModeState("emergency", START), 0.98)
    await modes.note(begun, seeding=12, waiting=["Quiet Water"])
    await modes.move(begun, ModeState("caution", clock.now()), 1.07)
    await FreezeStore(store).put("all", "ada froze everything.", by="ada")
    changes = [Change("", "up_limit", 1024, 0), Change("ab" * 20, "forced", False, True)]
    await ClientChangeStore(store).remember(changes)
    await ClientChangeStore(store).applied(changes[:1])


async def _rows(store: Store, table: sa.Table) -> int:
    async with store.read() as connection:
        return int((await connection.execute(sa.select(sa.func.count()).select_from(table))).scalar_one())


def main() -> None:
    target = FOLDER / f"{HEAD}.db"
    if target.exists():
        raise SystemExit(f"{target} exists: what a version left behind is not made again.")
    with tempfile.TemporaryDirectory() as scratch:
        made = Path(scratch) / "made.db"
        asyncio.run(fill(made))
        with sqlite3.connect(made) as connection:
            connection.execute("PRAGMA journal_mode=DELETE")  # one file, nothing beside it
            connection.execute("VACUUM")
        connection.close()
        target.write_bytes(made.read_bytes())
    print(f"Made {target}.")


if __name__ == "__main__":
    main()
