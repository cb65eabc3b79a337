"""A small real bot on the unmodified discord.py, to try the double with."""

from __future__ import annotations

import asyncio
import io
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import discord
import yarl
from discord import app_commands, ui
from discord.ext import commands

from tests.world.discord import Discord

PICTURE = b"\x89PNG\r\n\x1a\nnot really"


class Approve(ui.DynamicItem[ui.Button[Any]], template=r"try:(?P<number>\d+):(?P<verb>\w+)"):
    """A button that works after any restart."""

    def __init__(self, number: int, verb: str, *, disabled: bool = False) -> None:
        style = discord.ButtonStyle.success
        button = ui.Button[Any](
            label=verb.capitalize(), style=style, custom_id=f"try:{number}:{verb}", disabled=disabled
        )
        super().__init__(button)
        self.number, self.verb = number, verb

    @classmethod
    async def from_custom_id(cls, interaction: Any, item: Any, match: Any) -> Approve:
        return cls(int(match["number"]), match["verb"])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        if self.verb == "approve":
            await interaction.response.edit_message(
                view=card(self.number, f"approved by {interaction.user.display_name}")
            )
        elif self.verb == "reject":
            await interaction.response.send_modal(Reason(self.number))
        elif self.verb == "slow":
            await interaction.response.defer()
            assert interaction.message is not None
            await interaction.message.edit(view=card(self.number, "slowly done"))
        elif self.verb == "twice":
            await interaction.response.send_message("once", ephemeral=True)
            with suppress(discord.InteractionResponded):
                await interaction.response.send_message("twice")


class Reason(ui.Modal, title="Reject"):
    reason = ui.Label[Any](text="Reason", component=ui.TextInput[Any](custom_id="reason", max_length=50))
    kind = ui.Label[Any](
        text="Kind",
        component=ui.Select[Any](
            custom_id="kind",
            options=[discord.SelectOption(label="Bad", value="bad"), discord.SelectOption(label="Worse")],
        ),
    )
    proof = ui.Label[Any](text="Proof", component=ui.FileUpload[Any](custom_id="proof", required=False))

    def __init__(self, number: int) -> None:
        super().__init__(custom_id=f"reject:{number}")
        self.number = number

    async def on_submit(self, interaction: discord.Interaction[Any]) -> None:
        assert isinstance(self.reason.component, ui.TextInput)
        assert isinstance(self.kind.component, ui.Select)
        assert isinstance(self.proof.component, ui.FileUpload)
        files = [f"{file.filename}={(await file.read()).decode()}" for file in self.proof.component.values]
        said = f"rejected: {self.reason.component.value} {self.kind.component.values} {files}"
        await interaction.response.edit_message(view=card(self.number, said))


def card(number: int, state: str = "waiting") -> ui.LayoutView:
    view = ui.LayoutView(timeout=None)
    thumbnail = ui.Thumbnail[Any]("attachment://cover.png")
    container = ui.Container[Any](accent_colour=0x00AA00)
    container.add_item(
        ui.Section[Any](ui.TextDisplay[Any](f"## Book {number}\n{state}"), accessory=thumbnail)
    )
    container.add_item(ui.Separator[Any]())
    row = ui.ActionRow[Any]()
    for verb in ("approve", "reject", "slow", "twice"):
        row.add_item(Approve(number, verb, disabled=state.startswith("rejected")))
    container.add_item(row)
    view.add_item(container)
    return view


class TryBot(commands.Bot):
    """Commands of every kind, a card, a modal. What it heard of the gateway is in `heard`."""

    def __init__(self, double: Discord | type[_Elsewhere], **options: Any) -> None:
        self.double = double
        self.heard: list[str] = []
        options.setdefault("intents", discord.Intents(guilds=True))
        super().__init__(
            "!", guild_ready_timeout=0.05, allowed_mentions=discord.AllowedMentions.none(), **options
        )

    async def setup_hook(self) -> None:
        self.add_dynamic_items(Approve)
        guild = discord.Object(int(self.double.guild_id))
        self.tree.add_command(group(), guild=guild)
        self.tree.add_command(echo, guild=guild)
        self.tree.add_command(hidden, guild=guild)
        await self.tree.sync(guild=guild)

    async def on_socket_event_type(self, event: str) -> None:
        self.heard.append(event)


def group() -> app_commands.Group:
    books = app_commands.Group(name="books", description="Books", guild_only=True)

    @books.command(name="show", description="Show one")
    async def show(
        interaction: discord.Interaction[Any], title: str, copies: app_commands.Range[int, 1, 5] = 1
    ) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await interaction.edit_original_response(content=f"{title} x {copies}")
        await interaction.followup.send("and that is all", ephemeral=True)

    @show.autocomplete("title")
    async def complete(interaction: discord.Interaction[Any], current: str) -> list[app_commands.Choice[str]]:
        titles = ["Salt", "Salty", "Pepper"]
        return [
            app_commands.Choice(name=each, value=each.lower()) for each in titles if each.startswith(current)
        ]

    @books.command(name="card", description="Post a card")
    async def post(interaction: discord.Interaction[Any]) -> None:
        assert isinstance(interaction.channel, discord.TextChannel)
        await interaction.response.send_message("posted", ephemeral=True)
        cover = discord.File(io.BytesIO(PICTURE), "cover.png")
        await interaction.channel.send(view=card(7), file=cover)

    @books.command(name="menu", description="Show a menu")
    async def menu(interaction: discord.Interaction[Any]) -> None:
        view = ui.View(timeout=None)
        select = ui.Select[Any](
            custom_id="menu", options=[discord.SelectOption(label=each) for each in "ABC"], max_values=2
        )

        async def picked(interaction: discord.Interaction[Any]) -> None:
            await interaction.response.edit_message(content=f"picked {select.values}", view=None)

        select.callback = picked  # type: ignore[method-assign]
        people = ui.UserSelect[Any](custom_id="people")

        async def chosen(interaction: discord.Interaction[Any]) -> None:
            await interaction.response.send_message(f"chose {people.values[0].display_name}")

        people.callback = chosen  # type: ignore[method-assign]
        view.add_item(select)
        view.add_item(people)
        await interaction.response.send_message(embed=discord.Embed(title="Pick", colour=3), view=view)

    return books


@app_commands.command(name="echo", description="Say it again")
async def echo(
    interaction: discord.Interaction[Any],
    text: str,
    to: discord.Member | None = None,
    file: discord.Attachment | None = None,
    loud: bool = False,
) -> None:
    said = [text.upper() if loud else text]
    if to is not None:
        said.append(f"to {to.mention}")
    files = [discord.File(io.BytesIO(await file.read()), file.filename)] if file is not None else []
    await interaction.response.send_message(" ".join(said), files=files)


@app_commands.command(name="hidden", description="For few")
@app_commands.default_permissions(manage_guild=True)
async def hidden(interaction: discord.Interaction[Any]) -> None:
    await interaction.response.send_message("found it", ephemeral=True)


@asynccontextmanager
async def running(bot: TryBot) -> AsyncIterator[TryBot]:
    """The bot, logged in and ready, until the block is left."""
    point_at(bot.double)
    task = asyncio.create_task(bot.start(bot.double.token), name="try bot")
    ready = asyncio.create_task(_ready(bot), name="try bot: ready")
    try:
        await asyncio.wait({task, ready}, return_when=asyncio.FIRST_COMPLETED, timeout=10)
        if task.done():
            task.result()
        yield bot
    finally:
        ready.cancel()
        await bot.close()
        task.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await task


async def _ready(bot: TryBot) -> None:
    await bot.double.connected()
    await bot.wait_until_ready()


def point_at(double: Discord | type[_Elsewhere]) -> None:
    """Two class attributes are all it takes."""
    from discord.gateway import DiscordWebSocket
    from discord.http import Route

    Route.BASE = double.api_base
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(double.gateway_url)


class _Elsewhere:
    """Where the double is, for a bot in another process."""

    token = os.environ.get("DISCORD_TOKEN", "")
    guild_id = os.environ.get("DISCORD_GUILD_ID", "")
    api_base = os.environ.get("DISCORD_API_BASE", "")
    gateway_url = os.environ.get("DISCORD_GATEWAY_URL", "")


async def _main() -> None:
    point_at(_Elsewhere)
    async with TryBot(_Elsewhere) as bot:
        await bot.start(_Elsewhere.token)


if __name__ == "__main__":
    asyncio.run(_main())
