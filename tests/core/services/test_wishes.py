"""Wishes: carried out once, each finished with a result or a sentence, again after a crash."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from core.errors import MousekeeperError, Unreachable
from core.log import MASK, Scrubber
from core.services.wishes import Handler, Wishes
from core.store.engine import Store
from core.store.small import WishStore
from tests.world.clock import SimulatedClock


@pytest.fixture
async def rows(tmp_path: Path, clock: SimulatedClock) -> AsyncIterator[WishStore]:
    store = await Store.open(tmp_path / "wishes.db", clock)
    yield WishStore(store)
    await store.close()


def wishes(rows: WishStore, **handlers: Handler) -> Wishes:
    return Wishes(rows, handlers, Scrubber(["planted-secret"]))


async def echo(**args: Any) -> dict[str, Any]:
    return {"got": args}


async def test_a_wish_is_granted_with_its_arguments(rows: WishStore) -> None:
    wish = await rows.add("prepare", {"reference": "B0X"}, door="cli")
    await wishes(rows, prepare=echo).grant_open()
    row = await rows.get(wish)
    assert (row["status"], row["result"], row["error"], row["exit_code"]) == (
        "finished",
        {"got": {"reference": "B0X"}},
        None,
        0,
    )
    assert await rows.open() == []


async def away(**_: Any) -> dict[str, Any]:
    raise Unreachable("docker", "Docker does not answer to planted-secret.", hint="Start it.")


async def broken(**_: Any) -> dict[str, Any]:
    raise ValueError("planted-secret")


async def no_json(**_: Any) -> dict[str, Any]:
    return {"path": Path("/x")}


@pytest.mark.parametrize(
    ("kind", "sentence", "code"),
    [
        ("away", f"Docker does not answer to {MASK}. Start it.", 69),
        ("broken", "Unexpected ValueError; the log has it.", 1),
        ("no_json", "its result could not be kept", 1),
        ("unknown", "does not know how to unknown", 1),
    ],
)
@pytest.mark.usefixtures("caplog")
async def test_a_wish_that_fails_is_finished_with_a_sentence(
    rows: WishStore, kind: str, sentence: str, code: int
) -> None:
    wish = await rows.add(kind, {}, door="cli")
    other = await rows.add("echo", {}, door="cli")
    await wishes(rows, away=away, broken=broken, no_json=no_json, echo=echo).grant_open()
    row = await rows.get(wish)
    assert (row["status"], row["exit_code"], row["result"]) == ("finished", code, None)
    assert sentence in row["error"]
    assert "planted" not in row["error"]
    assert (await rows.get(other))["exit_code"] == 0


async def test_arguments_of_another_version_are_a_sentence(rows: WishStore) -> None:
    async def prepare(reference: str) -> dict[str, Any]:
        return {"got": reference}

    wish = await rows.add("prepare", {"nonsense": 1}, door="cli")
    await wishes(rows, prepare=prepare).grant_open()
    assert "TypeError" in (await rows.get(wish))["error"]


async def test_what_is_under_way_is_not_begun_again(rows: WishStore) -> None:
    runs: Counter[str] = Counter()
    go_on = asyncio.Event()

    async def slow(name: str) -> dict[str, Any]:
        runs[name] += 1
        await go_on.wait()
        return {}

    room = wishes(rows, slow=slow)
    await rows.add("slow", {"name": "a"}, door="cli")
    first = asyncio.create_task(room.grant_open())
    while not runs:
        await asyncio.sleep(0)
    await rows.add("slow", {"name": "b"}, door="cli")
    second = asyncio.create_task(room.grant_open())
    while not runs["b"]:
        await asyncio.sleep(0)
    go_on.set()
    await asyncio.gather(first, second)
    await room.grant_open()
    assert runs == {"a": 1, "b": 1}


async def test_a_wish_interrupted_by_the_end_is_granted_at_the_next_start(rows: WishStore) -> None:
    begun = asyncio.Event()

    async def forever() -> dict[str, Any]:
        begun.set()
        await asyncio.get_running_loop().create_future()
        return {}

    wish = await rows.add("work", {}, door="cli")
    task = asyncio.create_task(wishes(rows, work=forever).grant_open())
    await begun.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert [row["id"] for row in await rows.open()] == [wish]
    await wishes(rows, work=echo).grant_open()
    assert (await rows.get(wish))["exit_code"] == 0


async def test_granted_here_and_now_it_raises_what_the_work_raises(rows: WishStore) -> None:
    room = wishes(rows, away=away, echo=echo)
    assert await room.grant("echo", {"a": 1}) == {"got": {"a": 1}}
    with pytest.raises(Unreachable):
        await room.grant("away", {})
    with pytest.raises(MousekeeperError, match="does not know how to dance"):
        await room.grant("dance", {})


async def test_old_finished_wishes_are_forgotten_and_open_ones_kept(
    rows: WishStore, clock: SimulatedClock
) -> None:
    await rows.add("echo", {}, door="cli")
    await wishes(rows, echo=echo).grant_open()
    left_open = await rows.add("echo", {}, door="cli")
    clock.shift(3600)
    await rows.forget(clock.now())
    assert [row["id"] for row in await rows.open()] == [left_open]
