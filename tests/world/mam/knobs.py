"""Everything about the double that a test may turn, at any time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

RowStyle = Literal["today", "strings", "booleans", "double", "older", "broken"]
ROW_STYLES: tuple[RowStyle, ...] = ("today", "strings", "booleans", "double", "older", "broken")


@dataclass
class Knobs:
    """`rows`: how search rows are typed ("mixed" draws for each row). `account`: where the summary stands.

    `omit`: keys left out of the account's status, such as wedges, vip_until, red. `sells_partly`: VIP "max"
    sells what the points pay, instead of refusing (nobody knows which is true). `vip_terms`: VIP is sold to
    those only who meet Power User's terms. `keep_old`: an older session value is good "until_used" (until the
    newer one came back), "always" or "never". `least_gap`: seconds between two requests, below which the
    second one is answered 429 (with `gap_enforced`) and noted. `latency`: seconds an answer takes in-process.
    """

    rows: RowStyle | Literal["mixed"] = "today"
    account: Literal["flat", "nested"] = "nested"
    omit: frozenset[str] = frozenset()
    as_text: bool = False  # numbers of the account's status as strings
    found_as: Literal["found", "total_found"] = "found"
    repeat_rows: bool = False  # each page begins with the last row of the one before
    most_per_page: int = 100
    sells_partly: bool = False
    vip_terms: bool = False
    keep_old: Literal["until_used", "always", "never"] = "until_used"
    rotate_every: timedelta = timedelta(0)
    rotates: bool = True
    least_gap: float = 1.9
    gap_enforced: bool = True
    rest_seconds: int | None = 60  # Retry-After of a 429
    latency: float = 0.0
    refusals_as: Literal["json", "text"] = "json"
    failing_words: dict[str, str] = field(default_factory=dict)  # search text: the error it brings
