"""The double beside a real process: it lives on a thread with a loop of its own, and a test without one uses it.

What `on_a_thread` gives is used like the double itself, only without `await`: calls and attributes are done on the
double's loop, and its people and replies come back wrapped alike. Messages and other entities come back as they are.
"""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar, cast

from tests.world.discord.commands import Commands
from tests.world.discord.double import Discord
from tests.world.discord.driver import Person
from tests.world.discord.gateway import Gateway
from tests.world.discord.interactions import Interactions
from tests.world.discord.messages import Messages
from tests.world.discord.replies import Reply
from tests.world.outside import serving

T = TypeVar("T")

ACTIVE = (Discord, Person, Reply, Gateway, Commands, Messages, Interactions)
PATIENCE = 60.0  # seconds for one call; what is waited for ends sooner by the double's own patience


class _FromThread:
    """Stands for an object that lives on another thread's loop."""

    def __init__(self, target: Any, loop: asyncio.AbstractEventLoop) -> None:
        self.__dict__.update(_target=target, _loop=loop)

    def __getattr__(self, name: str) -> Any:
        value = self._call(lambda: getattr(self._target, name))
        if not inspect.ismethod(value):
            return self._wrapped(value)

        def call(*arguments: Any, **named: Any) -> Any:
            plain = [_unwrapped(each) for each in arguments]
            return self._wrapped(
                self._call(lambda: value(*plain, **{k: _unwrapped(v) for k, v in named.items()}))
            )

        return call

    def __setattr__(self, name: str, value: Any) -> None:
        self._call(lambda: setattr(self._target, name, _unwrapped(value)))

    def __repr__(self) -> str:
        return repr(self._target)

    def _call(self, act: Callable[[], Any]) -> Any:
        """Do it on the loop; and wait there for what is to be awaited."""
        if threading.get_ident() == getattr(self._loop, "_thread_id", None):
            return act()  # a condition that is looked at on the loop itself

        async def done() -> Any:
            value = act()
            return await value if inspect.isawaitable(value) else value

        return asyncio.run_coroutine_threadsafe(done(), self._loop).result(PATIENCE)

    def _wrapped(self, value: Any) -> Any:
        return _FromThread(value, self._loop) if isinstance(value, ACTIVE) else value


def _unwrapped(value: Any) -> Any:
    return value._target if isinstance(value, _FromThread) else value


def from_thread(target: T, loop: asyncio.AbstractEventLoop) -> T:
    """`target`, which lives on `loop`, for use from other threads."""
    return cast("T", _FromThread(target, loop))


@contextmanager
def on_a_thread(discord: Discord) -> Iterator[Discord]:
    """Serve a Discord from a thread until the block is left."""
    loop, stop = asyncio.new_event_loop(), asyncio.Event()
    ready, faults = threading.Event(), list[BaseException]()

    async def serve() -> None:
        async with serving(discord.app):
            ready.set()
            await stop.wait()

    def work() -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: loop) as runner:
                runner.run(serve())
        except BaseException as error:
            faults.append(error)
        finally:
            ready.set()

    thread = threading.Thread(target=work, name="discord")
    thread.start()
    ready.wait(30)
    try:
        if faults:
            raise faults[0]
        yield from_thread(discord, loop)
    finally:
        if loop.is_running():
            loop.call_soon_threadsafe(stop.set)
        thread.join(30)
