"""Long work shows on the card of its release, no faster than people can read."""

from __future__ import annotations

import itertools
from datetime import datetime

from bot.pump import GAP
from core.events import Progress
from tests.cogs.test_uploads import the_card, until, wait_for_approval
from tests.core.services.conftest import found, stands_at
from tests.fixtures_bot import BotWorld
from tests.world.discord import Discord


async def test_a_card_follows_the_work_on_its_release(bot_world: BotWorld, discord_double: Discord) -> None:
    await bot_world.start()
    app = bot_world.app
    release = await wait_for_approval(app, bot_world)
    card = await the_card(discord_double)
    await stands_at(app, release, "publish", "running")
    times: list[datetime] = []
    for edit in range(1, 6):
        for step in range(20):
            app.events.publish(Progress(release, "publish", (edit * 20 + step - 19) / 100, "checked"))
        await until(bot_world, lambda edit=edit: card.edits == edit)  # type: ignore[misc]  # bound on purpose
        assert card.edited is not None
        times.append(card.edited)
    assert "adding it to qBittorrent ▰▰▰▰▰▰▰▰▰▰▰▰ 100\u00a0%" in card.text
    apart = [(later - before).total_seconds() for before, later in itertools.pairwise(times)]
    assert min(apart) >= GAP
    await stands_at(app, release, "confirm", "waiting")
    app.events.publish(Progress(release, "publish", 1.0, "a late word of the stage before"))
    await until(bot_world, lambda: "▰" not in card.text)


async def test_work_on_what_has_no_card_makes_none(bot_world: BotWorld, discord_double: Discord) -> None:
    await bot_world.start()
    app = bot_world.app
    release = await found(app, bot_world.folder / "library")
    await stands_at(app, release, "build", "running")
    app.events.publish(Progress(release, "build", 0.5, "hashing"))
    await bot_world.clock.advance(60)
    assert not bot_world.bot.projection._pumps.busy
    assert discord_double.history("uploads") == []
