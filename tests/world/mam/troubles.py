"""Faults by call, the same over HTTP and in-process.

site.troubles.plan("VIP purchase", lost())                    # it happens, and its answer never comes
site.troubles.plan("*", status(503), status(503))             # two requests in a row
site.troubles.plan("account", page(), always=True)            # until site.troubles.end()
site.troubles.down(hours=3)                                   # nobody at home, from now on
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from tests.world.mam.sessions import taken_away
from tests.world.mam.wire import EMPTY, LOGIN_PAGE, NOT_SIGNED_IN, Answer, as_json, as_page

Proceed = Callable[[], Answer]  # do what was asked
Fault = Callable[[Proceed], Answer]

WAIT = "<!DOCTYPE html><html><head><title>One moment</title></head><body>Please wait.</body></html>"


def status(code: int, body: bytes = b"", content_type: str = "text/html", **headers: str) -> Fault:
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return lambda _: Answer(code, body, content_type, headers=named)


def says(body: object, code: int = 200) -> Fault:
    """Answer with this JSON."""
    return lambda _: as_json(body, code)


def page(text: str = WAIT) -> Fault:
    """A page with status 200 where data was expected."""
    return lambda _: as_page(text)


def login_page() -> Fault:
    return lambda _: LOGIN_PAGE


def not_signed_in() -> Fault:
    return lambda _: NOT_SIGNED_IN


def empty() -> Fault:
    return lambda _: EMPTY


def half() -> Fault:
    """It happens; half of the answer comes, its length as announced."""
    return lambda proceed: _halved(proceed())


def lost() -> Fault:
    """It happens, and the answer never comes: the asker's time-out ends it."""
    return lambda proceed: replace(proceed(), arrives="never")


def silent() -> Fault:
    """It does not happen, and no answer comes."""
    return lambda _: Answer(arrives="never")


def cut(*, happens: bool = True) -> Fault:
    """The answer's headers come, and half of its body."""
    return lambda proceed: replace(proceed() if happens else as_json({"a": "b" * 64}), arrives="cut")


def refused() -> Fault:
    """Nobody listens."""
    return lambda _: Answer(arrives="refused")


def dead_cookie() -> Fault:
    """This answer says that the session is dead, and takes it away."""
    said = {"Success": False, "msg": "Invalid session - Invalid Cookie"}
    return lambda _: as_json(said, 403).with_cookies(taken_away())


def _halved(answer: Answer) -> Answer:
    return replace(answer, body=answer.body[: len(answer.body) // 2])


@dataclass
class _Plan:
    name: str
    faults: deque[Fault]
    always: bool


@dataclass
class Troubles:
    """Planned faults, and times in which the site is down."""

    now: Callable[[], datetime]
    _plans: list[_Plan] = field(default_factory=list)
    _down_until: datetime | None = None

    def plan(self, name: str, *faults: Fault, always: bool = False) -> None:
        """The next calls of this name ("*": of any) meet `faults`, one each; with `always` the last one stays."""
        self._plans.append(_Plan(name, deque(faults), always))

    def down(self, *, hours: float) -> None:
        """Nobody listens for so long."""
        self._down_until = self.now() + timedelta(hours=hours)

    def end(self) -> None:
        """All is well again."""
        self._plans.clear()
        self._down_until = None

    def next(self, name: str | None) -> Fault | None:
        if self._down_until is not None and self.now() < self._down_until:
            return refused()
        for plan in self._plans:
            if plan.faults and plan.name in ("*", name):
                return plan.faults[0] if plan.always and len(plan.faults) == 1 else plan.faults.popleft()
        return None
