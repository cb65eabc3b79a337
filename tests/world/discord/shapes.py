"""Everything as it goes over the wire: entities to the JSON that Discord's REST and gateway give."""

from __future__ import annotations

from datetime import datetime

from tests.world.discord.constants import ChannelKind, Permission
from tests.world.discord.entities import Attachment, Channel, Json, Message, Role, User
from tests.world.discord.state import State

VERIFY_KEY = "0" * 64
JOINED = "2024-05-01T10:00:00.000000+00:00"


def moment(when: datetime) -> str:
    return when.isoformat(timespec="microseconds")


def user(who: User) -> Json:
    return {
        "id": who.id,
        "username": who.name.lower().replace(" ", "_"),
        "global_name": None if who.bot else who.name,
        "discriminator": "0000" if who.bot else "0",
        "avatar": None,
        "banner": None,
        "accent_color": None,
        "avatar_decoration_data": None,
        "collectibles": None,
        "primary_guild": None,
        "public_flags": 0,
        "flags": 0,
        **({"bot": True} if who.bot else {}),
    }


def me(state: State) -> Json:
    return {
        **user(state.bot),
        "bot": True,
        "mfa_enabled": True,
        "locale": "en-US",
        "verified": True,
        "email": None,
    }


def member(who: User) -> Json:
    return {
        "user": user(who),
        "nick": None,
        "avatar": None,
        "banner": None,
        "roles": [role.id for role in who.roles],
        "joined_at": JOINED,
        "premium_since": None,
        "communication_disabled_until": None,
        "pending": False,
        "flags": 0,
        "mute": False,
        "deaf": False,
    }


def role(of: Role) -> Json:
    return {
        "id": of.id,
        "name": of.name,
        "permissions": str(of.permissions),
        "position": of.position,
        "color": of.color,
        "colors": {"primary_color": of.color, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "managed": of.bot_id is not None,
        "mentionable": False,
        "icon": None,
        "unicode_emoji": None,
        "flags": 0,
        **({"tags": {"bot_id": of.bot_id}} if of.bot_id else {}),
    }


def channel(state: State, of: Channel) -> Json:
    last = next(reversed(of.messages), None)
    shape: Json = {"id": of.id, "type": int(of.kind), "flags": 0, "last_message_id": last}
    if of.kind is ChannelKind.DM:
        return {**shape, "recipients": [user(of.recipient)] if of.recipient else []}
    return {
        **shape,
        "guild_id": state.guild_id,
        "name": of.name,
        "position": of.position,
        "parent_id": None,
        "topic": None,
        "nsfw": False,
        "rate_limit_per_user": 0,
        "permission_overwrites": [
            {"id": holder, "type": kind, "allow": str(allow), "deny": str(deny)}
            for holder, (kind, allow, deny) in of.overwrites.items()
        ],
    }


def guild(state: State) -> Json:
    return {
        "id": state.guild_id,
        "name": state.guild_name,
        "icon": None,
        "description": None,
        "home_header": None,
        "splash": None,
        "discovery_splash": None,
        "features": [],
        "banner": None,
        "owner_id": state.owner.id,
        "application_id": None,
        "region": "deprecated",
        "afk_channel_id": None,
        "afk_timeout": 300,
        "system_channel_id": None,
        "system_channel_flags": 0,
        "widget_enabled": False,
        "widget_channel_id": None,
        "verification_level": 0,
        "roles": [role(each) for each in state.roles.values()],
        "default_message_notifications": 0,
        "mfa_level": 0,
        "explicit_content_filter": 0,
        "max_presences": None,
        "max_members": 500_000,
        "max_stage_video_channel_users": 50,
        "max_video_channel_users": 25,
        "vanity_url_code": None,
        "premium_tier": 0,
        "premium_subscription_count": 0,
        "preferred_locale": "en-US",
        "rules_channel_id": None,
        "safety_alerts_channel_id": None,
        "public_updates_channel_id": None,
        "premium_progress_bar_enabled": False,
        "premium_progress_bar_enabled_user_updated_at": None,
        "nsfw": False,
        "nsfw_level": 0,
        "emojis": [],
        "stickers": [],
        "incidents_data": None,
    }


def guild_create(state: State) -> Json:
    """GUILD_CREATE's data: the guild with what a bot without the members intent gets to see of it."""
    return {
        **guild(state),
        "joined_at": JOINED,
        "large": False,
        "unavailable": False,
        "member_count": len(state.users),
        "members": [member(state.bot)],
        "channels": [channel(state, each) for each in guild_channels(state)],
        "threads": [],
        "voice_states": [],
        "presences": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
    }


def guild_channels(state: State) -> list[Channel]:
    """Those the bot gets: Discord sends hidden channels too, but a deleted one is gone."""
    return [each for each in state.channels.values() if each.kind is not ChannelKind.DM and not each.deleted]


def application(state: State) -> Json:
    return {
        "id": state.application_id,
        "name": state.bot.name,
        "icon": None,
        "description": "",
        "type": None,
        "bot": user(state.bot),
        "bot_public": False,
        "bot_require_code_grant": False,
        "verify_key": VERIFY_KEY,
        "flags": 0,
        "flags_new": "0",
        "redirect_uris": [],
        "interactions_endpoint_url": None,
        "role_connections_verification_url": None,
        "owner": user(state.owner),
        "approximate_guild_count": int(state.in_guild),
        "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0,
        "explicit_content_filter": 0,
        "team": None,
        "eligible_oauth2_scopes": [],
        "integration_types_config": {"0": {}},
    }


def attachment(of: Attachment) -> Json:
    shape: Json = {
        "id": of.id,
        "filename": of.filename,
        "size": len(of.data),
        "url": of.url,
        "proxy_url": of.url,
        "content_type": of.content_type,
    }
    if of.description is not None:
        shape["description"] = of.description
    if of.title is not None:
        shape["title"] = of.title
    if of.ephemeral:
        shape["ephemeral"] = True
    return shape


def message(state: State, of: Message) -> Json:
    """A message as REST gives it."""
    shape: Json = {
        "id": of.id,
        "type": int(of.kind),
        "channel_id": of.channel.id,
        "author": user(of.author),
        "content": of.content,
        "timestamp": moment(of.created),
        "edited_timestamp": moment(of.edited) if of.edited else None,
        "tts": False,
        "mention_everyone": "everyone" in of.pings,
        "mentions": [user(state.users[who]) for who in sorted(of.pings & state.users.keys())],
        "mention_roles": sorted(of.pings & state.roles.keys()),
        "attachments": [attachment(each) for each in of.attachments],
        "embeds": of.embeds,
        "components": of.components,
        "pinned": of.pinned is not None,
        "flags": int(of.flags),
    }
    if of.nonce is not None:
        shape["nonce"] = of.nonce
    if of.by_webhook:
        shape.update(webhook_id=state.application_id, application_id=state.application_id)
    if of.metadata is not None:
        shape["interaction_metadata"] = of.metadata
    if of.reference is not None:
        shape["message_reference"] = of.reference
    return shape


def gateway_message(state: State, of: Message, *, content: bool = True) -> Json:
    """A message as an event gives it; without the content intent its content is blank."""
    shape = message(state, of)
    if of.channel.kind is not ChannelKind.DM:
        shape["guild_id"] = state.guild_id
        shape["member"] = {key: value for key, value in member(of.author).items() if key != "user"}
    if not content:
        shape.update(content="", embeds=[], attachments=[], components=[])
    return shape


def interaction_member(state: State, who: User, where: Channel) -> Json:
    """The member an interaction came from, with what they may do in that channel."""
    return {
        **member(who),
        "permissions": str(state.permissions(who, where)),
        "unusual_dm_activity_until": None,
    }


def interaction_channel(state: State, of: Channel, who: User) -> Json:
    return {**channel(state, of), "permissions": str(state.permissions(who, of))}


def app_permissions(state: State, where: Channel) -> str:
    return str(state.permissions(state.bot, where) | Permission.USE_APPLICATION_COMMANDS)
