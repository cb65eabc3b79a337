"""Buttons, menus and forms through a real connection: after restarts, with errors, of other versions."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import discord
import pytest
from discord import ui

from bot.components import ButtonSpec, menu, picked
from bot.custom_ids import CustomId, Registry
from bot.forms import Form, FormSpec
from core.errors import NeedsPerson
from tests.fixtures_bot import BotWorld

GREEN = discord.ButtonStyle.success


class Probe:
    """What the test's own buttons did."""

    def __init__(self) -> None:
        self.pressed: list[str] = []
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.fails_with: Exception | None = None

    async def press(self, bot: Any, interaction: Any, subject: str) -> None:
        if self.fails_with:
            raise self.fails_with
        self.pressed.append(subject)
        await interaction.response.send_message(f"pressed {subject}", ephemeral=True)

    async def pick(self, bot: Any, interaction: Any, subject: str) -> None:
        await interaction.response.send_message(f"{subject}: {picked(interaction)}", ephemeral=True)

    async def open(self, bot: Any, interaction: Any, subject: str) -> None:
        await bot.forms.open(interaction, "probe", "form", subject)

    async def build(self, bot: Any, subject: str, locale: discord.Locale) -> Form:
        if self.fails_with:
            raise self.fails_with
        form = Form(title=f"Form {subject}")
        form.add_item(ui.Label[Any](text="Reason", component=ui.TextInput[Any](custom_id="reason")))
        options = [discord.SelectOption(label="Bad"), discord.SelectOption(label="Worse")]
        form.add_item(ui.Label[Any](text="Kind", component=ui.Select[Any](custom_id="kind", options=options)))
        upload = ui.FileUpload[Any](custom_id="file", required=False)
        form.add_item(ui.Label[Any](text="File", component=upload))
        return form

    async def submit(self, bot: Any, interaction: Any, subject: str, values: dict[str, Any]) -> None:
        if self.fails_with:
            raise self.fails_with
        self.sent.append((subject, values))
        for file in values["file"]:
            assert await file.read() == b"content"
        await interaction.response.send_message(f"sent {subject}", ephemeral=True)

    def prepare(self, bot: Any) -> None:
        for verb, run, gate in (
            ("press", self.press, None),
            ("approve", self.press, "approve"),
            ("open", self.open, None),
            ("pick", self.pick, None),
        ):
            bot.buttons.add(ButtonSpec("probe", verb, "common.yes", run, GREEN, "✅", gate))
        bot.forms.add(FormSpec("probe", "form", self.build, self.submit))

    async def card(self, bot: Any, *verbs: str) -> Any:
        """A message with these buttons in #uploads, as everybody sees it."""
        view = ui.LayoutView(timeout=None)
        row = ui.ActionRow[Any]()
        for verb in verbs:
            if verb == "pick":
                options = [discord.SelectOption(label=each) for each in ("one", "two")]
                spec = bot.buttons.find("probe", "pick")
                row.add_item(menu(spec, "7", options, texts=bot.texts, language="en"))
            else:
                row.add_item(bot.buttons.draw("probe", verb, "7", language="en"))
        view.add_item(row)
        channel = bot.get_channel(bot.settings.channels.uploads)
        sent = await channel.send(view=view)
        return sent.id


@pytest.fixture
def probe(bot_world: BotWorld) -> Probe:
    made = Probe()
    bot_world.prepare = made.prepare
    return made


async def card(world: BotWorld, probe: Probe, *verbs: str) -> Any:
    number = await probe.card(world.bot, *verbs)
    return await world.discord.message("uploads", lambda message: message.id == str(number))


def plant(world: BotWorld, custom_id: str) -> Any:
    """A message with one button, as another version of the bot, or another program, left it."""
    row = {"type": 1, "components": [{"type": 2, "style": 1, "label": "Old", "custom_id": custom_id}]}
    return world.discord.plant("uploads", components=[row], content="old")


async def test_a_button_and_a_menu_work_before_and_after_a_restart(bot_world: BotWorld, probe: Probe) -> None:
    await bot_world.start()
    message = await card(bot_world, probe, "press")
    other = await card(bot_world, probe, "pick")
    ada = bot_world.discord.person("Ada")
    assert (await ada.press(message, custom_id="mk1:probe:7:press")).text == "pressed 7"
    await bot_world.restart()
    reply = await ada.press(message, custom_id="mk1:probe:7:press")
    assert (reply.text, reply.ephemeral) == ("pressed 7", True)
    assert (await ada.select(other, "two")).text == "7: ['two']"


async def test_a_view_of_ours_is_not_kept_in_memory(bot_world: BotWorld, probe: Probe) -> None:
    bot = await bot_world.start()
    message = await card(bot_world, probe, "press", "open")
    ada = bot_world.discord.person("Ada")
    for _ in range(3):
        assert (await ada.press(message, custom_id="mk1:probe:7:open")).modal
    assert bot._connection._view_store._views == {}
    assert bot._connection._view_store._modals == {}


async def test_a_form_opened_before_a_restart_works_after_it(bot_world: BotWorld, probe: Probe) -> None:
    await bot_world.start()
    message = await card(bot_world, probe, "open")
    ada = bot_world.discord.person("Ada")
    opened = await ada.press(message, custom_id="mk1:probe:7:open")
    await bot_world.restart()
    values = {"Reason": "too <@1> loud", "Kind": "Worse", "File": [("proof.txt", b"content")]}
    assert (await ada.submit(opened, values)).text == "sent 7"
    [(subject, sent)] = probe.sent
    assert (subject, sent["reason"], sent["kind"]) == ("7", "too <@1> loud", ["Worse"])
    assert [file.filename for file in sent["file"]] == ["proof.txt"]


async def test_a_gate_names_the_role_and_lets_it_pass(bot_world: BotWorld, probe: Probe) -> None:
    await bot_world.start()
    message = await card(bot_world, probe, "approve")
    refused = await bot_world.discord.person("Bob").press(message, custom_id="mk1:probe:7:approve")
    assert refused.ephemeral
    assert "**approve**" in refused.text
    assert probe.pressed == []
    for role in ("approve", "admin"):
        person = bot_world.discord.person(f"With {role}", roles=[role])
        assert (await person.press(message, custom_id="mk1:probe:7:approve")).text == "pressed 7"
    manager = bot_world.discord.person("Manager", permissions=discord.Permissions(manage_guild=True).value)
    assert (await manager.press(message, custom_id="mk1:probe:7:approve")).text == "pressed 7"


async def test_without_a_role_the_refusal_names_the_setting(bot_world: BotWorld, probe: Probe) -> None:
    bot_world.settings["discord"]["roles"] = {}
    await bot_world.start()
    message = await card(bot_world, probe, "approve")
    bob = bot_world.discord.person("Bob", locale="de")
    refused = await bob.press(message, custom_id="mk1:probe:7:approve")
    assert "discord.roles.approve" in refused.text
    assert "Server verwalten" in refused.text


@pytest.mark.parametrize(
    ("custom_id", "said"),
    [
        ("mk0:probe:7:press", "another version"),
        ("mk1:probe:7:unheard_of", "another version"),
        ("mk1:nothing", "another version"),
        ("mk2:a:b:c:d", "another version"),
        ("approve_7", "not mine"),
        ("mk:rel:7", "not mine"),
    ],
)
async def test_buttons_of_others_are_answered(
    bot_world: BotWorld, probe: Probe, custom_id: str, said: str
) -> None:
    await bot_world.start()
    reply = await bot_world.discord.person("Ada").press(plant(bot_world, custom_id), custom_id=custom_id)
    assert said in reply.text
    assert reply.ephemeral


async def test_an_error_has_the_same_number_in_the_answer_and_the_log(
    bot_world: BotWorld, probe: Probe, caplog: pytest.LogCaptureFixture
) -> None:
    await bot_world.start()
    message = await card(bot_world, probe, "press")
    probe.fails_with = ZeroDivisionError(f"with {bot_world.discord.token}")
    reply = await bot_world.discord.person("Ada").press(message, custom_id="mk1:probe:7:press")
    number = re.search(r"`([0-9a-f]{6})`", reply.text)
    assert number
    assert reply.ephemeral
    [record] = [each for each in caplog.records if number[1] in each.getMessage()]
    assert record.exc_info
    assert bot_world.discord.token not in reply.text


async def test_what_we_raise_on_purpose_is_said_as_it_is(bot_world: BotWorld, probe: Probe) -> None:
    await bot_world.start()
    message = await card(bot_world, probe, "press")
    probe.fails_with = NeedsPerson("There is *no* such release.", hint="Look again.")
    reply = await bot_world.discord.person("Ada").press(message, custom_id="mk1:probe:7:press")
    assert reply.text == r"There is \*no\* such release. Look again."


async def test_a_form_that_fails_is_answered(bot_world: BotWorld, probe: Probe) -> None:
    await bot_world.start()
    message = await card(bot_world, probe, "open")
    ada = bot_world.discord.person("Ada")
    opened = await ada.press(message, custom_id="mk1:probe:7:open")
    probe.fails_with = RuntimeError("no")
    values = {"Reason": "x", "Kind": "Bad"}
    assert "error id" in (await ada.submit(opened, values)).text
    assert "error id" in (await ada.press(message, custom_id="mk1:probe:7:open")).text


async def test_an_error_in_the_check_is_answered(
    bot_world: BotWorld, probe: Probe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """discord.py would swallow it without a line in the log."""
    bot = await bot_world.start()
    message = await card(bot_world, probe, "approve")
    monkeypatch.setattr(bot.gates, "allowed", lambda *_: 1 / 0)
    reply = await bot_world.discord.person("Ada").press(message, custom_id="mk1:probe:7:approve")
    assert "error id" in reply.text


async def test_a_late_error_is_said_after_the_answer(bot_world: BotWorld, probe: Probe) -> None:
    async def late(bot: Any, interaction: Any, subject: str) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await asyncio.sleep(0)
        raise RuntimeError("late")

    probe.press = late  # type: ignore[method-assign]
    await bot_world.start()
    message = await card(bot_world, probe, "press")
    reply = await bot_world.discord.person("Ada").press(message, custom_id="mk1:probe:7:press")
    await reply.done()
    assert "error id" in reply.text


def test_custom_ids_are_read_back_and_kept_short() -> None:
    address = CustomId("rel", "01J0000000000000000000000", "approve")
    assert CustomId.parse(str(address)) == address
    with pytest.raises(ValueError, match="custom_id"):
        str(CustomId("rel", "x" * 100, "approve"))
    with pytest.raises(ValueError, match="custom_id"):
        str(CustomId("rel", "a:b", "approve"))
    assert CustomId.parse("mk1:a::b") is None


def test_nobody_answers_twice() -> None:
    registry: Registry[FormSpec] = Registry()
    spec = FormSpec("a", "b", None, None)  # type: ignore[arg-type]
    registry.add(spec)
    with pytest.raises(ValueError, match="twice"):
        registry.add(spec)
    assert list(registry) == [spec]
