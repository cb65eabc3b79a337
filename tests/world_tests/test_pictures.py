"""The page that draws Discord's messages: what a payload says is there to be read, and nothing of it becomes HTML."""

from __future__ import annotations

import pytest

from tests.pictures.page import page, text


def message(*components: dict[str, object]) -> dict[str, object]:
    return {
        "author": {"username": "Keeper"},
        "timestamp": "2026-11-25T12:00:00+00:00",
        "components": components,
    }


def test_a_card_with_everything_in_it() -> None:
    button = {"type": 2, "style": 3, "label": "Approve", "emoji": {"name": "✅"}, "disabled": True}
    picture = {"type": 11, "media": {"url": "https://cdn/attachments/1/cover.jpg"}}
    section = {"type": 9, "components": [{"type": 10, "content": "## Salt\n-# small"}], "accessory": picture}
    card = {
        "type": 17,
        "accent_color": 0x00FF00,
        "components": [section, {"type": 14}, {"type": 1, "components": [button]}],
    }
    drawn = page(message(card), {"cover.jpg": "data:image/jpeg;base64,AAAA"})
    for expected in (
        "--accent: #00ff00",
        '<h2 class="">Salt</h2>',
        '<small class="subtext">small</small>',
        'src="data:image/jpeg;base64,AAAA"',
        'class="button success disabled">✅ Approve<',
        "25/11/2026 12:00",
    ):
        assert expected in drawn


@pytest.mark.parametrize(
    ("written", "drawn"),
    [
        ("**bold** and `code`", "<strong>bold</strong> and <code>code</code>"),
        ("\\*\\*plain\\*\\*", "**plain**"),
        ("<script>", "&lt;script&gt;"),
        ("- one", '<div class="item">one</div>'),
        ("> said", '<blockquote class="">said</blockquote>'),
        ("<@12> in <#3>", '<span class="mention">@12</span> in <span class="mention">#3</span>'),
        ("<t:0:R>", '<span class="when">01 January 00:00</span>'),
        ("```\na < b\n```", "<pre>a &lt; b\n</pre>"),
    ],
)
def test_markdown_as_discord_reads_it(written: str, drawn: str) -> None:
    assert drawn in text(written)


def test_an_unknown_component_is_no_gap() -> None:
    with pytest.raises(KeyError):
        page(message({"type": 99}))
