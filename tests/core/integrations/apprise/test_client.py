"""The real Apprise against a receiver on loopback: addresses with tags, and every way a send ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import psutil
import pytest

from core.domain.alert_plan import parse_services
from core.errors import ConfigError, IntegrationError
from core.integrations.apprise import client
from core.integrations.apprise.client import AppriseServices
from core.integrations.apprise.models import Delivery, Message, Status, overall
from tests.fixtures_qbittorrent import free_port
from tests.world import alerts
from tests.world.outside import Fault, Served, drop, huge, serving, silence, status
from tests.world.waiting import until

HELLO = Message("A title", "A line.\nAnother: <b>ö</b> 📚", "warning")


@pytest.fixture
async def double() -> AsyncIterator[Served]:
    async with serving(alerts.create_app()) as served:
        yield served


async def load(text: str) -> AppriseServices:
    return await AppriseServices.load(parse_services(text))


async def send(services: AppriseServices, *tags: str, seconds: float = 5.0) -> list[Delivery]:
    return await services.send(HELLO, services.wanted(tags or ("all",)), seconds=seconds)


async def test_addresses_and_tags(double: Served) -> None:
    one, two = alerts.address(double, "/one"), alerts.address(double, "/two")
    services = await load(f"Phone,admin={one}\n{two}  phone={one}?x=1&a=b=c")
    assert [service.label for service in services.services] == ["JSON (admin, phone)", "JSON", "JSON (phone)"]
    assert [service.position for service in services.wanted({"admin", "phone"})] == [1, 3]
    assert [service.position for service in services.wanted({"all"})] == [1, 2, 3]
    assert services.wanted({"nobody"}) == []


async def test_equal_looks_are_counted(double: Served) -> None:
    services = await load(" ".join(f"p={alerts.address(double, path)}" for path in ("/a", "/b", "/c")))
    assert [service.label for service in services.services] == ["JSON (p)", "JSON (p) #2", "JSON (p) #3"]


async def test_a_message_arrives_as_it_is(double: Served) -> None:
    services = await load(alerts.address(double, "/one"))
    [delivery] = await send(services)
    assert (delivery.status, delivery.taken, delivery.reason) == (Status.SUCCESS, True, "")
    [message] = alerts.received(double.app)
    assert (message.title, message.text, message.kind) == (HELLO.title, HELLO.body, "warning")
    [request] = double.outside.asked()
    assert request.headers["User-Agent"] == "Mousekeeper"


@pytest.mark.parametrize(
    ("fault", "ends", "reason"),
    [
        (status(500), Status.FAILURE, "it answered 500"),
        (status(401, text="hushhush"), Status.FAILURE, "it answered 401"),
        (drop(), Status.FAILURE, "it cannot be reached"),
        (silence(), Status.TIMEOUT, "no answer within 0.3 seconds"),
    ],
)
async def test_each_way_a_send_ends(double: Served, fault: Fault, ends: Status, reason: str) -> None:
    double.outside.fail("/one", fault, always=True)
    services = await load(alerts.address(double, "/one?rto=1"))
    [delivery] = await send(services, seconds=0.3 if ends is Status.TIMEOUT else 5.0)
    assert (delivery.status, delivery.reason) == (ends, reason)
    assert overall([delivery]) is ends


async def test_a_dead_port_is_told_at_once() -> None:
    services = await load(f"json://127.0.0.1:{free_port()}")
    async with asyncio.timeout(2):
        [delivery] = await send(services)
    assert (delivery.status, delivery.reason) == (Status.FAILURE, "it cannot be reached")


async def test_a_silent_service_ends_by_its_own_limit(double: Served) -> None:
    double.outside.fail("/one", silence(), always=True)
    [delivery] = await send(await load(alerts.address(double, "/one?rto=0.2")))
    assert delivery.status is Status.FAILURE


async def test_an_answer_without_end_fills_no_memory(double: Served) -> None:
    double.outside.fail("/one", huge(2**40))
    services = await load(alerts.address(double, "/one"))
    [delivery] = await send(services, seconds=2.0)
    assert not delivery.taken
    assert processes() == []


def processes() -> list[psutil.Process]:
    """The sending processes that live at present."""
    return [child for child in psutil.Process().children() if "apprise.wire" in " ".join(child.cmdline())]


async def test_a_cancelled_send_leaves_no_process(double: Served) -> None:
    double.outside.fail("/one", silence(), always=True)
    services = await load(alerts.address(double, "/one?rto=60"))
    sending = asyncio.create_task(send(services, seconds=60.0))
    await until(lambda: double.outside.asked("/one"), 30)
    assert len(processes()) == 1
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    assert processes() == []


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (("/no/such/program",), "Apprise cannot be started (No such file or directory)"),
        (("/bin/sh", "-c", "echo hushhush; exit 3"), "Apprise ended with 3 and without an answer"),
        (("/bin/sh", "-c", "echo []"), "Apprise ended with 0 and without an answer"),
        (("/bin/sh", "-c", "kill -9 $$"), "Apprise ended with -9 and without an answer"),
    ],
)
async def test_a_process_that_fails(
    double: Served, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...], reason: str
) -> None:
    services = await load(alerts.address(double, "/one"))
    monkeypatch.setattr(client, "_WIRE", command)
    [delivery] = await send(services)
    assert (delivery.status, delivery.reason) == (Status.FAILURE, reason)
    with pytest.raises(IntegrationError):
        await load("json://127.0.0.1")


async def test_a_process_that_does_not_end_is_ended(double: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    services = await load(alerts.address(double, "/one"))
    monkeypatch.setattr(client, "_WIRE", ("/bin/sh", "-c", "exec sleep 60"))
    monkeypatch.setattr(client, "START_SECONDS", 0.1)
    [delivery] = await send(services, seconds=0.1)
    assert delivery.reason == "Apprise did not end within 0.2 seconds"


async def test_services_are_asked_side_by_side(double: Served) -> None:
    """One that hangs does not keep the message from the others, and nobody keeps the loop."""
    double.outside.fail("/hung", silence(), always=True)
    services = await load(f"{alerts.address(double, '/hung?rto=1')} {alerts.address(double, '/well')}")
    sending = asyncio.create_task(send(services, seconds=0.5))
    turns = 0
    while not sending.done():
        turns += 1
        await asyncio.sleep(0)
    hung, well = await sending
    assert turns > 100
    assert (hung.status, well.status) == (Status.TIMEOUT, Status.SUCCESS)
    assert overall([hung, well]) is Status.PARTIAL
    assert overall([]) is Status.NOMATCH


async def test_a_redirect_is_followed(double: Served) -> None:
    double.outside.fail("/old", status(307, headers={"Location": "/new"}))
    [delivery] = await send(await load(alerts.address(double, "/old")))
    assert delivery.taken
    assert [message.path for message in alerts.received(double.app)] == ["/new"]


async def test_bad_addresses_are_named_by_their_places() -> None:
    good = "json://127.0.0.1:9/x"
    with pytest.raises(ConfigError) as caught:
        await load(f"{good} a=hushhush://token/x {good} discord://hushhush tgram://hushhush {good}")
    assert "APPRISE_URLS: entries 2, 4 and 5 of 6 are not an address" in str(caught.value)
    assert "hushhush" not in str(caught.value)


@pytest.mark.parametrize("text", ["json://", "nonsense", "a b=json://x c", "/"])
def test_what_is_no_entry_is_named_by_its_place(text: str) -> None:
    with pytest.raises(ValueError, match=r"not read: each is tag,tag=url"):
        parse_services(f"json://127.0.0.1 {text}")


async def test_nothing_of_an_address_is_shown(double: Served, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    host = alerts.address(double, "").removeprefix("json://")
    services = await load(f"a=json://user:hushhush@{host}/hushhush?+X-Key=hushhush")
    double.outside.fail("*", status(500, text="hushhush"))
    deliveries = await send(services)
    assert double.outside.asked("/hushhush")[0].headers["X-Key"] == "hushhush"
    assert "hushhush" not in repr(deliveries) + repr(services.services) + str(vars(services).keys())
    assert "hushhush" not in caplog.text
