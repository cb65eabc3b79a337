"""Registering commands, and who is offered them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.world.clock import SimulatedClock
from tests.world.discord import Permission, Person, Refused
from tests.world_tests.discord.rest import Rest


def command(name: str = "books", **more: Any) -> dict[str, Any]:
    return {"name": name, "description": "Books", "type": 1, **more}


def option(name: str = "title", **more: Any) -> dict[str, Any]:
    return {"name": name, "description": "A title", "type": 3, **more}


def scope(rest: Rest) -> str:
    return f"/applications/{rest.double.state.application_id}/guilds/{rest.double.guild_id}/commands"


REFUSED: dict[str, list[dict[str, Any]]] = {
    "upper case": [command("Books")],
    "a blank in the name": [command("my books")],
    "a bad localisation": [command(name_localizations={"de": "Bücher und mehr"})],
    "no description": [command(description="")],
    "same name": [command(), command()],
    "same option": [command(options=[option(), option()])],
    "required after optional": [command(options=[option("a"), option("b", required=True)])],
    "sub-command beside option": [command(options=[option("a"), {**option("b"), "type": 1}])],
    "choices and autocomplete": [
        command(options=[option(autocomplete=True, choices=[{"name": "a", "value": "a"}])])
    ],
    "same choice": [
        command(options=[option(choices=[{"name": "a", "value": "a"}, {"name": "a", "value": "b"}])])
    ],
    "8001 characters": [
        command(
            options=[
                option(f"o{n}", choices=[{"name": f"{i}", "value": "x" * 99} for i in range(25)])
                for n in range(4)
            ]
        )
    ],
    "a menu with a description": [{"name": "Look", "type": 2, "description": "no"}],
}


@pytest.mark.parametrize("name", REFUSED)
async def test_what_is_not_registered(rest: Rest, name: str) -> None:
    assert (await rest("PUT", scope(rest), [command("before")]))[0] == 200
    status, code, body = await rest("PUT", scope(rest), REFUSED[name])
    assert (status, code) == (400, 50035), body
    assert [each["name"] for each in rest.double.state.commands.values()] == ["before"]


async def test_registering_anew_keeps_ids_of_the_same_name(rest: Rest) -> None:
    _, _, first = await rest("PUT", scope(rest), [command("a"), command("b")])
    _, _, second = await rest("PUT", scope(rest), [command("b", description="Changed"), command("c")])
    assert second[0]["id"] == first[1]["id"]
    assert second[0]["version"] != first[1]["version"]
    _, _, listed = await rest("GET", scope(rest))
    assert {each["name"] for each in listed} == {"b", "c"}
    assert rest.double.commands.puts == 2
    assert (await rest("POST", scope(rest), command("c")))[0] == 200
    assert (await rest("POST", scope(rest), command("d")))[0] == 201
    one = f"{scope(rest)}/{second[0]['id']}"
    assert (await rest("PATCH", one, {"description": "Again"}))[2]["description"] == "Again"
    assert (await rest("GET", one))[2]["description"] == "Again"
    assert (await rest("DELETE", one))[0] == 204
    assert (await rest("GET", one))[1] == 10063


async def test_two_hundred_new_commands_a_day(rest: Rest, clock: SimulatedClock) -> None:
    rest.double.state.knobs.command_creates = 3
    assert (await rest("PUT", scope(rest), [command("a"), command("b")]))[0] == 200
    assert (await rest("PUT", scope(rest), [command("a"), command("b")]))[0] == 200  # not new
    assert (await rest("PUT", scope(rest), [command("c"), command("d")]))[1] == 30034
    clock.shift(86_401)
    assert (await rest("PUT", scope(rest), [command("c"), command("d")]))[0] == 200


async def test_who_is_offered_what(rest: Rest, ada: Person) -> None:
    manage = int(Permission.MANAGE_GUILD)
    forms = [
        command("open"),
        command("managers", default_member_permissions=manage),
        command("nobody", default_member_permissions=0),
        command("elsewhere", contexts=[1]),
    ]
    assert (await rest("PUT", scope(rest), forms))[0] == 200
    gil = rest.double.person("Gil", permissions=Permission.MANAGE_GUILD)
    root = rest.double.person("Root", permissions=Permission.ADMINISTRATOR)
    assert set(ada.commands()) == {"open"}
    assert set(gil.commands()) == {"open", "managers"}
    assert set(root.commands()) == {"open", "managers", "nobody"}
    rest.double.deny(ada.here, Permission.USE_APPLICATION_COMMANDS, rest.double.state.everyone)
    assert not ada.commands()


async def test_a_person_types_in_their_own_language(rest: Rest, ada: Person) -> None:
    choice = {"name": "new", "value": "n", "name_localizations": {"de": "neu"}}
    show = {
        **option("show", name_localizations={"de": "zeigen"}),
        "type": 1,
        "options": [option("kind", choices=[choice])],
    }
    await rest("PUT", scope(rest), [command(name_localizations={"de": "bücher"}, options=[show])])
    bert = rest.double.person("Bert", locale="de")
    for line in ("/bücher zeigen", "/books show"):
        reply = await bert.slash(line, kind="neu", wait=False)
        assert reply.interaction.data["name"] == "books"
        assert reply.interaction.data["options"][0]["options"][0]["value"] == "n"
    with pytest.raises(Refused, match="not registered"):
        await ada.slash("/bücher zeigen")
