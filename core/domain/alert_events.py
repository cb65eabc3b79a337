"""Every event a person can be alerted of: how grave it is, and what the message says.

A text says what happened, what was done by itself, and what a person should do, in this order.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from core.domain.account_alerts import ACCOUNT_EVENTS
from core.domain.alert_event import DAY, AlertEvent
from core.domain.safe_text import cut
from core.events import Alert

KEY_LENGTH, TITLE_LENGTH, FACT_LENGTH = 160, 120, 400  # characters
EVENTS = (
    AlertEvent(
        "system_down",
        "warning",
        "system",
        "{system} is away",
        "{reason}",
        "What needs it waits and is tried again by itself, at growing intervals.",
        "See that it runs and can be reached; you hear when it is back.",
    ),
    AlertEvent(
        "system_up",
        "ok",
        "system",
        "{system} is back",
        "It answers again.",
        "What waited for it goes on by itself.",
    ),
    AlertEvent(
        "secret_refused",
        "error",
        "secret",
        "{system} refuses our credentials",
        "{reason}",
        "It is not asked again until {secret} changes.",
        "Put the right {secret} into .env and restart.",
        spacing=DAY,
    ),
    AlertEvent(
        "discord_lost",
        "warning",
        "discord",
        "Discord is not connected",
        "There is no connection since {since}: {reason}",
        "It is tried again by itself; all other work goes on.",
        "See whether Discord is down or this machine is offline; `mousekeeper approve` works meanwhile.",
    ),
    AlertEvent(
        "discord_back",
        "ok",
        "discord",
        "Discord is connected again",
        "The bot is back.",
        "Its cards are brought up to date by themselves.",
    ),
    AlertEvent(
        "discord_refused",
        "error",
        "discord",
        "Discord refuses the bot",
        "{reason}",
        "The bot does not try again until its settings change; all other work goes on.",
        "Mend {setting} and restart.",
        spacing=DAY,
    ),
    AlertEvent(
        "discord_not_invited",
        "error",
        "discord",
        "The bot is not on your Discord server",
        "It is connected to Discord, but not a member of the server {guild}.",
        "It waits, and starts to work the moment it is invited; all other work goes on.",
        "Check DISCORD_GUILD_ID, and invite the bot: {link}",
        spacing=DAY,
    ),
    AlertEvent(
        "release_failed",
        "error",
        "release",
        "{title} needs you",
        "It failed at the stage {stage}: {reason}",
        "It stays as it is, the other releases go on.",
        "Mend the cause, then `mousekeeper retry {release}`.",
    ),
    AlertEvent(
        "approval_waiting",
        "notice",
        "release",
        "{title} waits for your approval",
        "It is staged, described and its torrent is made.",
        "Nothing goes out unasked.",
        "Decide in Discord, or with `mousekeeper approve {release}`.",
        spacing=7 * DAY,
        by_name=True,
    ),
    AlertEvent(
        "upload_waiting",
        "notice",
        "release",
        "{title} waits for its upload form",
        "It is approved and its torrent is in qBittorrent, stopped.",
        "Its upload kit is written; seeding starts when you say it is uploaded.",
        "Submit the form, then press Uploaded in Discord or `mousekeeper uploaded {release}`.",
        spacing=7 * DAY,
        by_name=True,
    ),
    AlertEvent(
        "torrent_missing",
        "error",
        "torrent",
        "{title} is no longer in qBittorrent",
        "Its seeding duty is not met: {left} are left.",
        "It is looked for again by itself; nothing is added unasked.",
        "Add its torrent again, with its staged files.",
        spacing=DAY,
    ),
    AlertEvent(
        "torrent_errored",
        "error",
        "torrent",
        "{title} does not seed",
        "qBittorrent reports {reason}; {left} of its seeding duty are left.",
        "It is looked at again by itself.",
        "Check that its staged files are still there, then recheck and start it in qBittorrent.",
        spacing=DAY,
    ),
    AlertEvent(
        "torrent_stopped",
        "warning",
        "torrent",
        "{title} is stopped",
        "Its seeding duty is not met: {left} are left.",
        "It is looked at again by itself; nothing is started against your wish.",
        "Start it in qBittorrent.",
        spacing=DAY,
    ),
    AlertEvent(
        "torrent_unregistered",
        "error",
        "torrent",
        "{title} is unknown to the tracker",
        "The tracker answers: {reason}",
        "It goes on seeding; nothing is removed.",
        "See whether its upload was deleted or replaced there.",
        spacing=DAY,
    ),
    AlertEvent(
        "disk_low",
        "error",
        "disk",
        "The disk of {folder} is nearly full",
        "{left} are left there.",
        "Nothing is deleted; what needs more room waits.",
        "Make room on that disk.",
        spacing=DAY,
    ),
    AlertEvent(
        "disk_ok",
        "ok",
        "disk",
        "The disk of {folder} has room again",
        "{left} are free there.",
        "What waited for room goes on by itself.",
    ),
    *ACCOUNT_EVENTS,
)

BY_NAME: Mapping[str, AlertEvent] = MappingProxyType({event.name: event for event in EVENTS})


def alert(name: str, about: str, **facts: object) -> Alert:
    """The alert of the table's event `name`; `about` tells apart things of one kind, such as a release's id.

    Facts are what the texts name in braces, and may come from anywhere: they end as one plain line each.
    Raises KeyError for an event or a fact that does not exist.
    """
    event = BY_NAME[name]
    clean = {fact: plain(str(value)) for fact, value in facts.items()}
    lines = (text.format_map(clean) for text in (event.happened, event.done, event.to_do) if text)
    return Alert(
        event.name,
        f"{event.thing}:{about}"[:KEY_LENGTH],
        event.severity,
        cut(event.title.format_map(clean), TITLE_LENGTH, 4 * TITLE_LENGTH),
        "\n".join(lines),
    )


# What chat services take for a call to everybody, or to somebody.
_CALLS = re.compile(
    r"(?<=@)(?=everyone|here|channel|[!&]?\d)|(?<=<!)(?=everyone|here|channel)", re.IGNORECASE
)
_NO_TEXT = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\s]+")


def plain(text: str) -> str:
    """One line that calls nobody, hides nothing, and ends within 400 characters."""
    line = _CALLS.sub("\u200b", _NO_TEXT.sub(" ", text).strip())
    return line if len(line) <= FACT_LENGTH else f"{cut(line, FACT_LENGTH - 1, 4 * FACT_LENGTH)}…"
