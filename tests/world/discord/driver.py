"""A person at their client: what they can do, and what their client would not let them do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tests.world.discord import typed
from tests.world.discord.bodies import Body, Upload
from tests.world.discord.commands import CHAT_INPUT
from tests.world.discord.components import Button, Select
from tests.world.discord.constants import (
    LINK_BUTTON,
    ChannelKind,
    ComponentKind,
    InteractionKind,
    OptionKind,
    Permission,
)
from tests.world.discord.entities import Attachment, Channel, Json, Message, User
from tests.world.discord.replies import Modal, Reply
from tests.world.discord.typed import File, Refused, Resolved

if TYPE_CHECKING:
    from tests.world.discord.double import Discord

NESTED = (OptionKind.SUB_COMMAND, OptionKind.SUB_COMMAND_GROUP)


class Person:
    """Somebody in the guild. `here` is the channel they are looking at."""

    def __init__(self, discord: Discord, user: User, here: Channel) -> None:
        self._discord = discord
        self.user = user
        self.here = here

    @property
    def name(self) -> str:
        return self.user.name

    @property
    def id(self) -> str:
        return self.user.id

    # --- commands ---------------------------------------------------------------------------------------------------

    def commands(self, where: Channel | None = None) -> dict[str, Json]:
        """The slash commands offered to them here, by name."""
        where = where or self.here
        return {
            command["name"]: command
            for command in self._discord.state.commands.values()
            if command["type"] == CHAT_INPUT and self._offered(command, where)
        }

    def _offered(self, command: Json, where: Channel) -> bool:
        in_dm = where.kind is ChannelKind.DM
        if in_dm and command.get("guild_id"):
            return False
        if command.get("contexts") is not None and int(in_dm) not in command["contexts"]:
            return False
        held, needed = (
            self._discord.state.permissions(self.user, where),
            command["default_member_permissions"],
        )
        if in_dm or held & Permission.ADMINISTRATOR:
            return True
        if not held & Permission.USE_APPLICATION_COMMANDS:
            return False
        return needed is None or (int(needed) != 0 and held & int(needed) == int(needed))

    async def slash(
        self,
        line: str,
        options: Mapping[str, Any] | None = None,
        *,
        where: Channel | None = None,
        wait: bool = True,
        **more: Any,
    ) -> Reply:
        """Send a command such as "/uploads show", with its options by name.

        A file is `(name, bytes)`; people, roles and channels are themselves. Waits for the bot's first answer;
        with `wait=False` for nothing. Raises Refused, NoAnswer.
        """
        where = where or self.here
        command, path, known = self._typed(line, where)
        resolved = self._resolved(where)
        values = typed.options(known, {**(options or {}), **more}, resolved)
        data = _command_data(command, path, values, resolved)
        return await self._send(InteractionKind.COMMAND, where, data, wait=wait)

    async def autocomplete(
        self, line: str, option: str, text: str, *, where: Channel | None = None, **others: Any
    ) -> list[Json]:
        """Type into an option that completes, and get what is offered: name and value each. Raises Refused, NoAnswer."""
        where = where or self.here
        command, path, known = self._typed(line, where)
        focused = next((each for each in known if each["name"] == option), None)
        if focused is None or not focused.get("autocomplete"):
            raise Refused(f"{option!r} of {line} completes nothing")
        resolved = self._resolved(where)
        values = typed.options(known, others, resolved, partly=True)
        values.append({"name": option, "type": focused["type"], "value": text, "focused": True})
        data = _command_data(command, path, values, resolved)
        reply = await self._send(InteractionKind.AUTOCOMPLETE, where, data, wait=True)
        return reply.choices

    def _typed(self, line: str, where: Channel) -> tuple[Json, list[Json], list[Json]]:
        """The command that was typed, its sub-commands on the way, and the options at the end of it."""
        if not self._discord.state.may(self.user, where, Permission.VIEW_CHANNEL):
            raise Refused(f"{self.name} does not see #{where.name}")
        words = line.removeprefix("/").split()
        command = self._named(words[0], self.commands(where).values())
        if command is None:
            exists = self._named(words[0], self._discord.state.commands.values()) is not None
            raise Refused(f"/{words[0]} is {'not offered to ' + self.name if exists else 'not registered'}")
        path: list[Json] = []
        options = command["options"]
        for word in words[1:]:
            found = self._named(word, [each for each in options if each["type"] in NESTED])
            if found is None:
                raise Refused(f"{line}: no {word!r} among {[each['name'] for each in options]}")
            path.append(found)
            options = found.get("options") or []
        if any(each["type"] in NESTED for each in options):
            raise Refused(f"{line} wants one of {[each['name'] for each in options]}")
        return command, path, options

    def _named(self, word: str, among: Iterable[Json]) -> Json | None:
        """The one of this name, or called so in their language."""
        return next(
            (
                each
                for each in among
                if word in (each["name"], (each.get("name_localizations") or {}).get(self.user.locale))
            ),
            None,
        )

    # --- components -------------------------------------------------------------------------------------------------

    async def press(
        self,
        message: Message | Reply,
        label: str | None = None,
        *,
        custom_id: str | None = None,
        wait: bool = True,
    ) -> Reply:
        """Press the button with this label, or this custom_id. Raises Refused, NoAnswer."""
        message = self._looked_at(message)
        wanted = custom_id if custom_id is not None else label
        found = [
            each
            for each in message.buttons
            if wanted == (each.label if custom_id is None else each.custom_id)
        ]
        button: Button = self._single(found, f"button {wanted!r}", message)
        if button.disabled:
            raise Refused(f"the button {wanted!r} is disabled")
        if button.style == LINK_BUTTON:
            raise Refused(f"the button {wanted!r} opens {button.url} and tells the bot nothing")
        data = {
            "component_type": ComponentKind.BUTTON,
            "custom_id": button.custom_id,
            "id": button.node["id"],
        }
        return await self._send(InteractionKind.COMPONENT, message.channel, data, source=message, wait=wait)

    async def select(
        self, message: Message | Reply, *chosen: Any, custom_id: str | None = None, wait: bool = True
    ) -> Reply:
        """Pick from the message's menu (if there are more, the one with this custom_id), by label or value.

        From menus of people, roles or channels pick them themselves. Raises Refused, NoAnswer.
        """
        message = self._looked_at(message)
        found = [each for each in message.selects if custom_id in (None, each.custom_id)]
        select: Select = self._single(found, f"menu {custom_id or ''}", message)
        if select.disabled:
            raise Refused(f"the menu {select.custom_id} is disabled")
        resolved = self._resolved(message.channel)
        values = typed.picked(select.node, chosen, resolved)
        data: Json = {
            "component_type": select.node["type"],
            "custom_id": select.custom_id,
            "id": select.node["id"],
            "values": values,
        }
        if resolved.data:
            data["resolved"] = resolved.data
        return await self._send(InteractionKind.COMPONENT, message.channel, data, source=message, wait=wait)

    async def submit(
        self, form: Modal | Reply, values: Mapping[str, Any] | None = None, *, wait: bool = True
    ) -> Reply:
        """Fill in a form by label or custom_id, and send it; what is not named stays as it opened.

        Texts, labels or values of options (several as a list), files as `(name, bytes)`. Raises Refused, NoAnswer.
        """
        modal = form.modal if isinstance(form, Reply) else form
        if modal is None:
            raise Refused("no form was opened")
        if modal.opener.user is not self.user:
            raise Refused(f"the form is open at {modal.opener.user.name}'s")
        if modal.custom_id in self._discord.closed_forms(modal.opener):
            raise Refused(f"the form {modal.title!r} has been sent already")
        given = dict(values or {})
        fields = {modal.field(name).custom_id: value for name, value in given.items()}
        resolved = self._resolved(modal.opener.channel)
        by_id = {field.custom_id: field for field in modal.fields}
        filled = {
            number: typed.filled(field, fields.get(number), resolved) for number, field in by_id.items()
        }
        data: Json = {
            "custom_id": modal.custom_id,
            "components": [_submitted(node, filled) for node in modal.form["components"]],
        }
        if resolved.data:
            data["resolved"] = resolved.data
        opener = modal.opener
        return await self._send(
            InteractionKind.MODAL_SUBMIT, opener.channel, data, source=opener.source, cause=opener, wait=wait
        )

    # --- messages ---------------------------------------------------------------------------------------------------

    def sees(self, where: Channel | None = None) -> list[Message]:
        """The messages they see in a channel, oldest first: other people's ephemeral ones are not among them."""
        where = where or self.here
        if not self._discord.state.may(self.user, where, Permission.VIEW_CHANNEL):
            raise Refused(f"{self.name} does not see #{where.name}")
        return [message for message in where.messages.values() if message.viewer in (None, self.user)]

    def say(self, content: str, *files: File, where: Channel | None = None) -> Message:
        """Post an ordinary message."""
        where = where or self.here
        if not self._discord.state.may(self.user, where, Permission.SEND_MESSAGES):
            raise Refused(f"{self.name} may not write in #{where.name}")
        uploads = [Upload(str(number), name, "text/plain", data) for number, (name, data) in enumerate(files)]
        return self._discord.messages.create(where, self.user, Body({"content": content}, uploads))

    def delete(self, message: Message) -> None:
        """Delete a message: their own, or with the permission any; an ephemeral one is only dismissed."""
        own = self.user in (message.viewer, message.author)
        if not own and not self._discord.state.may(self.user, message.channel, Permission.MANAGE_MESSAGES):
            raise Refused(f"{self.name} may not delete it")
        self._discord.messages.delete(message)

    # --- parts ------------------------------------------------------------------------------------------------------

    async def _send(
        self, kind: InteractionKind, where: Channel, data: Json, *, wait: bool, **more: Any
    ) -> Reply:
        data = {key: int(value) if key == "component_type" else value for key, value in data.items()}
        reply = Reply(self._discord, self._discord.interactions.send(kind, self.user, where, data, **more))
        return await reply.answered() if wait else reply

    def _looked_at(self, message: Message | Reply) -> Message:
        found = message.message if isinstance(message, Reply) else message
        if found is None:
            raise Refused("there is no message")
        if found.deleted or found.channel.deleted:
            raise Refused("the message is gone")
        if found.viewer not in (None, self.user):
            raise Refused(f"only {found.viewer.name if found.viewer else 'nobody'} sees this message")
        if not self._discord.state.may(self.user, found.channel, Permission.VIEW_CHANNEL):
            raise Refused(f"{self.name} does not see #{found.channel.name}")
        return found

    def _single(self, found: Sequence[Any], what: str, message: Message) -> Any:
        if len(found) != 1:
            raise Refused(f"{len(found)} times {what} in {message!r}")
        return found[0]

    def _resolved(self, where: Channel) -> Resolved:
        def store(upload: Upload) -> Attachment:
            return self._discord.messages.store(where, upload, {}, ephemeral=True)

        return Resolved(self._discord.state, where, store)

    def __repr__(self) -> str:
        return f"<{self.name}, {[role.name for role in self.user.roles]}>"


def _command_data(command: Json, path: Sequence[Json], values: list[Json], resolved: Resolved) -> Json:
    for step in reversed(path):
        values = [{"name": step["name"], "type": step["type"], "options": values}]
    data: Json = {"id": command["id"], "name": command["name"], "type": command["type"], "options": values}
    if command.get("guild_id"):
        data["guild_id"] = command["guild_id"]
    if resolved.data:
        data["resolved"] = resolved.data
    return data


def _submitted(node: Json, filled: Mapping[str, Json]) -> Json:
    """One top component of a form as it is sent back."""
    if node["type"] == ComponentKind.LABEL:
        return {"type": node["type"], "id": node["id"], "component": filled[node["component"]["custom_id"]]}
    if node["type"] == ComponentKind.ACTION_ROW:
        inner = [filled[child["custom_id"]] for child in node["components"]]
        return {"type": node["type"], "id": node["id"], "components": inner}
    return {"type": node["type"], "id": node["id"]}
