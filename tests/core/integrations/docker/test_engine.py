"""The client against a real engine and its double: each thing it does, each way it can fail, and recovery."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from core.domain.containers import Bind, EngineRefused, EngineUnavailable, Fault, OneShot
from core.integrations.docker.client import DockerEngine
from tests.fixtures_docker import IMAGE, TestEngine
from tests.world.waiting import until

pytestmark = pytest.mark.docker


@pytest.fixture
async def engine(docker_engine: TestEngine) -> AsyncIterator[DockerEngine]:
    async with DockerEngine(docker_engine.host) as client:
        yield client


@pytest.fixture
def container(docker_engine: TestEngine, tmp_path: Path) -> str:
    """A running container of this test alone, its /shared being `tmp_path`."""
    tmp_path.chmod(0o777)
    return docker_engine.container(f"test-{tmp_path.name}-{os.getpid()}", binds={"/shared": tmp_path})


@pytest.fixture
def label(tmp_path: Path) -> str:
    """By which this test's containers are told from those of other workers."""
    return f"mousekeeper.test={tmp_path.name}-{os.getpid()}"


@pytest.fixture
def one_shot(label: str) -> Callable[..., OneShot]:
    def make(*argv: str, **more: Any) -> OneShot:
        return OneShot(image=IMAGE, argv=argv, label=label, **more)

    return make


def marked(value: str) -> list[str]:
    """The processes of this machine with this text in their environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if value.encode() in (process / "environ").read_bytes():
                found.append(process.name)
        except OSError:
            continue
    return found


async def test_says_who_answers(engine: DockerEngine) -> None:
    assert (await engine.version()).api_version.startswith("1.")


async def test_exec_returns_the_exit_code_and_both_streams(engine: DockerEngine, container: str) -> None:
    lines: list[str] = []
    result = await engine.exec(
        container,
        ["sh", "-c", "echo one; echo two >&2; printf three; exit 7"],
        timeout=30,
        on_line=lines.append,
    )
    assert (result.exit_code, result.stdout, result.stderr) == (7, "one\nthree", "two\n")
    assert not result.truncated
    assert sorted(lines) == ["one", "three", "two"]


async def test_of_a_huge_output_only_the_end_is_kept(engine: DockerEngine, container: str) -> None:
    command = "head -c 3000000 /dev/zero | tr '\\000' x; echo; echo the end"
    result = await engine.exec(container, ["sh", "-c", command], timeout=60, max_output=1000)
    assert result.truncated
    assert len(result.stdout) == 1000
    assert result.stdout.endswith("x\nthe end\n")


async def test_bytes_that_are_no_utf8_do_no_harm(engine: DockerEngine, container: str) -> None:
    result = await engine.exec(container, ["printf", "\\377\\376ok\\n"], timeout=30)
    assert result.stdout == "\ufffd\ufffdok\n"


async def test_a_name_that_is_no_utf8_is_refused_with_a_sentence(
    engine: DockerEngine, container: str
) -> None:
    with pytest.raises(EngineRefused, match="not UTF-8"):
        await engine.exec(container, ["ls", os.fsdecode(b"\xff")], timeout=30)


async def test_a_command_that_is_not_there_ends_as_shells_say_it(
    engine: DockerEngine, container: str
) -> None:
    result = await engine.exec(container, ["/no/such/program"], timeout=30)
    assert result.exit_code in {126, 127}
    assert "no such file" in result.stdout


async def test_past_its_time_limit_a_process_and_its_children_are_ended(
    engine: DockerEngine, container: str
) -> None:
    # The child ignores the polite request; its parent waits for it.
    stubborn = "sh -c 'trap \"\" TERM; echo ready; while true; do sleep 0.1; done'; true"
    with pytest.raises(EngineUnavailable, match="was ended") as caught:
        await engine.exec(container, ["sh", "-c", stubborn], timeout=1, tag=f"stubborn-{container}")
    assert caught.value.fault is Fault.TIMED_OUT
    assert marked(f"stubborn-{container}:") == []


async def test_cancelling_ends_the_process(engine: DockerEngine, container: str) -> None:
    started = asyncio.Event()
    command = ["sh", "-c", "echo started; sleep 3600; true"]
    task = asyncio.create_task(
        engine.exec(
            container, command, timeout=3600, tag=f"cancelled-{container}", on_line=lambda _: started.set()
        )
    )
    await asyncio.wait_for(started.wait(), 30)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert marked(f"cancelled-{container}:") == []


async def test_what_a_crash_of_ours_left_running_is_ended_and_nothing_else(
    docker_engine: TestEngine, engine: DockerEngine, container: str
) -> None:
    started = asyncio.Event()
    async with DockerEngine(docker_engine.host) as crashing, asyncio.TaskGroup() as group:
        left = group.create_task(
            crashing.exec(
                container,
                ["sh", "-c", "echo started; sleep 3600; true"],
                timeout=3600,
                tag="leftover",
                on_line=lambda _: started.set(),
            )
        )
        other = group.create_task(engine.exec(container, ["sleep", "1"], timeout=30, tag="other"))
        await asyncio.wait_for(started.wait(), 30)
        assert await engine.end(container, "leftover")
        assert (await left).exit_code in {137, 143}
        assert (await other).exit_code == 0


async def test_no_container_of_that_name(engine: DockerEngine) -> None:
    with pytest.raises(EngineRefused, match="no container named nowhere") as caught:
        await engine.exec("nowhere", ["true"], timeout=30)
    assert caught.value.fault is Fault.NO_CONTAINER
    assert "docker ps" in caught.value.hint


async def test_a_stopped_container_and_its_recovery(
    docker_engine: TestEngine, engine: DockerEngine, container: str
) -> None:
    docker_engine.api("POST", f"/containers/{container}/stop?t=0")
    with pytest.raises(EngineUnavailable, match="is not running") as caught:
        await engine.exec(container, ["echo", "back"], timeout=30)
    assert caught.value.fault is Fault.STOPPED
    assert f"docker start {container}" in caught.value.hint

    docker_engine.api("POST", f"/containers/{container}/start")
    assert (await engine.exec(container, ["echo", "back"], timeout=30)).stdout == "back\n"


async def test_a_paused_container_and_its_recovery(
    docker_engine: TestEngine, engine: DockerEngine, container: str
) -> None:
    docker_engine.api("POST", f"/containers/{container}/pause")
    with pytest.raises(EngineUnavailable, match="is paused") as caught:
        await engine.exec(container, ["echo", "back"], timeout=30)
    assert caught.value.fault is Fault.PAUSED

    docker_engine.api("POST", f"/containers/{container}/unpause")
    assert (await engine.exec(container, ["echo", "back"], timeout=30)).stdout == "back\n"


async def test_a_container_stopped_in_the_middle_is_an_exit_code(
    docker_engine: TestEngine, engine: DockerEngine, container: str
) -> None:
    started = asyncio.Event()
    task = asyncio.create_task(
        engine.exec(
            container,
            ["sh", "-c", "echo started; sleep 3600; true"],
            timeout=3600,
            on_line=lambda _: started.set(),
        )
    )
    await asyncio.wait_for(started.wait(), 30)
    await asyncio.to_thread(docker_engine.api, "POST", f"/containers/{container}/stop?t=0")
    assert (await task).exit_code == 137


async def test_one_shot_runs_with_its_folders_user_environment_and_files(
    docker_engine: TestEngine,
    engine: DockerEngine,
    tmp_path: Path,
    one_shot: Callable[..., OneShot],
    label: str,
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "book [1] ü").write_text("chapter")
    task = one_shot(
        "sh",
        "-c",
        'cat "$1"; echo "-$GREETING"; cat "$2"; echo text >"$3"; exit 3',
        "sh",
        "/in/book [1] ü",
        "/secret",
        "/out/file",
        binds=(Bind(str(tmp_path / "in"), "/in", read_only=True), Bind(str(tmp_path), "/out")),
        user=f"{os.getuid()}:{os.getgid()}",
        environment={"GREETING": "hello"},
        files={"/secret": b"passkey"},
    )
    result = await engine.run(task, timeout=60)
    assert (result.exit_code, result.stdout, result.stderr) == (3, "chapter-hello\npasskey", "")
    assert (tmp_path / "file").read_text() == "text\n"
    assert (tmp_path / "file").stat().st_uid == os.getuid()
    assert docker_engine.names(label) == set()


async def test_one_shot_of_an_image_that_is_not_there(engine: DockerEngine) -> None:
    task = OneShot(image="nowhere/nothing:1", argv=["true"], label="mousekeeper.test=none")
    with pytest.raises(EngineRefused, match="no image nowhere/nothing:1") as caught:
        await engine.run(task, timeout=60)
    assert caught.value.fault is Fault.NO_IMAGE
    assert "docker pull nowhere/nothing:1" in caught.value.hint


async def test_one_shot_with_a_folder_that_is_not_there_makes_none(
    engine: DockerEngine, tmp_path: Path, one_shot: Callable[..., OneShot]
) -> None:
    missing = tmp_path / "missing"
    with pytest.raises(EngineRefused, match="does not exist on the machine") as caught:
        await engine.run(one_shot("true", binds=(Bind(str(missing), "/in"),)), timeout=60)
    assert caught.value.fault is Fault.NO_MOUNT
    assert not missing.exists()


async def test_one_shot_past_its_time_limit_is_removed(
    docker_engine: TestEngine, engine: DockerEngine, one_shot: Callable[..., OneShot], label: str
) -> None:
    with pytest.raises(EngineUnavailable, match="did not finish within 1 seconds") as caught:
        await engine.run(one_shot("sleep", "3600"), timeout=1)
    assert caught.value.fault is Fault.TIMED_OUT
    assert docker_engine.names(label) == set()


async def test_one_shot_is_removed_when_cancelled(
    docker_engine: TestEngine, engine: DockerEngine, one_shot: Callable[..., OneShot], label: str
) -> None:
    started = asyncio.Event()
    task = asyncio.create_task(
        engine.run(
            one_shot("sh", "-c", "echo started; sleep 3600"), timeout=3600, on_line=lambda _: started.set()
        )
    )
    await asyncio.wait_for(started.wait(), 30)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert docker_engine.names(label) == set()


async def test_sweep_removes_what_carries_the_label_and_nothing_else(
    docker_engine: TestEngine, engine: DockerEngine, container: str
) -> None:
    ours = {"mousekeeper.test": container}
    docker_engine.container(f"{container}-a", labels=ours)
    docker_engine.container(f"{container}-b", labels=ours, start=False)
    assert await engine.sweep(f"mousekeeper.test={container}") == 2
    assert await engine.sweep(f"mousekeeper.test={container}") == 0
    assert (await engine.exec(container, ["true"], timeout=30)).exit_code == 0


async def test_an_engine_killed_in_the_middle_leaves_the_outcome_unknown_and_recovers(
    own_docker_engine: TestEngine,
) -> None:
    container = own_docker_engine.container("worker")
    async with DockerEngine(own_docker_engine.host) as engine:
        started = asyncio.Event()
        task = asyncio.create_task(
            engine.exec(
                container,
                ["sh", "-c", "echo started; sleep 3600; true"],
                timeout=3600,
                on_line=lambda _: started.set(),
            )
        )
        await asyncio.wait_for(started.wait(), 30)
        await asyncio.to_thread(own_docker_engine.kill)
        with pytest.raises(EngineUnavailable, match="the outcome is unknown") as caught:
            await task
        assert caught.value.fault is Fault.LOST

        with pytest.raises(EngineUnavailable, match="No Docker Engine listens at") as refused:
            await engine.version()
        assert refused.value.fault is Fault.NO_ENGINE

        await asyncio.to_thread(own_docker_engine.start)
        own_docker_engine.api("POST", f"/containers/{container}/start")
        again = await until(lambda: engine.exec(container, ["echo", "back"], timeout=30), 30)
        assert again.stdout == "back\n"


async def test_an_engine_killed_under_a_one_shot_leaves_it_to_the_sweep(
    own_docker_engine: TestEngine, one_shot: Callable[..., OneShot], label: str
) -> None:
    async with DockerEngine(own_docker_engine.host) as engine:
        started = asyncio.Event()
        task = asyncio.create_task(
            engine.run(
                one_shot("sh", "-c", "echo started; sleep 3600"),
                timeout=3600,
                on_line=lambda _: started.set(),
            )
        )
        await asyncio.wait_for(started.wait(), 30)
        await asyncio.to_thread(own_docker_engine.kill)
        with pytest.raises(EngineUnavailable) as caught:
            await task
        assert caught.value.fault is Fault.LOST
        await asyncio.to_thread(own_docker_engine.start)
        assert await engine.sweep(label) == 1
        assert own_docker_engine.names(label) == set()
