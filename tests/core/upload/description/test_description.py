"""The description: rendered safely in both styles, from the built-in template or a person's own."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.book import BookFacts, Chapter, Person, SeriesRef
from core.domain.media import MediaReport
from core.upload.description import describe
from core.upload.description.sanitise import ALLOWED_TAGS, bbcode_from_html, clean_html, neutral_bbcode

FACTS = BookFacts(
    asin="B08G9PRS1K",
    title="Q & A <1>",
    authors=[Person(name="Andy [b]Weir[/b]")],
    narrators=["Ray Porter"],
    series=[SeriesRef(name="Mars", position="1")],
    description="<p>A <b>bold</b> <script>alert(1)</script>tale.</p><ul><li>one</li><li>two</li></ul>",
    language="english",
    year=2021,
)
MEDIA = [
    MediaReport(
        file="1.m4b",
        duration_s=3600.0,
        format="AAC",
        profile="LC",
        bitrate=64_000,
        bitrate_mode="CBR",
        channels=2,
        sampling_rate=44_100,
        chapters=(Chapter(start_ms=0, title="One"), Chapter(start_ms=61_000, title="Two [/hide] <i>")),
    ),
    MediaReport(file="2 \udcff.m4b", duration_s=60.0, format="AAC"),
]


def test_html():
    text = describe(FACTS, MEDIA, origin="Libation").text
    assert "<p>A <b>bold</b> tale.</p><ul><li>one</li><li>two</li></ul>" in text
    assert "script" not in text
    assert "<strong>Title:</strong> Q &amp; A &lt;1&gt;" in text
    assert "<strong>Series:</strong> Mars #1" in text
    assert "<strong>Length:</strong> 1h 1m" in text
    assert "<strong>Sampling rate:</strong> 44.1 kHz" in text
    assert "<details><summary>Chapters</summary>" in text
    assert "0:01:01 Two [/hide] &lt;i&gt;<br>" in text
    assert "1:00:00 2 \N{REPLACEMENT CHARACTER}<br>" in text
    text.encode("utf-8")


def test_bbcode():
    text = describe(FACTS, MEDIA, style="bbcode").text
    assert "A [b]bold[/b] tale." in text
    assert "[list]\n[*]one\n[*]two\n[/list]" in text
    assert "[b]Title:[/b] Q & A <1>" in text
    assert "[b]Author:[/b] Andy (b)Weir(/b)" in text
    assert "0:01:01 Two (/hide) <i>" in text
    assert text.count("[hide=Chapters]") == text.count("[/hide]") == 1


@pytest.mark.parametrize("style", ["html", "bbcode"])
def test_nothing_known_gives_an_empty_description(style: str):
    assert describe(BookFacts(), [], style=style).text == ""


def test_a_persons_template_is_used_and_escaped(tmp_path: Path):
    path = tmp_path / "mine.j2"
    path.write_text("{{ book.title }}|{{ synopsis }}|{% for c in chapters %}{{ c.title }};{% endfor %}")
    described = describe(FACTS, MEDIA[:1], template=str(path))
    assert described.text.startswith("Q &amp; A &lt;1&gt;|<p>A <b>bold</b>")
    assert described.findings == ()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"one\n{% if book %}\n{{ oops", "mine.j2 has a fault in line 3:"),
        (b"one\n{{ nothing_such }}", "mine.j2 fails in line 2: 'nothing_such' is undefined"),
        (b"\n\n{{ 1 / 0 }}", "mine.j2 fails in line 3: division by zero"),
        (b"{{ book.__class__.__mro__ }}", "mine.j2 fails in line 1: access to attribute '__class__'"),
        (b"\xff\xfe", "mine.j2 is not text in UTF-8"),
        (None, "mine.j2 cannot be read (no such file or directory)"),
        (b"x" * 300_000, "mine.j2 is larger than 256 KiB"),
    ],
)
@pytest.mark.parametrize("style", ["html", "bbcode"])
def test_a_broken_template_is_told_and_the_built_in_serves(
    tmp_path: Path, content: bytes | None, says: str, style: str
):
    path = tmp_path / "mine.j2"
    if content is not None:
        path.write_bytes(content)
    described = describe(FACTS, MEDIA, style=style, template=str(path))
    assert described.text == describe(FACTS, MEDIA, style=style).text
    (finding,) = described.findings
    assert (finding.code, finding.field) == ("DESCRIPTION_TEMPLATE", "description")
    assert says in finding.message
    assert "built-in" in finding.message


def test_plain_text_becomes_paragraphs():
    assert clean_html("A & B\n\nC") == "<p>A &amp; B</p><p>C</p>"
    assert bbcode_from_html("A & B\n\nC [b]x[/b]") == "A & B\n\nC (b)x(/b)"


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        assert attrs == []


_SCRAPS = st.lists(
    st.sampled_from(
        ["<p>", "</p>", "<b>", "</b>", "<i>", "</i>", "<script>", "<img src=x onerror=y>", "&lt;", "&amp;", "text", "[b]",
         "[/hide]", "[[b]]", "[url=x]", "<a href='javascript:x'>", "<li>", "</ul>", "<ul>", "<!-- -->", "<br/>", "<", "\n"]
    ),
    max_size=14,
).map("".join)  # fmt: skip


@given(_SCRAPS | st.text(max_size=60))
def test_cleaned_html_holds_only_harmless_tags(text: str):
    tags = _Tags()
    tags.feed(clean_html(text))
    assert tags.seen <= ALLOWED_TAGS


@given(_SCRAPS | st.text(max_size=60))
def test_bbcode_is_balanced_and_carries_no_foreign_tag(text: str):
    bbcode = bbcode_from_html(text)
    for tag in ("b", "i"):
        assert bbcode.count(f"[{tag}]") == bbcode.count(f"[/{tag}]")
    assert not any(foreign in bbcode for foreign in ("[/hide]", "[url=", "[hide"))


@given(_SCRAPS)
def test_neutral_text_stays_neutral(text: str):
    assert neutral_bbcode(neutral_bbcode(text)) == neutral_bbcode(text)
