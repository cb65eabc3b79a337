"""What Discord refuses although its contract lets it pass, and its laws of time."""

from __future__ import annotations

import io
from typing import Any

import aiohttp
import pytest

from tests.world.clock import SimulatedClock
from tests.world.discord import Permission, Person
from tests.world_tests.discord.bot import PICTURE
from tests.world_tests.discord.rest import TEXT, V2, Rest, button, row, select

REFUSED: dict[str, tuple[dict[str, Any], int]] = {
    "empty": ({}, 50006),
    "blank": ({"content": "  "}, 50006),
    "components alone": ({"components": [row(button())]}, 50006),
    "v2 without components": ({"flags": V2}, 50006),
    "long content": ({"content": "x" * 2001}, 50035),
    "content in v2": ({"flags": V2, "components": [TEXT], "content": "x"}, 50035),
    "embeds in v2": ({"flags": V2, "components": [TEXT], "embeds": [{"title": "x"}]}, 50035),
    "v2 without the flag": ({"content": "x", "components": [TEXT]}, 50035),
    "v2 deep without the flag": (
        {"content": "x", "components": [{"type": 17, "components": [TEXT]}]},
        50035,
    ),
    "41 components": ({"flags": V2, "components": [{"type": 17, "components": [TEXT] * 40}]}, 50035),
    "4001 characters": (
        {
            "flags": V2,
            "components": [{"type": 10, "content": "x" * 2000}, {"type": 10, "content": "x" * 2001}],
        },
        50035,
    ),
    "six rows": ({"content": "x", "components": [row(button(n)) for n in range(6)]}, 50035),
    "same custom_id": ({"content": "x", "components": [row(button(1), button(1))]}, 50035),
    "button without custom_id": (
        {"content": "x", "components": [row({"type": 2, "style": 1, "label": "x"})]},
        50035,
    ),
    "link without url": ({"content": "x", "components": [row({"type": 2, "style": 5, "label": "x"})]}, 50035),
    "button without a face": ({"content": "x", "components": [row(button(label=None))]}, 50035),
    "no emoji": ({"content": "x", "components": [row(button(emoji={"name": ":tick:"}))]}, 50035),
    "menu beside a button": ({"content": "x", "components": [row(select(), button())]}, 50035),
    "more picks than options": ({"content": "x", "components": [row(select(max_values=3))]}, 50035),
    "same option twice": (
        {"content": "x", "components": [row(select(options=[{"label": "A", "value": "a"}] * 2))]},
        50035,
    ),
    "embeds of 6001": (
        {"embeds": [{"description": "x" * 3000}, {"description": "x" * 3000, "footer": {"text": "x"}}]},
        50035,
    ),
    "missing attachment": (
        {"flags": V2, "components": [{"type": 12, "items": [{"media": {"url": "attachment://a.png"}}]}]},
        50035,
    ),
    "picture from a file": (
        {"flags": V2, "components": [{"type": 12, "items": [{"media": {"url": "file:///a.png"}}]}]},
        50035,
    ),
    "no such message": ({"content": "x", "message_reference": {"message_id": "1"}}, 50035),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_a_message_that_is_refused(rest: Rest, name: str) -> None:
    form, code = REFUSED[name]
    status, given, body = await rest.post(**form)
    assert (status, given) == (400, code), body
    assert not rest.double.history("status")
    assert bool(rest.double.findings) is (code == 50035)


async def test_what_just_fits_is_taken(rest: Rest) -> None:
    fits = [
        {"content": "x" * 2000, "components": [row(button(n)) for n in range(5)]},
        {"flags": V2, "components": [{"type": 17, "components": [TEXT] * 39}]},
        {"flags": V2, "components": [{"type": 10, "content": "x" * 4000}]},
        {"content": "x", "components": [row(button(emoji={"name": "✅"}, label=None))]},
        {"embeds": [{"description": "x" * 3000}] * 2},
    ]
    for form in fits:
        status, _, body = await rest.post(**form)
        assert status == 200, body
    assert not rest.double.findings


async def test_the_v2_flag_stays(rest: Rest) -> None:
    _, _, message = await rest.post(flags=V2, components=[TEXT])
    path = f"/channels/{message['channel_id']}/messages/{message['id']}"
    assert (await rest("PATCH", path, {"flags": 0, "content": "plain again"}))[1] == 50035
    assert (await rest("PATCH", path, {"content": "beside it"}))[1] == 50035
    assert (await rest("PATCH", path, {"components": [{"type": 10, "content": "edited"}]}))[0] == 200
    assert rest.double.history("status")[0].text == "edited"
    _, _, plain = await rest.post(content="plain")
    path = f"/channels/{plain['channel_id']}/messages/{plain['id']}"
    assert (await rest("PATCH", path, {"flags": V2, "components": [TEXT]}))[1] == 50035
    assert (await rest("PATCH", path, {"flags": V2, "components": [TEXT], "content": None}))[0] == 200


async def test_an_attachment_nobody_shows_is_a_finding(rest: Rest) -> None:
    form = aiohttp.FormData(quote_fields=False)
    form.add_field("payload_json", '{"flags": 32768, "components": [{"type": 10, "content": "x"}]}')
    form.add_field("files[0]", PICTURE, filename="my cover.png", content_type="image/png")
    path = f"/channels/{rest.double.channel('status').id}/messages"
    status, _, body = await rest("POST", path, data=form)
    assert status == 200
    assert body["attachments"][0]["filename"] == "my_cover.png"
    assert [each.what for each in rest.double.findings] == ["attachment my_cover.png is not shown"]
    rest.double.findings.clear()


async def test_a_file_over_the_limit(rest: Rest) -> None:
    rest.double.state.knobs.attachment_bytes = 100
    form = aiohttp.FormData(quote_fields=False)
    form.add_field("files[0]", b"x" * 101, filename="big.bin")
    path = f"/channels/{rest.double.channel('status').id}/messages"
    assert (await rest("POST", path, data=form))[:2] == (413, 40005)


async def test_three_seconds_to_answer(rest: Rest, ada: Person, clock: SimulatedClock) -> None:
    in_time = await ada.slash("/try", wait=False)
    clock.shift(2.9)
    assert not in_time.failed
    assert await rest.respond(in_time, 4, content="just") == 0
    late = await ada.slash("/try", wait=False)
    clock.shift(3)
    assert late.failed
    assert await rest.respond(late, 4, content="too late") == 10062
    assert await rest.hook("POST", late, content="too late") == 10015
    assert [message.content for message in ada.sees()] == ["just"]


async def test_one_answer(rest: Rest, ada: Person) -> None:
    reply = await ada.slash("/try", wait=False)
    assert await rest.respond(reply, 5) == 0
    assert await rest.respond(reply, 4, content="twice") == 40060
    assert reply.thinking
    path = f"/interactions/1/{reply.interaction.token}/callback"
    assert (await rest("POST", path, {"type": 5}))[1] == 10062


async def test_fifteen_minutes_to_follow_up(rest: Rest, ada: Person, clock: SimulatedClock) -> None:
    reply = await ada.slash("/try", wait=False)
    await rest.respond(reply, 5, flags=64)
    clock.shift(899)
    assert await rest.hook("PATCH", reply, "/messages/@original", content="in time") == 0
    clock.shift(1)
    assert await rest.hook("PATCH", reply, "/messages/@original", content="late") == 50027
    assert await rest.hook("POST", reply, content="late") == 50027
    assert await rest.hook("GET", reply, "/messages/@original") == 50027
    assert reply.text == "in time"


async def test_an_ephemeral_message_is_reached_by_its_token_alone(rest: Rest, ada: Person) -> None:
    reply = await ada.slash("/try", wait=False)
    await rest.respond(reply, 4, content="for you", flags=64)
    message = reply.message
    assert message is not None
    path = f"/channels/{message.channel.id}/messages/{message.id}"
    for method in ("GET", "PATCH", "DELETE"):
        assert (await rest(method, path, {"content": "x"} if method == "PATCH" else None))[1] == 10008
    assert await rest.hook("PATCH", reply, f"/messages/{message.id}", content="changed") == 0
    assert reply.text == "changed"
    assert message in ada.sees()
    assert message not in rest.double.person("Bob", here="status").sees()
    assert await rest.hook("DELETE", reply, "/messages/@original") == 0
    assert message not in ada.sees()


async def test_the_first_follow_up_takes_the_place_of_thinking(rest: Rest, ada: Person) -> None:
    reply = await ada.slash("/try", wait=False)
    await rest.respond(reply, 5, flags=64)
    assert await rest.hook("POST", reply, content="done") == 0
    assert not reply.thinking
    assert reply.ephemeral
    assert await rest.hook("POST", reply, content="more") == 0
    assert reply.text == "done\nmore"


async def test_answers_that_do_not_fit(rest: Rest, ada: Person) -> None:
    reply = await ada.slash("/try", wait=False)
    assert await rest.respond(reply, 7, content="nothing to update") == 50035
    assert await rest.respond(reply, 8, choices=[]) == 50035
    assert await rest.respond(reply, 99) == 50035
    field = {"type": 4, "custom_id": "a", "style": 1}
    label = {"type": 18, "label": "A", "component": field}
    assert await rest.respond(reply, 9, custom_id="m", title="T", components=[]) == 50035
    assert await rest.respond(reply, 9, custom_id="m", title="T", components=[label] * 2) == 50035
    assert await rest.respond(reply, 9, custom_id="m", title="T", components=[TEXT] * 6) == 50035
    long = {**label, "component": {**field, "value": "xx", "max_length": 1}}
    assert await rest.respond(reply, 9, custom_id="m", title="T", components=[long]) == 50035
    assert await rest.respond(reply, 9, custom_id="m", title="T", components=[label]) == 0
    assert reply.modal is not None
    submitted = await ada.submit(reply, {"A": "text"}, wait=False)
    assert await rest.respond(submitted, 9, custom_id="n", title="T", components=[label]) == 50035
    assert await rest.respond(submitted, 6) == 50035  # no message opened the form
    assert await rest.respond(submitted, 4, content="thanks") == 0


async def test_a_message_deleted_meanwhile(rest: Rest, ada: Person) -> None:
    message = rest.double.plant("status", content="x", components=[row(button())])
    pressed = await ada.press(message, "Go", wait=False)
    rest.double.messages.delete(message)
    assert await rest.respond(pressed, 7, content="changed") == 10008
    assert await rest.respond(pressed, 6) == 0
    assert await rest.hook("PATCH", pressed, "/messages/@original", content="changed") == 10008


async def test_only_own_messages_are_edited(rest: Rest, ada: Person) -> None:
    message = ada.say("hello")
    path = f"/channels/{message.channel.id}/messages/{message.id}"
    assert (await rest("PATCH", path, {"content": "x"}))[:2] == (403, 50005)
    assert (await rest("DELETE", path))[0] == 204


async def test_permissions_count_by_channel(rest: Rest) -> None:
    double, status = rest.double, rest.double.channel("status")
    base = f"/channels/{status.id}/messages"
    _, _, message = await rest.post(content="before")
    double.deny(status, Permission.SEND_MESSAGES)
    assert (await rest.post(content="x"))[:2] == (403, 50013)
    assert (await rest("PATCH", f"{base}/{message['id']}", {"content": "still mine"}))[0] == 200
    double.allow(status, Permission.SEND_MESSAGES)
    double.deny(status, Permission.ATTACH_FILES)
    form = aiohttp.FormData(quote_fields=False)
    form.add_field("files[0]", b"x", filename="a.txt")
    assert (await rest("POST", base, data=form))[1] == 50013
    double.deny(status, Permission.READ_MESSAGE_HISTORY)
    assert (await rest("GET", base))[2] == []
    assert (await rest("GET", f"{base}/{message['id']}"))[1] == 50013
    double.deny(status, Permission.PIN_MESSAGES)
    assert (await rest("PUT", f"{base}/pins/{message['id']}"))[1] == 50013
    double.deny(status, Permission.VIEW_CHANNEL)
    assert (await rest.post(content="x"))[:2] == (403, 50001)
    assert (await rest("GET", f"/channels/{status.id}"))[1] == 50001


async def test_what_is_not_there(rest: Rest, ada: Person) -> None:
    double, status = rest.double, rest.double.channel("status")
    assert (await rest("GET", "/channels/1"))[:2] == (404, 10003)
    assert (await rest("GET", f"/channels/{status.id}/messages/1"))[:2] == (404, 10008)
    assert (await rest("GET", "/guilds/1"))[1] == 10004
    assert (await rest("GET", f"/guilds/{double.guild_id}/members/1"))[1] == 10007
    assert (await rest("GET", "/users/1"))[1] == 10013
    assert (await rest("PUT", f"/applications/{double.state.application_id}/guilds/1/commands", []))[
        1
    ] == 50001
    assert (await rest("POST", "/webhooks/1/none", {"content": "x"}))[1] == 10015
    double.delete_channel(status)
    assert (await rest("POST", f"/channels/{status.id}/messages", {"content": "x"}))[1] == 10003
    double.kick_bot()
    assert (await rest("GET", f"/guilds/{double.guild_id}"))[1] == 50001


async def test_no_token_no_answer(rest: Rest) -> None:
    rest.double.state.token, token = "another", rest.double.token
    headers = {"Authorization": f"Bot {token}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.get(rest.double.api_base + "/users/@me") as answer,
    ):
        assert answer.status == 401
        assert answer.headers["Content-Type"] == "application/json"


async def test_mentions_ping_only_whom_they_may(rest: Rest, ada: Person) -> None:
    text = f"{ada.user.mention} {rest.double.role('admin').mention} @everyone"
    allowed: list[tuple[Any, set[str]]] = [
        (None, {ada.id, rest.double.role("admin").id}),
        ({"parse": []}, set()),
        ({"parse": ["users"]}, {ada.id}),
        ({"parse": [], "roles": [rest.double.role("admin").id]}, {rest.double.role("admin").id}),
    ]
    for mentions, pinged in allowed:
        await rest.post(content=text, **({"allowed_mentions": mentions} if mentions else {}))
        assert rest.double.history("status")[-1].pings == pinged
    rest.double.allow(rest.double.channel("status"), Permission.MENTION_EVERYONE)
    await rest.post(content=text)
    assert "everyone" in rest.double.history("status")[-1].pings


async def test_a_large_file_is_kept_and_given_back(rest: Rest) -> None:
    form, data = aiohttp.FormData(quote_fields=False), bytes(range(256)) * 12_000
    form.add_field("files[0]", io.BytesIO(data), filename="large.bin")
    path = f"/channels/{rest.double.channel('status').id}/messages"
    status, _, body = await rest("POST", path, data=form)
    assert status == 200
    async with aiohttp.ClientSession() as session, session.get(body["attachments"][0]["url"]) as answer:
        assert await answer.read() == data
