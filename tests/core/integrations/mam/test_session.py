"""The session's file: what is saved, when, by whom, and what is left after a kill at each moment."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.errors import ConfigError, NotNow, Unreachable
from core.integrations.mam import session as module
from core.integrations.mam.session import SessionFile, newest, plain_value
from tests.core.integrations.mam.conftest import MAM_ID, Desk, reply

ACCOUNT = {"uid": 1}
ATTRIBUTES = "expires=Tue, 17-Nov-2026 12:00:00 GMT; Max-Age=1296000; path=/; domain=.example; secure"


def rotation(value: str) -> list[str]:
    return [f"uid=5; {ATTRIBUTES}", f"mam_id={value}; {ATTRIBUTES}; SameSite=Lax"]


def kept(file: Path) -> Any:
    return json.loads(file.read_text())["value"]


@pytest.mark.parametrize(
    ("lines", "value"),
    [
        (rotation("new%2Fvalue%3D"), "new%2Fvalue%3D"),
        (["mam_id=a", "mam_id=b"], "b"),
        (["mam_id=a", "mam_id=deleted; Max-Age=0"], "a"),
        (["mam_id=deleted; expires=Thu, 01-Jan-1970 00:00:01 GMT; Max-Age=0"], None),
        (["mam_id=DELETED"], None),
        (["mam_id=x; max-age=0"], None),
        (["mam_id=x; Max-Age=-1"], None),
        (["mam_id=x; Max-Age=soon"], "x"),
        (["mam_id="], None),
        (["mam_id"], None),
        (["MAM_ID=x"], None),
        (["mam_idx=x", "uid=1", ""], None),
        (["mam_id=with blank"], None),
        (['mam_id="quoted"'], None),
        (["mam_id=" + "x" * 5000], None),
        (["mam_id=ümlaut"], None),
        ([], None),
    ],
)
def test_which_value_an_answer_brings(lines: list[str], value: str | None) -> None:
    assert newest(lines) == value


@pytest.mark.parametrize(
    "pasted",
    ["abc%3D", " abc%3D \n", "mam_id=abc%3D", '"abc%3D"', "mam_id=abc%3D; path=/", "'mam_id=abc%3D'"],
)
def test_what_people_paste(pasted: str) -> None:
    assert plain_value(pasted) == "abc%3D"


@pytest.mark.parametrize("pasted", ["", "   ", "two words", "deleted", "mam_id=", "ü", "a" * 5000, "a,b"])
def test_what_is_no_session(pasted: str, file: Path) -> None:
    with pytest.raises(ConfigError, match="MAM_ID") as raised:
        SessionFile(file, pasted)
    assert not pasted.strip() or pasted.strip() not in str(raised.value)


async def test_the_file_is_ones_own_and_says_which_seed_it_began_with(
    connect: Callable[..., Any], desk: Desk, file: Path
) -> None:
    desk.answers(reply(200, ACCOUNT, cookies=rotation("second")), reply(200, ACCOUNT))
    mam = await connect()
    await mam.account(fresh=True)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert kept(file) == "second"
    assert MAM_ID not in file.read_text()
    mam = await connect()
    await mam.account(fresh=True)
    mam = await connect("a-new-one")  # a person's word wins over what was renewed
    await mam.account(fresh=True)
    assert [request.headers["Cookie"] for request in desk.requests] == [
        f"mam_id={MAM_ID}",
        "mam_id=second",
        "mam_id=a-new-one",
    ]
    mam = await connect()  # and back: a session that was given up does not come to life again
    await mam.account(fresh=True)
    assert desk.requests[-1].headers["Cookie"] == f"mam_id={MAM_ID}"


async def test_mam_id_itself_is_not_copied_to_the_disk(
    connect: Callable[..., Any], desk: Desk, file: Path
) -> None:
    dead = {"Success": False, "msg": "Invalid session - Invalid Cookie"}
    for script in (reply(200, ACCOUNT, cookies=rotation(MAM_ID)), reply(403, dead)):
        desk.answers(script)
        await asyncio.gather((await connect()).account(fresh=True), return_exceptions=True)
        assert kept(file) == ""
        assert MAM_ID not in file.read_text()


async def test_any_answer_may_renew_the_session_and_none_ends_it(
    connect: Callable[..., Any], desk: Desk, file: Path
) -> None:
    mam = await connect()
    for number, answer in enumerate([(200, ACCOUNT), (403, b""), (500, b""), (404, b""), (200, b"<html>")]):
        desk.answers(reply(*answer, cookies=rotation(f"value-{number}")))
        desk.clock.shift(4000)  # type: ignore[union-attr]
        await asyncio.gather(mam.account(fresh=True), return_exceptions=True)
        assert kept(file) == f"value-{number}"
    desk.answers(reply(200, ACCOUNT, cookies=["mam_id=deleted; Max-Age=0", "uid=deleted; Max-Age=0"]))
    desk.clock.shift(4000)  # type: ignore[union-attr]
    await mam.account(fresh=True)
    assert kept(file) == "value-4"


async def test_a_readable_file_is_closed_and_a_damaged_one_replaced(
    connect: Callable[..., Any], desk: Desk, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    desk.answers(reply(200, ACCOUNT, cookies=rotation("second")))
    await (await connect()).account(fresh=True)
    file.chmod(0o644)
    await (await connect()).account(fresh=True)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert desk.requests[-1].headers["Cookie"] == "mam_id=second"
    for damage in (b"", b"{", b"[]", b'{"seed": 1}', b'{"seed": "x", "value": 5}', b"\xff\xfe" * 40):
        file.write_bytes(damage)
        await (await connect()).account(fresh=True)
        assert desk.requests[-1].headers["Cookie"] == f"mam_id={MAM_ID}"
        assert kept(file) == "second"
    assert "damaged" in caplog.text
    assert "second" not in caplog.text


async def test_the_session_has_one_holder(tmp_path: Path, file: Path) -> None:
    one, other = SessionFile(file, MAM_ID), SessionFile(file, MAM_ID)
    await one.header()
    with pytest.raises(NotNow, match="Another Mousekeeper process"):
        await other.header()
    one.close()
    assert await other.header() == f"mam_id={MAM_ID}"
    other.close()


async def test_a_full_disk_costs_no_answer_and_no_session(
    connect: Callable[..., Any],
    desk: Desk,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    mam = await connect()
    desk.answers(reply(200, ACCOUNT))
    await mam.account(fresh=True)
    desk.answers(reply(200, ACCOUNT, cookies=rotation("newest")))
    with monkeypatch.context() as full:

        def no_space(_descriptor: int) -> None:
            raise OSError(28, "No space left on device")

        full.setattr(module.os, "fsync", no_space)
        assert (await mam.account(fresh=True)).uid == 1  # the answer counts
        asked = len(desk.requests)
        with pytest.raises(NotNow, match="No space left"):
            await mam.account(fresh=True)  # but nothing is asked while the newest value is in memory alone
        assert len(desk.requests) == asked
    assert "newest" not in caplog.text
    assert "No space left" in caplog.text
    await mam.account(fresh=True)
    assert kept(file) == "newest"
    assert desk.requests[-1].headers["Cookie"] == "mam_id=newest"


# --- the order of things -----------------------------------------------------------------------------------------


async def test_a_renewed_session_is_saved_before_anything_else(
    connect: Callable[..., Any], desk: Desk, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Written, synced and renamed, folder synced, and only then is the body looked at or anybody else sends."""
    order: list[str] = []
    real = {name: getattr(os, name) for name in ("fsync", "replace")}

    def spy(name: str) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            result = real[name](*args, **kwargs)
            order.append(name)
            return result

        return call

    mam = await connect()
    desk.answers(reply(200, ACCOUNT))
    await mam.account(fresh=True)
    for name in real:
        monkeypatch.setattr(module.os, name, spy(name))
    from core.integrations.mam import answers

    judge = answers.judge_status
    monkeypatch.setattr(answers, "judge_status", lambda given: (order.append("judged"), judge(given))[1])
    desk.answers(reply(200, ACCOUNT, cookies=rotation("second")))
    await mam.account(fresh=True)
    assert order == ["fsync", "replace", "fsync", "judged"]
    assert kept(file) == "second"


KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from core.integrations.mam import session as module
from core.integrations.mam.session import SessionFile

real = getattr(os, sys.argv[2])
def die(*args, **kwargs):
    if sys.argv[3] == "after":
        real(*args, **kwargs)
    os.kill(os.getpid(), signal.SIGKILL)

async def main():
    session = SessionFile(Path(sys.argv[1]), "seed")
    await session.header()
    await session.absorb(["mam_id=second"])
    setattr(module.os, sys.argv[2], die)
    await session.absorb(["mam_id=third"])

asyncio.run(main())
"""


@pytest.mark.parametrize(
    ("call", "when", "value"),
    [
        ("fsync", "before", "second"),
        ("fsync", "after", "second"),
        ("replace", "before", "second"),
        ("replace", "after", "third"),
    ],
)
async def test_killed_between_receiving_and_saving(file: Path, call: str, when: str, value: str) -> None:
    """Whatever the instruction, the file is whole: the value before, or the new one."""
    killed = subprocess.run([sys.executable, "-c", KILLED, str(file), call, when], check=False, timeout=60)
    assert killed.returncode == -signal.SIGKILL
    session = SessionFile(file, "seed")
    assert await session.header() == f"mam_id={value}"
    await session.absorb(["mam_id=fourth"])  # what the dead one left beside it is not in the way
    session.close()
    assert kept(file) == "fourth"


async def test_many_callers_at_once_keep_the_newest_value(mam: Any, desk: Desk, file: Path) -> None:
    """Each answer renews the session: no request goes out with anything but the value of the answer before."""
    count = 0

    def renew(_request: object) -> Any:
        nonlocal count
        count += 1
        return reply(200, {"data": [], "found": 0}, cookies=rotation(f"value-{count}"))

    desk.answers(renew)
    await asyncio.gather(*(mam.torrent(number) for number in range(1, 21)))
    sent = [request.headers["Cookie"] for request in desk.requests]
    assert sent == [f"mam_id={MAM_ID}", *(f"mam_id=value-{number}" for number in range(1, 20))]
    assert kept(file) == "value-20"


async def test_a_caller_who_leaves_loses_no_session(mam: Any, desk: Desk, file: Path) -> None:
    """The exchange goes on, and the next one waits for it."""
    gate = asyncio.Event()
    began = asyncio.Event()
    send = desk.send

    async def slow(request: Any, on_cookies: Any) -> Any:
        began.set()
        await gate.wait()
        return await send(request, on_cookies)

    desk.send = slow  # type: ignore[method-assign]
    desk.answers(reply(200, ACCOUNT, cookies=rotation("second")))
    leaving = asyncio.create_task(mam.account(fresh=True))
    await began.wait()
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    following = asyncio.create_task(mam.account(fresh=True))
    gate.set()
    await following
    assert desk.requests[-1].headers["Cookie"] == "mam_id=second"
    assert len(desk.requests) == 2


async def test_closing_waits_for_the_exchange_under_way(mam: Any, desk: Desk, file: Path) -> None:
    gate, began = asyncio.Event(), asyncio.Event()
    send = desk.send

    async def slow(request: Any, on_cookies: Any) -> Any:
        began.set()
        await gate.wait()
        return await send(request, on_cookies)

    desk.send = slow  # type: ignore[method-assign]
    desk.answers(reply(200, ACCOUNT, cookies=rotation("second")))
    leaving = asyncio.create_task(mam.account(fresh=True))
    await began.wait()
    leaving.cancel()
    closing = asyncio.create_task(mam.close())
    await asyncio.sleep(0)
    gate.set()
    await closing
    await asyncio.gather(leaving, return_exceptions=True)
    assert kept(file) == "second"


async def test_a_closed_client_asks_no_more(mam: Any, desk: Desk, file: Path) -> None:
    desk.answers(reply(200, {"data": [], "found": 0}))
    waiting = [asyncio.create_task(mam.torrent(number)) for number in (1, 2, 3)]
    while not desk.requests:
        await asyncio.sleep(0)
    await mam.close()
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [type(None), NotNow, NotNow]
    other = SessionFile(file, MAM_ID)
    assert await other.header()  # it is free for the next
    other.close()


async def test_nothing_that_is_shown_holds_the_session(
    mam: Any, desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    desk.answers(reply(403, b"your cookie is mam_id", cookies=rotation("very-secret-value")))
    errors = await asyncio.gather(mam.account(), return_exceptions=True)
    desk.answers(Unreachable("mam", "mam did not answer."))
    errors += await asyncio.gather(mam.account(), return_exceptions=True)
    shown = caplog.text + repr(desk.requests) + "".join(map(repr, errors)) + "".join(map(str, errors))
    shown += repr(vars(mam))
    assert "very-secret-value" not in shown
    assert MAM_ID not in shown
