"""A Discord on loopback: REST, gateway, and people at their clients. See the README beside this file."""

from tests.world.discord.constants import Callback, Intent, Permission
from tests.world.discord.double import DISCORD, Discord, create_app, serving_discord
from tests.world.discord.driver import Person
from tests.world.discord.replies import Modal, NoAnswer, Reply
from tests.world.discord.state import Knobs, Limit
from tests.world.discord.typed import Refused

__all__ = [
    "DISCORD",
    "Callback",
    "Discord",
    "Intent",
    "Knobs",
    "Limit",
    "Modal",
    "NoAnswer",
    "Permission",
    "Person",
    "Refused",
    "Reply",
    "create_app",
    "serving_discord",
]
