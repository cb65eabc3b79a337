"""The contract as judge. Where its file is absent these tests have nothing to look at, and the summary says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.world.discord.bodies import Body
from tests.world.discord.judge import Judge
from tests.world_tests.discord.rest import TEXT, V2, Rest, button, row

CONTRACT = "discord-openapi.json"
REFUSED: dict[str, dict[str, Any]] = {
    "six buttons": {"content": "x", "components": [row(*(button(n) for n in range(6)))]},
    "long custom_id": {"content": "x", "components": [row(button(custom_id="x" * 101))]},
    "long label": {"content": "x", "components": [row(button(label="x" * 81))]},
    "long embed title": {"embeds": [{"title": "x" * 257}]},
    "section without accessory": {"flags": V2, "components": [{"type": 9, "components": [TEXT]}]},
    "wrong type": {"content": ["x"]},
    "long text": {"flags": V2, "components": [{"type": 10, "content": "x" * 4001}]},
    "26 options": {
        "content": "x",
        "components": [
            row(
                {"type": 3, "custom_id": "s", "options": [{"label": "x", "value": str(n)} for n in range(26)]}
            )
        ],
    },
}


@pytest.mark.parametrize("name", REFUSED)
async def test_a_message_against_the_contract_is_refused(rest: Rest, name: str) -> None:
    if rest.double.judge.present:
        status, code, body = await rest.post(**REFUSED[name])
        assert (status, code) == (400, 50035), body
        assert len(rest.double.findings) == 1


async def test_a_finding_says_where_the_fault_is(rest: Rest) -> None:
    if not rest.double.judge.present:
        return
    _, _, body = await rest.post(content="x", components=[row(button(label="x" * 81))])
    label = body["errors"]["components"]["0"]["components"]["0"]["label"]
    assert label["_errors"][0]["code"] == "BASE_TYPE_MAX_LENGTH"
    assert "POST /channels/{channel_id}/messages" in str(rest.double.findings[0])


@pytest.fixture
def judge(contract: Callable[[str], Any]) -> Judge:
    return Judge(contract(CONTRACT))


def test_literal_parts_of_a_path_win(judge: Judge) -> None:
    assert not judge.present or [
        judge.template("/webhooks/1/token/messages/@original"),
        judge.template("/webhooks/1/token/messages/%40original"),
        judge.template("/webhooks/1/token/messages/2"),
        judge.template("/channels/1/messages/pins"),
        judge.template("/nowhere/at/all"),
    ] == [
        "/webhooks/{webhook_id}/{webhook_token}/messages/@original",
        "/webhooks/{webhook_id}/{webhook_token}/messages/@original",
        "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}",
        "/channels/{channel_id}/messages/pins",
        None,
    ]


def test_a_union_is_followed_into_the_branch_that_was_meant(judge: Judge) -> None:
    modal = {"type": 9, "data": {"custom_id": "m", "title": "T" * 46, "components": []}}
    problems = judge.request("POST", "/interactions/1/token/callback", "application/json", Body(modal))
    if judge.present:
        assert ("data", "title") in [problem.path for problem in problems]
        assert all(problem.path[0] == "data" for problem in problems)


def test_a_command_of_the_wrong_shape(judge: Judge) -> None:
    option = {"type": 3, "name": "x" * 33, "description": "x"}
    command = {"type": 1, "name": "fine", "description": "x" * 101, "options": [option]}
    problems = judge.request("PUT", "/applications/1/guilds/2/commands", "application/json", Body([command]))
    if judge.present:
        assert {problem.path for problem in problems} == {(0, "description"), (0, "options", 0, "name")}


def test_without_the_contract_nothing_is_found() -> None:
    judge = Judge(None)
    assert judge.request("POST", "/channels/1/messages", "application/json", Body({"content": ["x"]})) == []
    assert judge.payload("MessageResponse", {}) == []
    assert judge.judged == 0


async def test_an_answer_of_the_double_is_judged_too(rest: Rest) -> None:
    if not rest.double.judge.present:
        return
    rest.double.state.guild_name = 5  # type: ignore[assignment]
    await rest("GET", f"/guilds/{rest.double.guild_id}")
    assert [str(each) for each in rest.double.findings] == [
        "answer to GET /guilds/{guild_id}: name: 5 is not of type 'string'"
    ]
    rest.double.findings.clear()


async def test_what_the_double_does_not_know_is_a_finding(rest: Rest) -> None:
    assert (await rest("GET", "/stage-instances/1"))[0] == 404
    assert "no such route" in str(rest.double.findings[0])
    rest.double.findings.clear()
