"""What an emergency changes: nothing twice, nothing a person set, and everything comes back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.guard.emergency import (
    PROGRAM,
    Change,
    Measures,
    Torrent,
    plan_changes,
    plan_restoring,
    plan_stops,
)

SETTINGS = {"up_limit": 10_240, "alt_up_limit": 0, "max_uploads": 20, "max_active_uploads": -1}


def seeding(**more: Any) -> Torrent:
    return replace(Torrent("aa", "A", True, True, False, True, 0, 1.0, 0), **more)


def taking(**more: Any) -> Torrent:
    return replace(Torrent("bb", "B", False, True, False, False, 0, 0.4, 600), **more)


def plan(
    torrents: list[Torrent], known: list[Change] | None = None, **more: Any
) -> set[tuple[str, str, Any, Any]]:
    rest: dict[str, Any] = {"costs": {"bb"}, "freeze": True, "measures": Measures(), **more}
    found = plan_changes(torrents, rest.pop("settings", {}), {c.key: c for c in known or []}, **rest)
    return {(change.infohash, change.field, change.before, change.after) for change in found}


def test_what_is_complete_seeds_as_hard_as_it_can() -> None:
    assert plan([seeding()]) == {("aa", "forced", False, True)}
    assert plan([seeding(idle=False)]) == set()  # it gives already
    assert plan([seeding(running=False, idle=False, upload_limit=5)]) == {
        ("aa", "running", False, True), ("aa", "forced", False, True), ("aa", "upload_limit", 5, 0),
    }  # fmt: skip
    assert plan([seeding()], measures=Measures(seed_harder=False)) == set()


def test_downloads_that_cost_are_stopped_unless_nearly_done() -> None:
    assert plan([taking()]) == {("bb", "running", True, False)}
    assert plan([taking(forced=True)]) == {("bb", "running", True, False), ("bb", "forced", True, False)}
    assert plan([taking(progress=0.95)]) == set()
    assert plan([taking()], costs=set()) == set()
    assert plan([taking()], freeze=False) == set()


def test_limits_are_only_ever_raised() -> None:
    assert plan([], settings=SETTINGS) == {
        (PROGRAM, "up_limit", 10_240, 0), (PROGRAM, "max_uploads", 20, -1),
    }  # fmt: skip
    assert plan([], settings=SETTINGS, measures=Measures(upload_limit=9_000)) == {
        (PROGRAM, "max_uploads", 20, -1)
    }
    half = plan([seeding(idle=False, upload_limit=5)], measures=Measures(upload_limit=4))
    assert half == set()


def test_what_a_person_undid_stays_but_a_costly_download_is_stopped_again() -> None:
    ours = [
        Change("aa", "forced", False, True, applied=True),
        Change("bb", "running", True, False, applied=True),
    ]
    assert plan([seeding(), taking()], ours) == {("bb", "running", True, False)}
    asleep = [
        Change("aa", "running", False, True, applied=True),
        Change("aa", "forced", False, True, applied=True),
    ]
    assert plan([seeding(running=False, idle=False)], asleep) == set()


def test_what_was_written_down_and_not_done_is_done() -> None:
    killed = [Change("aa", "forced", False, True)]
    assert plan([seeding()], killed) == {("aa", "forced", False, True)}


torrents = st.builds(
    Torrent,
    infohash=st.sampled_from(["a", "b", "c", "d"]),
    name=st.just("X"),
    complete=st.booleans(),
    running=st.booleans(),
    forced=st.booleans(),
    idle=st.booleans(),
    upload_limit=st.sampled_from([0, 1, 1000]),
    progress=st.floats(0, 1),
    left=st.integers(0, 1000),
)


def done(torrents: dict[str, Torrent], settings: dict[str, int], values: dict[tuple[str, str], Any]) -> None:
    """As the client would do it; stopping ends forcing."""
    for (infohash, field), value in values.items():
        if infohash == PROGRAM:
            settings[field] = value
        else:
            torrents[infohash] = replace(torrents[infohash], **{field: value})


@given(
    st.lists(torrents, max_size=4, unique_by=lambda torrent: torrent.infohash),
    st.sets(st.sampled_from("abcd")),
)
@settings(deadline=None)
def test_everything_comes_back_and_planning_twice_plans_nothing(
    found: list[Torrent], costs: set[str]
) -> None:
    before = {torrent.infohash: torrent for torrent in found if torrent.running or not torrent.forced}
    now, settings = dict(before), dict(SETTINGS)
    rest: dict[str, Any] = {"costs": costs, "freeze": True, "measures": Measures()}
    changes = plan_changes(now.values(), settings, {}, **rest)
    done(now, settings, {change.key: change.after for change in changes})
    known = {change.key: replace(change, applied=True) for change in changes}
    again = plan_changes(now.values(), settings, known, **rest)
    assert again == []
    back = plan_restoring(known.values(), now, settings, spare=1e9)
    done(now, settings, {change.key: change.before for change in back.put_back})
    assert now == before
    assert settings == SETTINGS
    assert {change.key for change in back.done} == set(known)
    assert back.waiting == ()


def test_a_torrent_that_has_gone_and_a_value_a_person_set_are_left() -> None:
    known = [
        Change("gone", "forced", False, True, applied=True),
        Change("aa", "upload_limit", 5, 0, applied=True),
        Change(PROGRAM, "max_uploads", 20, -1, applied=True),
    ]
    back = plan_restoring(known, {"aa": seeding(upload_limit=77)}, {"max_uploads": 50}, spare=0)
    assert back.put_back == ()
    assert len(back.done) == 3


def test_downloads_go_on_as_far_as_the_ratio_bears_them() -> None:
    stopped = {name: replace(taking(), infohash=name, name=name, running=False, left=left) for name, left in
               (("big", 900), ("small", 100), ("middle", 300))}  # fmt: skip
    known = [Change(name, "running", True, False, applied=True) for name in stopped]
    back = plan_restoring(known, stopped, {}, spare=500)
    assert {change.infohash for change in back.put_back} == {"small", "middle"}
    assert [torrent.name for torrent in back.waiting] == ["big"]
    assert {change.infohash for change in back.done} == {"small", "middle"}


def test_without_vip_the_ratio_bears_the_small_ones_first() -> None:
    found = [replace(taking(), infohash=name, left=left) for name, left in (("big", 900), ("small", 100))]
    costs = {"big", "small"}
    assert {c.infohash for c in plan_stops(found, costs, spare=500, let_finish=0.9)} == {"big"}
    assert plan_stops(found, costs, spare=5_000, let_finish=0.9) == []
    assert plan_stops(found, set(), spare=0, let_finish=0.9) == []
