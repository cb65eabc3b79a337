"""The one page that builds every room in order."""

from __future__ import annotations

import asyncio
import logging
import tempfile
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from core.breaker import Breakers
from core.clock import Clock, SystemClock
from core.config import Configuration
from core.domain.path_maps import PathMaps
from core.errors import MousekeeperError
from core.events import Events
from core.guard.build import GuardRows, build_guard
from core.guard.monitor import Guard
from core.guard.tracker import MamAccount
from core.health import Check
from core.jobs.engine import Engine
from core.jobs.scheduler import Scheduler
from core.jobs.story import tell
from core.log import Scrubber, secrets_of
from core.services.alert_sources import AlertSources
from core.services.alerts import Alerts, alert_plan, alert_services
from core.services.at_work import AtWork
from core.services.autopilot import Autopilot
from core.services.discord_health import DiscordHealth
from core.services.disks import Disks
from core.services.doctor import Doctor
from core.services.duties import duties_of_uploads
from core.services.enrichment import Enrichment
from core.services.health import Health
from core.services.libation import LibationService
from core.services.outside import Outside
from core.services.overview import Overview, UploadsAtAGlance
from core.services.regular import Regular
from core.services.release_card import ReleaseCards
from core.services.rules import Rules
from core.services.runner import Runner
from core.services.shelf import Shelf
from core.services.system import System
from core.services.tracker import Tracker
from core.services.transfers import Transfers
from core.services.uploads import Uploads
from core.services.wishes import Handler, Wishes
from core.store import schema
from core.store.alerts import AlertStore
from core.store.cards import CardStore
from core.store.decisions import DecisionStore
from core.store.engine import Store
from core.store.glance import GlanceStore
from core.store.jobs import JobStore
from core.store.releases import ReleaseStore
from core.store.rules import RuleStore
from core.store.small import CacheStore, LibraryStore, ScheduleStore, StateStore, WishStore
from core.upload.intake import Librarian
from core.upload.kit_files import write_kit
from core.upload.pipeline import LANES, upload_pipeline
from core.upload.rooms import UploadRooms
from core.upload.stage import sweep_staging
from core.upload.stages.publish import WITHOUT_CLIENT

LOG = logging.getLogger(__name__)

THREADS = 32

Mode = Literal["look", "write", "work", "serve"]


@dataclass(frozen=True)
class App:
    """Everything built and ready, for a command or for the service."""

    config: Configuration
    mode: Mode
    clock: Clock
    scrub: Scrubber
    events: Events
    breakers: Breakers
    store: Store
    state: StateStore
    jobs: JobStore
    engine: Engine
    runner: Runner
    regular: Regular
    scheduler: Scheduler
    wish_store: WishStore
    wishes: Wishes
    cards: CardStore
    glance: GlanceStore
    shelf: Shelf
    release_cards: ReleaseCards
    rules: Rules
    uploads: Uploads
    libation: LibationService
    autopilot: Autopilot
    alert_store: AlertStore
    alerts: Alerts
    system: System
    health: Health
    at_work: AtWork
    overview: Overview
    tracker: Tracker
    guard: Guard | None
    transfers: Transfers
    outside: Outside


@asynccontextmanager
async def open_app(config: Configuration, mode: Mode, clock: Clock | None = None) -> AsyncIterator[App]:
    """Build the program.

    `look` reads only; `write` changes rows beside a service; `work` and `serve` run stages and need the
    data folder's lock, which the caller holds.
    """
    clock = clock or SystemClock()
    # a thread that hangs on a dead share must not take the place of heartbeat and hashing: the default is few
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS, "mousekeeper"))
    async with AsyncExitStack() as stack:
        store = await _open_store(config, mode, clock, stack)
        stack.push_async_callback(store.close)
        outside = Outside(config, clock, StateStore(store))
        stack.push_async_callback(outside.close)
        breakers = Breakers(store, events := Events())
        tell(events)
        await breakers.load()
        app = _wire(config, mode, clock, store, events, breakers, outside)
        stack.push_async_callback(app.transfers.close)
        if mode in ("work", "serve"):
            every = config.settings.schedules.model_dump(include=set(app.regular.table()))
            await ScheduleStore(store).agree(every)
            await _sweep(config.staging_root)
            await app.engine.recover()
            if outside.qbittorrent is not None:
                await app.jobs.release_waits(WITHOUT_CLIENT.topic)
        yield app


def _wire(
    config: Configuration,
    mode: Mode,
    clock: Clock,
    store: Store,
    events: Events,
    breakers: Breakers,
    outside: Outside,
) -> App:
    scrub = Scrubber(secrets_of(config.settings))

    # rows
    jobs = JobStore(store)
    releases = ReleaseStore(store, jobs)
    decisions = DecisionStore(store, jobs, releases)
    cards, rules, glance = CardStore(store), RuleStore(store), GlanceStore(store)
    library, state, cache = LibraryStore(store), StateStore(store), CacheStore(store)
    schedules, wish_store = ScheduleStore(store), WishStore(store)
    plan = alert_plan(config.settings)
    alert_store = AlertStore(store, plan, scrub)

    # the pipeline and the machine that runs it
    rooms = UploadRooms(
        config=config,
        clock=clock,
        events=events,
        breakers=breakers,
        releases=releases,
        decisions=decisions,
        rules=rules,
        inspector=outside.inspector,
        sources=outside.sources(cache, breakers),
        builder=lambda: outside.builder,
        qbittorrent=outside.qbittorrent,
        client_paths=PathMaps.of(config.settings.path_maps, "qbittorrent"),
    )
    engine = Engine(jobs, [upload_pipeline(rooms)], LANES, events, scrub)
    runner = Runner(engine, jobs, events, breakers, alone=mode != "serve")

    # the doors
    shelf = Shelf(config, releases, jobs, library)
    libation = LibationService(config, state, lambda: outside.containers)
    autopilot = Autopilot(config, clock, state, schedules)
    enrichment = Enrichment(rooms, jobs)
    uploads = Uploads(
        clock=clock,
        shelf=shelf,
        releases=releases,
        decisions=decisions,
        librarian=Librarian(config, releases, library, state),
        runner=runner if mode in ("work", "serve") else None,
        enrichment=enrichment,
        write_kit=partial(write_kit, rooms),
        torrent_output=config.torrent_output,
    )
    disks = Disks(config.folders(), clock)
    health = Health(config, breakers, disks, schedules, cards)
    alerts = Alerts(
        plan=plan,
        entries=alert_services(config.settings),
        clock=clock,
        events=events,
        store=alert_store,
        sources=AlertSources(alert_store, releases, breakers, disks),
    )
    health.add(Check("alerts", alerts.check))
    health.add(Check("discord", DiscordHealth(config, state, clock, live=mode == "serve").check))
    doctor = Doctor(config, health, outside.qbittorrent, libation, alerts)
    system = System(config, doctor, shelf, alerts, scrub)
    rows = GuardRows.of(store)
    guard = None
    if mode in ("work", "serve") and (mam := outside.mam_or_none()) is not None:
        guard = build_guard(
            config.settings,
            rows,
            MamAccount(mam),
            outside.qbittorrent,
            alerts=alert_store,
            releases=releases,
            clock=clock,
            breakers=breakers,
            events=events,
            may_spend=autopilot.on,
            is_tracker_host=outside.is_tracker_host,
        )
    tracker = Tracker(
        config.settings,
        clock,
        rows=rows,
        duties=partial(duties_of_uploads, releases),
        guard=guard,
        fault=outside.mam_fault,
    )
    health.add(Check("account", tracker.check))
    overview = Overview(
        clock=clock,
        autopilot=autopilot,
        pipelines=[UploadsAtAGlance(glance, releases)],
        glance=glance,
        at_work=(at_work := AtWork(events, clock)),
        disks=disks,
        health=health,
        account=tracker.line,
    )
    transfers = Transfers(
        outside.qbittorrent,
        breakers,
        clock,
        category=config.settings.qbittorrent.category,
        tags=config.settings.qbittorrent.tags,
    )

    # what happens by itself, and what others ask for in rows
    regular = Regular(
        config=config,
        clock=clock,
        releases=releases,
        engine=engine,
        jobs=jobs,
        wishes=wish_store,
        cache=cache,
        uploads=uploads,
        libation=libation,
        enrichment=enrichment,
        account_log=rows.log,
    )
    scheduler = Scheduler(schedules, clock, config.settings.timezone, regular.table(), autopilot.resting)
    handlers: dict[str, Handler] = {
        "discover": uploads.discover,
        "prepare": uploads.prepare,
        "run_stage": uploads.run_stage,
        "scan": libation.scan,
        "account": tracker.refresh,
        "buy_upload": tracker.buy_upload_now,
    }
    return App(
        config=config,
        mode=mode,
        clock=clock,
        scrub=scrub,
        events=events,
        breakers=breakers,
        store=store,
        state=state,
        jobs=jobs,
        engine=engine,
        runner=runner,
        regular=regular,
        scheduler=scheduler,
        wish_store=wish_store,
        wishes=Wishes(wish_store, handlers, scrub),
        cards=cards,
        glance=glance,
        shelf=shelf,
        release_cards=ReleaseCards(config, releases),
        rules=Rules(rules),
        uploads=uploads,
        libation=libation,
        autopilot=autopilot,
        alert_store=alert_store,
        alerts=alerts,
        system=system,
        health=health,
        at_work=at_work,
        overview=overview,
        tracker=tracker,
        guard=guard,
        transfers=transfers,
        outside=outside,
    )


async def _sweep(staging_root: Path) -> None:
    """Remove half-made release folders; a staging folder that refuses is the stages' to tell of."""
    try:
        await asyncio.to_thread(sweep_staging, staging_root)
    except (OSError, MousekeeperError) as error:
        LOG.warning("What earlier runs left in %s could not be removed: %s", staging_root, error)


async def _open_store(config: Configuration, mode: Mode, clock: Clock, stack: AsyncExitStack) -> Store:
    if mode == "write":
        schema.require_current(config.database)  # the service beside us would not survive a migration
    if mode != "look":
        return await Store.open(config.database, clock)
    if config.database.exists():
        return await Store.open_readonly(config.database, clock)
    # nothing was ever written: look at an empty database instead of making one
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="mousekeeper-"))
    return await Store.open(Path(folder) / "empty.db", clock)
