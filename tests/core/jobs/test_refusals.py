"""A stage is given up for being refused, never for having waited."""

from __future__ import annotations

from core.errors import BadReply, Unreachable
from core.jobs.model import Done, Stage
from tests.core.jobs.conftest import Machine, answers

AWAY = Unreachable("qbittorrent", "It does not answer.")
NONSENSE = BadReply("qbittorrent", "It is just starting.")
YEAR = 366 * 86_400


async def test_a_long_absence_does_not_use_up_the_tries(machine: Machine) -> None:
    engine = machine.engine(Stage("one", answers(*[AWAY] * 8, NONSENSE, AWAY, NONSENSE, Done())))
    await machine.add("a")
    for _ in range(12):
        await engine.run_until_idle()
        machine.clock.shift(YEAR)
    assert (await machine.row())["status"] == "done"


async def test_refusals_count_over_absences_and_anew_at_the_next_stage(machine: Machine) -> None:
    engine = machine.engine(
        Stage("one", answers(NONSENSE, NONSENSE, Done())),
        Stage("two", answers(NONSENSE, AWAY, NONSENSE, AWAY, NONSENSE, Done())),
    )
    await machine.add("a")
    for _ in range(9):
        await engine.run_until_idle()
        machine.clock.shift(YEAR)
    row = await machine.row()
    assert (row["stage"], row["status"]) == ("two", "failed")
