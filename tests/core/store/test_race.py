"""Nothing is lost between reading and writing, however many write at once."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from core.store.engine import Store, StoreError
from core.store.small import StateStore
from core.store.tables import state

ROOT = Path(__file__).resolve().parents[3]
COUNT = sa.select(state.c.value).where(state.c.key == "count")


async def add_one(store: Store) -> None:
    """Read, think, write: what loses updates where reading does not take the write lock."""
    async with store.write() as connection:
        value = (await connection.execute(COUNT)).scalar_one_or_none()
        await asyncio.sleep(0)  # others get their turn between reading and writing
        if value is None:
            row = {"key": "count", "value": 1, "updated": store.clock.now()}
            await connection.execute(sa.insert(state).values(**row))
        else:
            await connection.execute(sa.update(state).where(state.c.key == "count").values(value=value + 1))


async def test_200_concurrent_updates_lose_none(tmp_path: Path) -> None:
    store = await Store.open(tmp_path / "race.db")
    try:
        await asyncio.gather(*(add_one(store) for _ in range(200)))
        assert await StateStore(store).get("count") == 200
    finally:
        await store.close()


PROCESS = """
import asyncio, sys
from pathlib import Path
from core.store.engine import Store
from tests.core.store.test_race import add_one

async def main() -> None:
    store = await Store.open(Path(sys.argv[1]))
    await asyncio.gather(*(add_one(store) for _ in range(50)))
    await store.close()

asyncio.run(main())
"""


async def test_four_processes_make_one_database_and_lose_no_update(tmp_path: Path) -> None:
    """All four begin on an empty folder, so they create and migrate at the same time, too."""
    path = tmp_path / "race.db"
    command = [sys.executable, "-W", "error", "-c", PROCESS, str(path)]
    workers = [subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    faults = [worker.communicate(timeout=120)[1] for worker in workers]
    assert [worker.returncode for worker in workers] == [0] * 4, "\n".join(faults)
    store = await Store.open(path)
    try:
        assert await StateStore(store).get("count") == 200
    finally:
        await store.close()


async def test_readers_do_not_wait_for_the_writer_and_see_only_what_is_committed(tmp_path: Path) -> None:
    store = await Store.open(tmp_path / "read.db")
    try:
        await StateStore(store).put("count", 1)
        async with store.write() as connection:
            await connection.execute(sa.update(state).values(value=2))
            assert await StateStore(store).get("count") == 1
        assert await StateStore(store).get("count") == 2
    finally:
        await store.close()


async def test_a_failed_transaction_leaves_nothing_and_the_next_one_works(tmp_path: Path) -> None:
    store = await Store.open(tmp_path / "fail.db")
    try:
        await StateStore(store).put("count", 1)
        with pytest.raises(KeyError):
            await _update_then_fail(store)
        assert await StateStore(store).get("count") == 1
        await add_one(store)
        assert await StateStore(store).get("count") == 2
    finally:
        await store.close()


async def _update_then_fail(store: Store) -> None:
    async with store.write() as connection:
        await connection.execute(sa.update(state).values(value=99))
        raise KeyError("the caller's own")


@pytest.mark.parametrize("seed", range(3))
async def test_cancelled_anywhere_a_write_is_whole_or_not_there_and_gives_its_lock_back(
    tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    store = await Store.open(tmp_path / "cancel.db")
    try:
        await add_one(store)
        for _ in range(150):
            before = await StateStore(store).get("count")
            tasks = [asyncio.create_task(add_one(store)) for _ in range(3)]
            for _ in range(chance.randrange(60)):
                await asyncio.sleep(0)
                if chance.random() < 0.1:
                    await asyncio.to_thread(int)  # the connections' threads get on meanwhile
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            async with asyncio.timeout(10):
                await add_one(store)
            assert await StateStore(store).get("count") in range(before + 1, before + 5)
    finally:
        await store.close()


async def test_a_store_opened_for_looking_does_not_write(tmp_path: Path) -> None:
    await (await Store.open(tmp_path / "look.db")).close()
    store = await Store.open_readonly(tmp_path / "look.db")
    try:
        assert await StateStore(store).get("count", "nothing") == "nothing"
        with pytest.raises(StoreError, match="looking only"):
            await StateStore(store).put("count", 1)
    finally:
        await store.close()
