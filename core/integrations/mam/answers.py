"""The tracker's answers judged: what each status and sentence means, and what a person should do."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import AuthFailed, BadReply, IntegrationError, Rejected, Unreachable
from core.http import Reply
from core.integrations.mam import values
from core.integrations.mam.errors import SECRET, SYSTEM, WrongNetwork
from core.integrations.mam.models import found_nothing

NEW_SESSION = (
    "On the tracker's site, under Preferences > Security, make a new session for Mousekeeper alone"
    f" and put its value into {SECRET}."
)


class Doubtful(Exception):
    """Looks as if the session were refused, but other things look like this too; `error` tells of it."""

    def __init__(self, error: IntegrationError, refusal: AuthFailed) -> None:
        super().__init__(str(error))
        self.error = error
        self.refusal = refusal  # what it means if the next answer says the same


@dataclass(frozen=True, slots=True)
class _Sentence:
    """A sentence of the site's, in lower case, and the error it means."""

    says: str
    means: Callable[[], IntegrationError]


def _wrong_network(what: str) -> Callable[[], IntegrationError]:
    return lambda: WrongNetwork(
        SYSTEM,
        f"The tracker's session is locked to another {what} than Mousekeeper asks from; it is still alive.",
        hint="Bring Mousekeeper back to that network, or make a session for this one under"
        f" Preferences > Security on the tracker's site and put its value into {SECRET}.",
    )


def _refused(why: str) -> Callable[[], IntegrationError]:
    return lambda: AuthFailed(SYSTEM, why, secret=SECRET, hint=NEW_SESSION)


def _not_for_this_session() -> IntegrationError:
    return Rejected(
        SYSTEM,
        "The tracker's session is not allowed to do this.",
        hint="On the tracker's site, under Preferences > Security, make a session with"
        f' "Allow session to set Dynamic Seedbox" ticked, and put its value into {SECRET}.',
        status=403,
    )


def _not_by_programs() -> IntegrationError:
    return Rejected(
        SYSTEM, "The tracker no longer lets programs do this; it can be done on its site.", status=410
    )


# The first that occurs in an answer counts.
SENTENCES = (
    _Sentence("asn mismatch", _wrong_network("provider (ASN)")),
    _Sentence("ip mismatch", _wrong_network("address (IP)")),
    _Sentence("does not match account", _wrong_network("address (IP)")),
    _Sentence(
        "invalid cookie", _refused("The tracker's session is dead: it expired, was removed or replaced.")
    ),
    _Sentence("non-api session", _refused("The tracker's session is of the wrong kind: it is a browser's.")),
    _Sentence("not allowed this function", _not_for_this_session),
    _Sentence("not allowed via api", _not_by_programs),
)
# Sentences that are seen in passing trouble, too.
UNCLEAR = (
    ("not signed in", "The tracker says that Mousekeeper is not signed in."),
    ("no session cookie", "The tracker saw no session in the request."),
    ("invalid session", "The tracker refuses the session without saying why."),
)
_LOGIN = re.compile(r"log ?in|sign ?in|password", re.IGNORECASE)
_HTML = re.compile(r"\s*<(?:!doctype|html|head|body)", re.IGNORECASE)
_TAG = re.compile(r"<[^>]{0,500}>")
_TOKEN = re.compile(r"\S{24,}")  # a key or an address with one in it, in somebody else's sentence
LONGEST_QUOTE = 200  # characters of the site's own words
LOOKED_AT = 20_000  # bytes of a page


def refusal_in(text: str) -> IntegrationError | Doubtful | None:
    """The error that one of the site's known sentences means; None when there is none in the text."""
    lowered = text.lower()
    known = next((sentence.means() for sentence in SENTENCES if sentence.says in lowered), None)
    return known or next((_doubtful(means) for says, means in UNCLEAR if says in lowered), None)


def judge_status(reply: Reply) -> None:
    """Pass 200; else raise what the status and the body say (429 is the client's). Raises Doubtful, too."""
    if reply.status == 200:
        return
    if reply.status in (401, 403):
        raise _refusal(reply)
    if 300 <= reply.status < 400:
        raise _doubtful(
            f"The tracker sent Mousekeeper elsewhere ({reply.status}), as it does with strangers."
        )
    if reply.status >= 500:
        raise Unreachable(SYSTEM, f"The tracker is out of order ({reply.status}).")
    if (known := refusal_in(_beginning(reply))) is not None:
        raise known
    said = said_by(reply)
    raise Rejected(
        SYSTEM, f"The tracker refused ({reply.status}{': ' + said if said else ''}).", status=reply.status
    )


def judge_json(reply: Reply) -> Any:
    """The JSON of an answer with status 200; an error the site states in it is raised."""
    text = _beginning(reply)
    if not reply.body.strip():
        raise _doubtful("The tracker sent an empty answer, as it does when Mousekeeper is not signed in.")
    if _HTML.match(text) or not _is_json_start(text):
        raise _page(text)
    body = reply.json()
    if isinstance(body, Mapping):
        _judge_object(body)
    return body


def judge_torrent(reply: Reply) -> bytes:
    """The .torrent in an answer with status 200, which begins with `d` and ends with `e`."""
    body = reply.body
    if body[:1] == b"d" and body.rstrip()[-1:] == b"e" and body[1:2].isdigit():
        return body
    if not body.strip():
        raise _doubtful("The tracker sent an empty file instead of a torrent.")
    if _is_json_start(_beginning(reply)):
        judge_json(reply)  # an error in JSON is raised
        raise BadReply(SYSTEM, "The tracker sent JSON instead of a torrent.")
    if body[:1] == b"d":
        raise BadReply(SYSTEM, "The tracker sent half a torrent.")
    raise _page(_beginning(reply))


def said_by(reply: Reply) -> str:
    """What the site says in an answer, cut to a quotable length; empty when that is a page."""
    text = _beginning(reply)
    try:
        body = json.loads(reply.body) if _is_json_start(text) else None
    except (ValueError, RecursionError):
        body = None
    if isinstance(body, Mapping):
        return _stated(body)
    return "" if "<" in text else _quotable(values.line(text))


def succeeded(body: Mapping[str, Any]) -> bool | None:
    """`success` or `Success` as a boolean or text; None where there is none."""
    for name in ("success", "Success"):
        if name in body:
            return values.yes(body[name])
    return None


def _judge_object(body: Mapping[str, Any]) -> None:
    if found_nothing(body):
        return
    stated = _stated(body)
    failed = succeeded(body) is False or bool(values.line(body.get("error") or ""))
    only_a_message = "message" in body and not set(body) - {"message", "success", "Success"}
    if not stated and not failed:
        return
    if failed or (only_a_message and succeeded(body) is not True):
        if (known := refusal_in(stated)) is not None:
            raise known
        raise Rejected(SYSTEM, f"The tracker said no: {stated or 'without a reason'}.", status=200)


def _stated(body: Mapping[str, Any]) -> str:
    found = (values.line(body.get(name) or "") for name in ("error", "msg", "message"))
    return _quotable(next((text for text in found if text), ""))


def _refusal(reply: Reply) -> Exception:
    known = refusal_in(_beginning(reply))
    if known is not None:
        return known
    said = said_by(reply)
    return _doubtful(
        f"The tracker refuses the session ({reply.status}{', ' + said if said else ''}), without saying"
        " whether it is dead or locked to another network."
    )


def _page(text: str) -> Exception:
    """A page, or other text, where data was expected."""
    if (known := refusal_in(text)) is not None:
        return known
    if text.lstrip().startswith("Error"):
        return Rejected(
            SYSTEM, f"The tracker said: {values.line(re.sub('<[^>]*>', ' ', text))[:LONGEST_QUOTE]}"
        )
    if _LOGIN.search(text):
        return _doubtful("The tracker shows its login page where data was expected.")
    return BadReply(SYSTEM, "The tracker sent a page where data was expected; it may be under maintenance.")


def _doubtful(what: str) -> Doubtful:
    refusal = AuthFailed(SYSTEM, f"{what} It did so twice.", secret=SECRET, hint=NEW_SESSION)
    return Doubtful(BadReply(SYSTEM, f"{what} It is asked once more."), refusal)


def _is_json_start(text: str) -> bool:
    return text.lstrip("\ufeff \t\r\n")[:1] in ("{", "[", '"')


def _quotable(text: str) -> str:
    """The site's words fit for an error: short, without what may be a key."""
    return _TOKEN.sub("…", text)[:LONGEST_QUOTE].rstrip(" .")


def _beginning(reply: Reply) -> str:
    return reply.body[:LOOKED_AT].decode("utf-8", "replace")
