"""An answer with status 200, turned into the model its call is about. Raises BadReply where it is another."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

from pydantic import ValidationError

from core.errors import BadReply
from core.http import Reply
from core.integrations.mam.account import AccountStatus, parse_account
from core.integrations.mam.answers import judge_json, succeeded
from core.integrations.mam.errors import SYSTEM
from core.integrations.mam.models import (
    BonusEvent,
    NetworkIdentity,
    Purchase,
    SearchPage,
    SeedboxUpdate,
    parse_page,
)

M = TypeVar("M", Purchase, NetworkIdentity, SeedboxUpdate, BonusEvent)


def page(reply: Reply, start: int) -> SearchPage:
    """The page of a search that began at row `start`."""
    found = parse_page(judge_json(reply), start)
    if found is None:
        raise BadReply(SYSTEM, "The tracker's answer to a search is no page of rows.")
    return found


def account(reply: Reply, at: datetime) -> AccountStatus:
    status = parse_account(judge_json(reply), at)
    if status is None:
        raise BadReply(SYSTEM, "The tracker's answer about the account says nothing of it.")
    return status


def purchase(reply: Reply, kind: str) -> Purchase:
    body = _object(reply)
    if succeeded(body) is not True:
        raise BadReply(SYSTEM, "The tracker's answer to a purchase does not say whether it was made.")
    return _model(Purchase, {**body, "kind": kind})


def network(reply: Reply) -> NetworkIdentity:
    return _model(NetworkIdentity, _object(reply))


def seedbox(reply: Reply) -> SeedboxUpdate:
    body = _object(reply)
    if succeeded(body) is not True:
        raise BadReply(SYSTEM, "The tracker's answer about the torrent client's address says nothing.")
    return _model(SeedboxUpdate, {**body, "changed": "no change" not in str(body.get("msg")).lower()})


def history(reply: Reply) -> tuple[BonusEvent, ...]:
    body = judge_json(reply)
    if not isinstance(body, list):
        raise BadReply(SYSTEM, "The tracker's bonus history is no list.")
    return tuple(_model(BonusEvent, entry) for entry in body if isinstance(entry, Mapping))


def _object(reply: Reply) -> Mapping[str, Any]:
    body = judge_json(reply)
    if not isinstance(body, Mapping):
        raise BadReply(SYSTEM, "The tracker answered with something else than an object.")
    return body


def _model(kind: type[M], body: Mapping[str, Any]) -> M:
    try:
        return kind.model_validate(body)
    except ValidationError as error:
        raise BadReply(SYSTEM, "The tracker's answer cannot be read.") from error
