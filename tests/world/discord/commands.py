"""Application commands: registering them by Discord's laws, and finding the one a person typed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from tests.world.discord.constants import OptionKind
from tests.world.discord.entities import Json
from tests.world.discord.errors import ApiError, Problem
from tests.world.discord.state import State

CHAT_INPUT = 1
NAME = re.compile(r"[-_'\w]{1,32}")
COMMANDS_LIMIT = 100
OPTIONS_LIMIT = 25
CHARACTERS_LIMIT = 8000
NESTED = (OptionKind.SUB_COMMAND, OptionKind.SUB_COMMAND_GROUP)


class Commands:
    """The registered commands, of the guild and global ones."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._created: list[datetime] = []
        self.puts = 0  # how often all were replaced at once

    def of(self, guild_id: str | None) -> list[Json]:
        return [command for command in self._state.commands.values() if command.get("guild_id") == guild_id]

    def get(self, guild_id: str | None, command_id: str) -> Json:
        command = self._state.commands.get(command_id)
        if command is None or command.get("guild_id") != guild_id:
            raise ApiError(10063)
        return command

    def replace(self, guild_id: str | None, forms: list[Json] | None) -> list[Json]:
        """PUT: exactly these commands, all or nothing. Raises ApiError."""
        forms = forms or []
        self.puts += 1
        problems = [problem for n, form in enumerate(forms) for problem in _command_problems(form, (n,))]
        if len(forms) > COMMANDS_LIMIT:
            problems.append(Problem((), f"{len(forms)} commands; {COMMANDS_LIMIT} are the limit."))
        problems += _duplicates([(form.get("type", CHAT_INPUT), form.get("name")) for form in forms], ())
        if problems:
            raise ApiError(50035, problems)
        known = {(command["type"], command["name"]): command for command in self.of(guild_id)}
        self._count_creates(sum((form.get("type", CHAT_INPUT), form["name"]) not in known for form in forms))
        for command in self.of(guild_id):
            del self._state.commands[command["id"]]
        made = [
            self._make(guild_id, form, known.get((form.get("type", CHAT_INPUT), form["name"])))
            for form in forms
        ]
        self._state.changes.tell()
        return made

    def upsert(self, guild_id: str | None, form: Json) -> tuple[Json, bool]:
        """POST: a new command, or another one in place of its namesake; and whether it is new."""
        self._refuse(form)
        key = (form.get("type", CHAT_INPUT), form["name"])
        old = next((each for each in self.of(guild_id) if (each["type"], each["name"]) == key), None)
        self._count_creates(old is None)
        made = self._make(guild_id, form, old)
        self._state.changes.tell()
        return made, old is None

    def change(self, guild_id: str | None, command_id: str, form: Json) -> Json:
        old = self.get(guild_id, command_id)
        whole = {**old, **form}
        self._refuse(whole)
        return self._make(guild_id, whole, old)

    def delete(self, guild_id: str | None, command_id: str) -> None:
        self.get(guild_id, command_id)
        del self._state.commands[command_id]
        self._state.changes.tell()

    def _refuse(self, form: Json) -> None:
        if problems := list(_command_problems(form, ())):
            raise ApiError(50035, problems)

    def _count_creates(self, number: int) -> None:
        begin = self._state.now - timedelta(days=1)
        self._created = [moment for moment in self._created if moment > begin]
        if len(self._created) + number > self._state.knobs.command_creates:
            raise ApiError(30034)
        self._created += [self._state.now] * number

    def _make(self, guild_id: str | None, form: Json, old: Json | None) -> Json:
        state = self._state
        command: Json = {
            "id": old["id"] if old else state.new_id(),
            "application_id": state.application_id,
            "version": state.new_id(),
            "type": form.get("type", CHAT_INPUT),
            "name": form["name"],
            "name_localizations": form.get("name_localizations"),
            "description": form.get("description") or "",
            "description_localizations": form.get("description_localizations"),
            "default_member_permissions": _text_or_none(form.get("default_member_permissions")),
            "nsfw": bool(form.get("nsfw")),
            "contexts": form.get("contexts"),
            "integration_types": form.get("integration_types") or [0],
            "options": [_option(option) for option in form.get("options") or ()],
        }
        if guild_id is not None:
            command["guild_id"] = guild_id
        else:
            command["dm_permission"] = form.get("dm_permission", True)
        state.commands[command["id"]] = command
        return command


def _text_or_none(value: Any) -> str | None:
    return None if value is None else str(value)


def _option(form: Json) -> Json:
    option = {key: value for key, value in form.items() if value is not None}
    if "options" in option:
        option["options"] = [_option(each) for each in option["options"]]
    if option.get("required") is False:
        del option["required"]
    return option


def _command_problems(form: Json, path: tuple[str | int, ...]) -> Iterator[Problem]:
    kind = form.get("type", CHAT_INPUT)
    if kind == CHAT_INPUT:
        yield from _named(form, path)
        yield from _options_problems(form.get("options") or [], (*path, "options"))
        if (length := sum(map(len, _characters(form)))) > CHARACTERS_LIMIT:
            yield Problem(path, f"{length} characters in all; {CHARACTERS_LIMIT} are the limit.")
    elif form.get("description") or form.get("options"):
        yield Problem(path, "A context menu command has neither description nor options.")


def _named(form: Json, path: tuple[str | int, ...]) -> Iterator[Problem]:
    names = {"name": form.get("name"), **(form.get("name_localizations") or {})}
    for where, name in names.items():
        if not isinstance(name, str) or not NAME.fullmatch(name) or name != name.lower():
            code = "APPLICATION_COMMAND_INVALID_NAME"
            yield Problem((*path, "name"), f"Command name is invalid ({where}: {name!r}).", code)
    texts = {"description": form.get("description"), **(form.get("description_localizations") or {})}
    for where, text in texts.items():
        if not isinstance(text, str) or not 1 <= len(text) <= 100:
            message = f"Must be between 1 and 100 in length ({where}: {text!r})."
            yield Problem((*path, "description"), message, "BASE_TYPE_BAD_LENGTH")


def _options_problems(options: list[Json], path: tuple[str | int, ...]) -> Iterator[Problem]:
    if len(options) > OPTIONS_LIMIT:
        yield Problem(path, f"{len(options)} options; {OPTIONS_LIMIT} are the limit.")
    yield from _duplicates([option.get("name") for option in options], path)
    nested = [option.get("type") in NESTED for option in options]
    if any(nested) and not all(nested):
        yield Problem(
            path, "Sub-command and sub-command group option types are mutually exclusive to all others."
        )
    optional_seen = False
    for number, option in enumerate(options):
        here = (*path, number)
        yield from _named(option, here)
        if option.get("required") and optional_seen:
            code = "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID"
            yield Problem(here, "Required options must be placed before non-required options", code)
        optional_seen |= not option.get("required") and option.get("type") not in NESTED
        if option.get("choices") and option.get("autocomplete"):
            yield Problem(here, "An option has choices or autocomplete, not both.")
        yield from _duplicates(
            [choice.get("name") for choice in option.get("choices") or ()], (*here, "choices")
        )
        yield from _options_problems(option.get("options") or [], (*here, "options"))


def _duplicates(names: list[Any], path: tuple[str | int, ...]) -> Iterator[Problem]:
    for name in sorted({str(name) for name in names if names.count(name) > 1}):
        code = "APPLICATION_COMMANDS_DUPLICATE_NAME"
        yield Problem(path, f"{name} is there twice; names must be unique.", code)


def _characters(form: Json) -> Iterator[str]:
    """The texts that count together: names, descriptions, values of choices."""
    yield form.get("name") or ""
    yield form.get("description") or ""
    for choice in form.get("choices") or ():
        yield choice.get("name") or ""
        yield str(choice.get("value", ""))
    for option in form.get("options") or ():
        yield from _characters(option)
