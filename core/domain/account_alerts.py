"""What people hear of the tracker account: its ratio, VIP, and what was bought."""

from __future__ import annotations

from datetime import timedelta

from core.domain.alert_event import DAY, AlertEvent

VIP_FACTS = (
    "It ends on {end}; a renewal costs {price} points. There are {points}, and {hourly} an hour are earned."
)

ACCOUNT_EVENTS = (
    AlertEvent(
        "ratio_emergency",
        "urgent",
        "ratio",
        "Ratio emergency: {ratio}",
        "The tracker account's ratio is {ratio}.",
        "Mousekeeper takes nothing that costs ratio any more {hands}.",
        "Buy upload credit, or wait: `mousekeeper tracker` shows what there is.",
        spacing=timedelta(hours=6),
    ),
    AlertEvent(
        "ratio_all_clear",
        "ok",
        "ratio",
        "The ratio is {ratio} again",
        "The emergency lasted {lasted}, with {lowest} at its lowest. It cost {cost}.",
        "{seeding} torrents seeded harder and {stopped} downloads were stopped; all is put back as it was,"
        " downloads as far as the ratio bears them.",
    ),
    AlertEvent(
        "ratio_caution",
        "warning",
        "ratio",
        "The ratio is {ratio}",
        "The tracker account's ratio is low.",
        "Nothing is stopped yet.",
        "Seed more, or take less that is not free.",
        spacing=DAY,
    ),
    AlertEvent(
        "ratio_well",
        "ok",
        "ratio",
        "The ratio is {ratio}",
        "It is out of the range that calls for caution.",
        "What costs ratio is weighed as usual again.",
    ),
    AlertEvent(
        "vip_ending",
        "warning",
        "vip_end",
        "VIP ends in {days} days",
        VIP_FACTS,
        "{plan}",
        "See `mousekeeper tracker vip`; VIP can also be bought in the tracker's store.",
    ),
    AlertEvent(
        "vip_ending_well",
        "notice",
        "vip_end",
        "VIP ends in {days} days",
        VIP_FACTS,
        "{plan}",
        "Nothing is to be done.",
    ),
    AlertEvent(
        "vip_lost",
        "error",
        "vip",
        "VIP has ended",
        "There are {points} points; a renewal costs {price}, and {hourly} an hour are earned.",
        "What was free for VIP costs ratio now: it was judged anew, {stopped} downloads were stopped. {plan}",
        "Renew VIP in the tracker's store if you want it sooner.",
    ),
    AlertEvent(
        "vip_back",
        "ok",
        "vip",
        "VIP is back",
        "VIP lasts until {end}.",
        "What is free for VIP is taken again.",
    ),
    AlertEvent(
        "purchase_made",
        "notice",
        "purchase",
        "Bought {what}",
        "It is seen on the account.",
        "{left} are left.",
        "Nothing is to be done; `mousekeeper tracker` lists what was bought.",
    ),
    AlertEvent(
        "purchase_asked",
        "notice",
        "purchase",
        "May {what} be bought?",
        "{reason}",
        "Nothing is bought unasked.",
        "Decide with `mousekeeper tracker yes` or `no`; `mousekeeper tracker` shows what is asked.",
        spacing=DAY,
    ),
    AlertEvent(
        "purchase_refused",
        "warning",
        "purchase",
        "{what} was not bought",
        "{reason}",
        "It is planned anew, as often a day as guard.purchases_per_day allows.",
        "See `mousekeeper tracker` if it goes on.",
        spacing=DAY,
    ),
    AlertEvent(
        "purchase_unclear",
        "error",
        "purchase",
        "It is not known whether {what} was bought",
        "The tracker's answer was lost, and the account does not tell.",
        "It is not repeated.",
        "Look at the points history on the tracker's site.",
    ),
)
