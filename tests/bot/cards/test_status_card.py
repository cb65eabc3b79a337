"""The status and health cards: what they say in both languages, and that nothing that comes breaks them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.cards.status import health_card, overview_card
from core.domain.guard.ratio_policy import MODES
from core.domain.release import STATES
from core.health import Finding
from core.services.at_work import Progressing
from core.services.autopilot import AutopilotState, Regularly
from core.services.disks import Disk
from core.services.health import SystemHealth
from core.services.overview import AccountLine, Counts, Running, Snapshot
from core.upload.pipeline import STAGES
from tests.bot.cards.faces import TEXTS, buttons, components, status_buttons, text, walk
from tests.world.clock import START

GIB, TIB = 2**30, 2**40
T0 = int(START.timestamp())


def minutes(count: float) -> Any:
    return START + timedelta(minutes=count)


QUIET = Snapshot(
    at=START,
    version="0.2.0",
    autopilot=AutopilotState(on=False, by=None, at=None, schedules=()),
    pipelines=(Counts("upload", ()),),
    running=(),
    disks=(Disk(("data", "staging", "library"), Path("/data"), free=412 * GIB, total=2 * TIB),),
    account=None,
    systems=(),
    faults=(),
)
BUSY = replace(
    QUIET,
    autopilot=AutopilotState(
        on=True,
        by="ada",
        at=minutes(-90),
        schedules=(
            Regularly("discover", "30m", minutes(-20), None, minutes(10)),
            Regularly("enrich", "1d", None, None, minutes(-1)),
            Regularly("retention", "off", None, None, None),
            Regularly("scan", "6h", minutes(-60), None, minutes(300)),
        ),
    ),
    pipelines=(
        Counts("upload", (("discovered", 12), ("awaiting_approval", 3), ("seeding", 31), ("failed", 1))),
    ),
    running=(
        Running("upload", "01A", "The Salt Road", "build", minutes(-2), Progressing("build", 0.42, 190, "")),
        Running("upload", "01B", "*Wren* & Co", "publish", minutes(-1), None),
    ),
    disks=(
        Disk(("data", "staging"), Path("/data"), free=412 * GIB, total=2 * TIB),
        Disk(("library",), Path("/srv"), fault="does not answer"),
    ),
    account=AccountLine(
        mode="caution",
        seen=minutes(-5),
        user_class="VIP",
        ratio=2.456,
        points=12_345,
        wedges=4,
        vip_until=minutes(60 * 24 * 40),
        unsatisfied=3,
        unsatisfied_limit=50,
    ),
    systems=(
        SystemHealth(
            "qbittorrent", "qBittorrent", "refused", text="It refuses us.", fix="Check QB_PASSWORD."
        ),
        SystemHealth("audnex", "Audnex", "away", since=minutes(-30), until=minutes(15), text="No answer."),
        SystemHealth("audible", "Audible catalogue", "answers"),
    ),
    faults=(
        Finding("disk", "error", "/srv (library) cannot be looked at: does not answer.", "Check the mount."),
        Finding("announce", "notice", "MAM_ANNOUNCE_URL is not set.", "Copy it."),
    ),
)


async def test_all_quiet() -> None:
    view = overview_card(QUIET, TEXTS, "en", status_buttons())
    assert text(view) == (
        "## Mousekeeper\n🟢 All is well.\n**Autopilot** off: nothing starts by itself\n\n"
        "**Uploads**\nnothing yet\n\n"
        "**At work**\nnothing at the moment\n\n"
        "**Disk**\n▰▰▰▰▰▰▰▰▰▱▱▱ 412 GiB free of 2.0 TiB\n-# data, staging, library\n\n"
        f"-# Mousekeeper 0.2.0 · as of <t:{T0}:R>"
    )
    assert buttons(view) == {f"mk1:status:all:{verb}": True for verb in ("refresh", "downloads", "health")}
    assert components(view)[0]["accent_color"] == 0x23A55A


async def test_all_that_there_is() -> None:
    assert text(overview_card(BUSY, TEXTS, "en", status_buttons())) == (
        "## Mousekeeper\n🔴 2 things need somebody.  🟠 1 thing is not as it should be.\n"
        f"**Autopilot** on\n-# by ada, <t:{T0 - 5400}:R> · "
        f"next: asking the catalogues now, looking for books <t:{T0 + 600}:R>\n\n"
        "**Uploads**\n12 discovered · **3 awaiting approval** · 31 seeding · **1 failed**\n\n"
        "**At work**\nThe Salt Road · building the torrent\n▰▰▰▰▰▱▱▱▱▱▱▱ 42 % · 3 min left\n"
        f"\\*Wren\\* & Co · adding it to qBittorrent\n-# since <t:{T0 - 60}:R>\n\n"
        "**Disk**\n▰▰▰▰▰▰▰▰▰▱▱▱ 412 GiB free of 2.0 TiB\n-# data, staging\n🔴 library: does not answer\n\n"
        "**Account**\n🟠 ratio getting low · VIP · ratio 2.46 · 12,345 points · 4 wedges · "
        f"VIP until <t:{T0 + 3_456_000}:d> · 3 of 50 unsatisfied · seen <t:{T0 - 300}:R>\n\n"
        "**Health**\n🔴 **qBittorrent** refuses us: It refuses us.\n"
        f"🟠 **Audnex** is away since <t:{T0 - 1800}:R>, asked again <t:{T0 + 900}:R>\n"
        "🔴 /srv (library) cannot be looked at: does not answer.\n🔵 1 notice under Health\n\n"
        f"-# Mousekeeper 0.2.0 · as of <t:{T0}:R>"
    )


async def test_in_german() -> None:
    said = text(overview_card(BUSY, TEXTS, "de", status_buttons()))
    assert "🔴 2 Sachen brauchen jemanden." in said
    assert "**3 warten auf Freigabe**" in said
    assert "412 GiB von 2,0 TiB frei\n-# Daten, Bereitstellung" in said
    assert "Ratio 2,46" in said


async def test_health_says_what_to_do() -> None:
    view = health_card(BUSY, TEXTS, "en", status_buttons())
    assert text(view) == (
        "## Health\n🔴 2 things need somebody.  🟠 1 thing is not as it should be.\n\n"
        "🔴 **disk**: /srv (library) cannot be looked at: does not answer.\n-# Check the mount.\n"
        "🔵 **announce**: MAM\\_ANNOUNCE\\_URL is not set.\n-# Copy it.\n\n"
        "🔴 **qBittorrent** refuses us: It refuses us.\n-# Check QB\\_PASSWORD.\n"
        f"🟠 **Audnex** is away since <t:{T0 - 1800}:R>: No answer.\n-# asked again <t:{T0 + 900}:R>\n"
        "🟢 These answer: Audible catalogue.\n\n"
        f"-# Mousekeeper 0.2.0 · as of <t:{T0}:R>"
    )
    assert list(buttons(view)) == ["mk1:status:all:again", "mk1:status:all:overview"]
    assert "🟢 All is well." in text(health_card(QUIET, TEXTS, "en", status_buttons()))


async def test_the_board_changes_only_when_something_happens() -> None:
    later = replace(BUSY, at=minutes(8))  # no schedule and no pause has ended meanwhile
    boards = [overview_card(each, TEXTS, "en", status_buttons(), board=True) for each in (BUSY, later)]
    assert components(boards[0]) == components(boards[1])
    assert "as of" not in text(boards[0])
    assert list(buttons(boards[0])) == ["mk1:board:board:downloads", "mk1:board:board:health"]


async def test_what_hardly_changed_is_no_change() -> None:
    """Bytes that come and go, a second more of work, a few points: an edit nobody would see."""
    disk = replace(QUIET.disks[0], free=412 * GIB + 150 * 2**20)
    running = replace(BUSY.running[0], progress=Progressing("build", 0.4249, 185, "hashing"))
    account = replace(BUSY.account, seen=minutes(0), points=12_399)  # type: ignore[type-var]  # there is one
    before = replace(QUIET, running=(BUSY.running[0],), account=BUSY.account)
    after = replace(QUIET, running=(running,), disks=(disk,), account=account)
    one, other = (overview_card(each, TEXTS, "en", status_buttons(), board=True) for each in (before, after))
    assert components(one) == components(other)


async def test_the_board_says_when_the_account_was_not_seen_for_long() -> None:
    old = replace(QUIET, account=BUSY.account, at=minutes(180))
    assert f"seen <t:{T0 - 300}:R>" in text(overview_card(old, TEXTS, "en", status_buttons(), board=True))


@pytest.mark.parametrize("language", ["en", "de"])
async def test_every_word_of_the_core_has_a_name(language: str) -> None:
    keys = TEXTS.keys(language)
    assert {f"status.states.{state}" for state in STATES} <= keys
    assert {f"status.stages.{name}" for name, _, _ in STAGES} <= keys
    assert {f"status.schedules.{name}" for name in ("scan", "discover", "enrich", "retention")} <= keys
    assert {f"status.modes.{mode}" for mode in MODES} <= keys
    assert {f"status.folders.{name}" for name in ("data", "staging", "torrents", "library")} <= keys


async def test_words_of_another_version_stand_as_they_are() -> None:
    odd = replace(
        QUIET,
        pipelines=(Counts("brew_tea", (("too_hot", 2),)),),
        running=(Running("brew_tea", "X", "Tea", "pour_it", START, None),),
    )
    said = text(overview_card(odd, TEXTS, "de", status_buttons()))
    assert "**brew tea**\n2 too hot" in said
    assert "Tea · pour it" in said


NASTY = st.text(st.characters(codec=None), max_size=400) | st.sampled_from(
    ["@everyone " * 40, "*" * 400, "🐭" * 400, "\n" * 400, "W" * 400, "<@1>" * 100, "`" * 400]
)
NUMBER = st.floats(allow_nan=True, allow_infinity=True)
COUNT = st.integers(-(2**70), 2**70)
MOMENT = st.integers(-(10**9), 10**9).map(lambda seconds: START + timedelta(seconds=seconds))
SNAPSHOTS = st.builds(
    Snapshot,
    at=MOMENT,
    version=st.just("1"),
    autopilot=st.builds(
        AutopilotState,
        on=st.booleans(),
        by=NASTY | st.none(),
        at=MOMENT | st.none(),
        schedules=st.lists(
            st.builds(
                Regularly,
                name=NASTY.map(lambda text: text[:40]),
                every=NASTY,
                last_run=st.none(),
                last_error=st.none(),
                next_run=MOMENT | st.none(),
            ),
            max_size=8,
        ).map(tuple),
    ),
    pipelines=st.lists(
        st.builds(Counts, kind=NASTY, states=st.lists(st.tuples(NASTY, COUNT), max_size=20).map(tuple)),
        max_size=6,
    ).map(tuple),
    running=st.lists(
        st.builds(
            Running,
            kind=NASTY,
            subject=NASTY,
            title=NASTY,
            stage=NASTY,
            since=MOMENT,
            progress=st.none() | st.builds(Progressing, NASTY, NUMBER | st.none(), NUMBER | st.none(), NASTY),
        ),
        max_size=30,
    ).map(tuple),
    disks=st.lists(
        st.builds(
            Disk,
            folders=st.lists(NASTY, max_size=5).map(tuple),
            place=st.just(Path("/x")),
            free=COUNT | st.none(),
            total=COUNT | st.none(),
            fault=NASTY,
        ),
        max_size=8,
    ).map(tuple),
    account=st.none()
    | st.builds(AccountLine, NASTY, MOMENT, NASTY, NUMBER, COUNT, COUNT, MOMENT | st.none(), COUNT, COUNT),
    systems=st.lists(
        st.builds(
            SystemHealth,
            system=NASTY,
            name=NASTY,
            state=st.sampled_from(["answers", "away", "refused"]),
            since=MOMENT | st.none(),
            until=MOMENT | st.none(),
            text=NASTY,
            fix=NASTY,
        ),
        max_size=20,
    ).map(tuple),
    faults=st.lists(
        st.builds(Finding, NASTY, st.sampled_from(["notice", "warning", "error"]), NASTY, NASTY), max_size=40
    ).map(tuple),
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(snapshot=SNAPSHOTS, language=st.sampled_from(["en", "de", "en-US", "ja", None]))
async def test_whatever_comes_a_message_can_hold_it(snapshot: Snapshot, language: str | None) -> None:
    views = [overview_card(snapshot, TEXTS, language, status_buttons(), board=b) for b in (True, False)]
    for view in (*views, health_card(snapshot, TEXTS, language, status_buttons())):
        payload = components(view)  # held against the laws: 40 components, 4,000 characters, nothing empty
        said = "".join(each.get("content", "") for each in walk(payload))
        assert "-# \n" not in f"{said}\n"
        assert len(said.encode("utf-16-le")) // 2 <= 4000
        assert "@everyone" not in said
