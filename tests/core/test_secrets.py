"""Secrets are taken out of every text, in each form they travel in; nothing else is."""

from __future__ import annotations

import html
import json
import logging
import string
import traceback
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from core.config import load
from core.log import MASK, LineFormatter, Scrubber, secrets_of

FORMS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "in an address": lambda secret: quote(secret, safe=""),
    "in an address, slashes kept": quote,
    "in a form": lambda secret: urlencode({"k": secret}),
    "in small hex": lambda secret: quote_plus(secret).lower() if secret.islower() else quote_plus(secret),
    "in an address in an address": lambda secret: quote(quote(secret, safe=""), safe=""),
    "in JSON": json.dumps,
    "in JSON, letters kept": lambda secret: json.dumps(secret, ensure_ascii=False),
    "in JSON in JSON": lambda secret: json.dumps(json.dumps({"a": secret})),
    "in a repr": repr,
    "in a list's repr": lambda secret: repr([secret]),
    "in ASCII": ascii,
    "in HTML": html.escape,
    "in an exception": lambda secret: trace_of(ValueError(f"refused {secret!r}")),
}
SECRET = st.text(string.ascii_letters + string.digits + string.punctuation + " äß語", min_size=6, max_size=30)


def trace_of(error: Exception) -> str:
    try:
        raise error
    except ValueError:
        return traceback.format_exc()


@pytest.mark.parametrize("form", FORMS)
@given(secret=SECRET.map(str.strip))
@settings(deadline=None)
@example(secret='pa"ss\\wo/rd ä&1')
@example(secret="it's")
def test_a_secret_is_found_in_each_form(form: str, secret: str) -> None:
    assume(len(secret) >= 4)
    written = FORMS[form](secret)
    assume(secret not in "before refused k= a ValueError(Error after")  # what the form itself says is no leak
    scrubbed = Scrubber([secret])(f"before {written} after")
    assert scrubbed.startswith("before ")
    assert scrubbed.endswith(" after")
    assert MASK in scrubbed
    assert written not in scrubbed
    assert secret not in scrubbed


def test_the_longest_of_two_secrets_goes_first() -> None:
    assert Scrubber(["abcdef", "abcdefghij"])("x abcdefghij y abcdef") == f"x {MASK} y {MASK}"


def test_a_very_short_secret_does_not_blank_out_words() -> None:
    assert Scrubber(["", "a", "abc"])("abc is a name") == "abc is a name"


def test_without_secrets_ordinary_text_stays() -> None:
    text = "The Announcement (2021) {B0XXXXXXXX} announces: /srv/books/Author/announce it, api key missing"
    assert Scrubber([])(text) == text


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("http://t.example/0123456789abcdef0123/announce", "0123456789abcdef0123"),
        ("http://t.example/tracker.php/0123456789abcdef0123/announce?x=1", "0123456789abcdef0123"),
        ("tr=http%3A%2F%2Ft%2F0123456789abcdef0123%2Fannounce", "0123456789abcdef0123"),
        ("announce?passkey=0123456789&uploaded=1", "0123456789"),
        ("?apikey=0123456789abcdef", "0123456789abcdef"),
        ("{'api_key': '0123456789abcdef'}", "0123456789abcdef"),
        ("X-Api-Key: 0123456789abcdef", "0123456789abcdef"),
        ("{'Authorization': 'Bearer abc.def-0123456789'}", "abc.def-0123456789"),
        ("Authorization: Basic dXNlcjpwYXNzd29yZA==", "dXNlcjpwYXNzd29yZA=="),
        ("authorization: token0123456789", "token0123456789"),
        ("bearer eyJhbGciOi.J9-x_y", "eyJhbGciOi.J9-x_y"),
        ("Set-Cookie: mam_id=Ab0-Cd1_Ef2%3D; path=/", "Ab0-Cd1_Ef2%3D"),
        ('{"mam_id": "Ab0-Cd1_Ef2"}', "Ab0-Cd1_Ef2"),
        ("{'mam_id': 'Ab0-Cd1_Ef2'}", "Ab0-Cd1_Ef2"),
    ],
)
def test_shapes_of_other_peoples_secrets(text: str, secret: str) -> None:
    scrubbed = Scrubber([])(text)
    assert secret not in scrubbed
    assert MASK in scrubbed
    assert scrubbed[:4] == text[:4]


# --- which secrets there are -------------------------------------------------------------------------------------

PLANTED = {
    "DISCORD_TOKEN": ("discord-tok.en-0001", ["discord-tok.en-0001"]),
    "QB_PASSWORD": ("pa ss'wörd\"2", ["pa ss'wörd\"2"]),
    "MAM_ID": ("mam-session-0003", ["mam-session-0003"]),
    "MAM_ANNOUNCE_URL": ("http://t.example:3000/t/PasskeyPasskey0004/announce", ["PasskeyPasskey0004"]),
    "PROWLARR_API_KEY": ("prowlarr0005", ["prowlarr0005"]),
    "ABS_TOKEN": ("abs.token.0006", ["abs.token.0006"]),
    "GOOGLE_BOOKS_API_KEY": ("google-0007", ["google-0007"]),
    "HARDCOVER_TOKEN": ("hardcover-0008", ["hardcover-0008"]),
    "APPRISE_URLS": (
        "discord://4174216298/WebhookToken-0009xyz a,b=mailto://me:mailpass10@host tgram://bot:0011AAbbCCddEEffGG/x",
        ["WebhookToken-0009xyz", "mailpass10", "0011AAbbCCddEEffGG"],
    ),
}


@pytest.fixture
def planted(tmp_path: Path) -> Scrubber:
    config = tmp_path / "config.yaml"
    config.write_text("")
    return Scrubber(secrets_of(load(config, {name: value for name, (value, _) in PLANTED.items()}).settings))


@pytest.mark.parametrize("name", PLANTED)
def test_every_secret_of_the_settings_is_known(planted: Scrubber, name: str) -> None:
    value, parts = PLANTED[name]
    for part in parts:
        assert part not in planted(f"GET https://elsewhere/{part}/x said {value!r}")


def test_addresses_without_secrets_stay_readable(planted: Scrubber) -> None:
    text = "box:8080 t.example:3000 elsewhere host 4174216298"
    assert planted(text) == text


def test_planted_secrets_do_not_pass_a_log_line(planted: Scrubber) -> None:
    formatter = LineFormatter(planted, detailed=True)
    for value, parts in PLANTED.values():
        error = RuntimeError(f"asking {value}")
        error.__cause__ = ValueError(*parts)
        trace = (RuntimeError, error, None)
        record = logging.LogRecord("core.x", logging.ERROR, "x.py", 1, "%s of %r", (value, parts), trace)
        text = formatter.format(record)
        assert not [part for part in (value, *parts) if part in text]
        assert "RuntimeError" in text
