"""The table of events, the rules over it, quiet hours through the changes of the clock."""

from __future__ import annotations

import re
import string
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.alert_event import AlertEvent
from core.domain.alert_events import BY_NAME, EVENTS, FACT_LENGTH, KEY_LENGTH, alert, plain
from core.domain.alert_plan import AlertPlan, QuietHours, parse_services, parse_tag


def facts_of(event: AlertEvent) -> set[str]:
    texts = (event.title, event.happened, event.done, event.to_do)
    return {name for text in texts for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.name)
def test_every_event_says_what_happened_in_a_few_lines(event: AlertEvent) -> None:
    told = alert(event.name, "it", **dict.fromkeys(facts_of(event), "Something"))
    assert told.key == f"{event.thing}:it"
    assert len(event.name) <= 40
    assert len(told.title) <= 60
    lines = told.text.split("\n")
    assert 2 <= len(lines) <= 3
    assert all(line.endswith((".", "Something", "!")) for line in lines)
    assert len(told.text) <= 400
    if event.severity != "ok":
        assert event.to_do, "a person should know what to do"


def test_every_event_is_explained_to_people() -> None:
    guide = (Path(__file__).resolve().parents[3] / "docs/operations.md").read_text("utf-8")
    assert [event.name for event in EVENTS if f"`{event.name}`" not in guide] == []


def test_names_are_told_apart() -> None:
    assert len(BY_NAME) == len(EVENTS)


def test_a_fact_that_is_missing_is_the_programs_fault() -> None:
    with pytest.raises(KeyError):
        alert("system_down", "x", system="X")
    with pytest.raises(KeyError):
        alert("no_such_event", "x")


@given(st.text())
def test_a_fact_is_one_short_line_that_calls_nobody(text: str) -> None:
    line = plain(text)
    assert len(line.splitlines()) <= 1
    assert len(line) <= FACT_LENGTH
    assert not re.search(r"@everyone|@here|<@\d|<!channel", line)
    line.encode()


def test_calls_are_taken_apart() -> None:
    assert plain("hi @everyone <@123> <@&9> <!channel> a@b.c") == (
        "hi @\u200beveryone <@\u200b123> <@\u200b&9> <!\u200bchannel> a@b.c"
    )


def test_long_facts_and_keys_are_cut() -> None:
    told = alert("system_down", "k" * 500, system="s" * 500, reason="r" * 5000)
    assert len(told.key) == KEY_LENGTH
    assert len(told.title) <= 120
    assert "…" in told.text


# --- rules -------------------------------------------------------------------------------------------------------


def test_without_rules_every_service_hears_all_but_the_frequent() -> None:
    plan = AlertPlan()
    assert plan.tags("system_down") == ("all",)
    assert plan.tags("approval_waiting") == ()
    assert plan.tags("an_event_of_later") == ("all",)


def test_a_rule_of_its_own_beats_the_one_for_the_rest() -> None:
    plan = AlertPlan(
        {"system_down": ("phone",), "system_up": (), "*": ("desk",), "approval_waiting": ("all",)}
    )
    assert plan.tags("system_down") == ("phone",)
    assert plan.tags("system_up") == ()
    assert plan.tags("disk_low") == ("desk",)
    assert plan.tags("approval_waiting") == ("all",)
    assert plan.tags("upload_waiting") == (), "the rule for the rest does not name it"
    assert AlertPlan({"*": ()}).tags("disk_low") == ()
    assert AlertPlan({"*": ("all",)}, on=False).tags("disk_low") == ()


def test_spacing_is_the_longer_of_both() -> None:
    assert AlertPlan(cool_down=timedelta(minutes=1)).spacing("disk_low") == timedelta(days=1)
    assert AlertPlan(cool_down=timedelta(days=9)).spacing("disk_low") == timedelta(days=9)
    assert AlertPlan().spacing("unknown") == timedelta(minutes=15)


# --- quiet hours -------------------------------------------------------------------------------------------------


def berlin(text: str, hours: str = "22:00-07:00") -> str | None:
    """When the quiet over this moment in Berlin (given in UTC) ends, in UTC."""
    until = QuietHours.parse(hours).until(datetime.fromisoformat(f"{text}+00:00"), "Europe/Berlin")
    return until.strftime("%m-%d %H:%M") if until else None


@pytest.mark.parametrize(
    ("utc", "until"),
    [
        ("2026-11-02 20:59", None),
        ("2026-11-02 21:00", "11-03 06:00"),
        ("2026-11-03 03:00", "11-03 06:00"),
        ("2026-11-03 05:59", "11-03 06:00"),
        ("2026-11-03 06:00", None),
        ("2026-03-28 22:00", "03-29 05:00"),  # summer time begins in this night
        ("2026-10-24 21:00", "10-25 06:00"),  # and ends in this one
        ("2026-12-31 23:30", "01-01 06:00"),
    ],
)
def test_quiet_over_midnight(utc: str, until: str | None) -> None:
    assert berlin(utc) == until


@pytest.mark.parametrize(
    ("utc", "until"),
    [
        ("2026-10-25 00:15", "10-25 01:30"),  # 2:15 in summer time; 2:30 comes twice
        ("2026-10-25 01:15", "10-25 01:30"),  # 2:15 again
        ("2026-03-29 00:45", "03-29 01:30"),  # 1:45; 2:30 never comes
    ],
)
def test_quiet_that_ends_while_the_clock_is_changed(utc: str, until: str) -> None:
    assert berlin(utc, "01:00-02:30") == until


def test_quiet_within_a_day() -> None:
    assert berlin("2026-11-02 12:00", "13:00-15:00") == "11-02 14:00"
    assert berlin("2026-11-02 14:00", "13:00-15:00") is None
    assert berlin("2026-11-02 11:59", "13:00-15:00") is None


@given(st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)), st.times(), st.times())  # noqa: DTZ001
def test_quiet_always_ends_within_a_day_or_so(now: datetime, begin: object, end: object) -> None:
    if begin == end:
        return
    moment = now.replace(tzinfo=UTC)
    until = QuietHours(begin, end).until(moment, "America/New_York")  # type: ignore[arg-type]
    assert until is None or timedelta() < until - moment <= timedelta(hours=25)


@pytest.mark.parametrize("text", ["", "22:00", "22-7", "24:00-07:00", "07:00-07:00", "22:60-07:00"])
def test_what_is_no_span_of_the_day(text: str) -> None:
    with pytest.raises(ValueError, match="two different times of day"):
        QuietHours.parse(text)


def test_the_urgent_does_not_wait() -> None:
    plan = AlertPlan(quiet=QuietHours.parse("00:00-23:59"))
    noon = datetime(2026, 11, 2, 12, tzinfo=UTC)
    assert plan.hushed_until("urgent", noon) is None
    assert plan.hushed_until("error", noon) == datetime(2026, 11, 2, 23, 59, tzinfo=UTC)


# --- the notation of APPRISE_URLS ----------------------------------------------------------------------------------


def test_entries_with_and_without_tags() -> None:
    found = parse_services("a,B=json://h/x?q=1&r=2\n\ttgram://1:2/3  =json://h  x.y-z_1=json://h/,/=")
    assert [(entry.position, set(entry.tags), entry.url) for entry in found] == [
        (1, {"a", "b"}, "json://h/x?q=1&r=2"),
        (2, set(), "tgram://1:2/3"),
        (3, set(), "json://h"),
        (4, {"x.y-z_1"}, "json://h/,/="),
    ]
    assert "json" not in repr(found), "an address is a secret"


def test_tags_are_compared_without_case() -> None:
    assert parse_tag("Phone") == "phone"
    with pytest.raises(ValueError, match="must be a tag"):
        parse_tag("two words")
