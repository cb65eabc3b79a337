"""The kit: all keys, the form's spellings, both dialects, and a person's edits above everything."""

from __future__ import annotations

import json

import pytest

from core.domain.book import BookFacts, Chapter, Person, SeriesRef
from core.domain.kit import KIT_FIELDS, build_kit, export_kit, parse_edit, tags_line
from core.domain.lint import lint_form
from core.domain.media import MediaReport

FACTS = BookFacts(
    asin="B08G9PRS1K",
    isbn="9781603935470",
    title="Project Hail Mary",
    subtitle="A Novel",
    authors=[Person(name="Andy Weir")],
    narrators=["Ray Porter"],
    release_date="2021-05-04",
    year=2021,
    publisher="Audible Studios",
    language="english",
    runtime_min=970,
    description="<p>x</p>",
    cover_url="https://m.media-amazon.com/images/I/cover.jpg",
    category_ladders=[["Science Fiction & Fantasy", "Science Fiction", "Hard Science Fiction"]],
)
REPORT = MediaReport(
    file="book.m4b",
    duration_s=58_200.0,
    format="AAC",
    codec="mp4a-40-2",
    profile="LC",
    bitrate=63_900,
    bitrate_mode="CBR",
    channels=1,
    sampling_rate=22_050,
    chapters=(Chapter(start_ms=0, title="Opening"), Chapter(start_ms=20_000, title="One")),
    raw={"media": {"@ref": "book.m4b", "track": [{"@type": "General"}, {"@type": "Audio", "Format": "AAC"}]}},
)


def test_the_whole_kit():
    kit = build_kit(FACTS, [REPORT], description="<p>x</p>", origin="Libation")
    assert kit == {
        "title": "Project Hail Mary",
        "subtitle": None,
        "authors": ["Andy Weir"],
        "narrators": ["Ray Porter"],
        "series": [],
        "tags": "Length: 16h 10m | Release date: 2021-05-04 | Format: M4B, AAC LC | Chapterized"
        " | Publisher: Audible Studios | 64 kbps | Libation",
        "description": "<p>x</p>",
        "thumbnail": "https://m.media-amazon.com/images/I/cover.jpg",
        "language": "English",
        "isbn": "ASIN:B08G9PRS1K",
        "mediaInfo": kit["mediaInfo"],
        "mediaType": 1,
        "main_cat": 1,
        "categories": [45],
        "category": "Audiobooks - Science Fiction",
        "flags": [],
    }
    assert json.loads(kit["mediaInfo"]) == REPORT.raw
    assert lint_form(kit).findings == ()


def test_unknown_is_null_and_left_out_of_the_file():
    kit = build_kit(BookFacts(), [])
    assert tuple(kit) == KIT_FIELDS
    assert {name for name, value in kit.items() if value not in (None, [])} == {"mediaType"}
    assert export_kit(kit) == {"mediaType": 1}


@pytest.mark.parametrize(
    ("title", "subtitle", "series", "joined"),
    [
        ("Sapiens", "A Brief History of Humankind", [], "Sapiens: A Brief History of Humankind"),
        ("Dune", "A Novel", [], "Dune"),
        (
            "The Way of Kings",
            "The Stormlight Archive, Book 1",
            ["The Stormlight Archive"],
            "The Way of Kings",
        ),
        ("Carl", "A LitRPG/GameLit Adventure", [], "Carl"),
        ("Dune", "Book 1", [], "Dune"),
        ("Dune", "Unabridged", [], "Dune"),
        ("Dune: The Beginning", "The Beginning", [], "Dune: The Beginning"),
        ("Dune", None, [], "Dune"),
        ("Dune", "null", [], "Dune"),
        (None, "Lost", [], None),
    ],
)
def test_one_title_from_two(title: str | None, subtitle: str | None, series: list[str], joined: str | None):
    refs = [SeriesRef(name=name, position="1") for name in series]
    assert build_kit(BookFacts(title=title, subtitle=subtitle, series=refs), [])["title"] == joined


def test_series_and_flags_in_both_dialects():
    facts = FACTS.model_copy(
        update={
            "series": [SeriesRef(name="A", position="1.5"), SeriesRef(name="B")],
            "abridged": True,
            "adult": True,
        }
    )
    native, helper = build_kit(facts, []), build_kit(facts, [], dialect="helper")
    assert native["series"] == [{"name": "A", "number": "1.5"}, {"name": "B"}]
    assert native["flags"] == ["eSex", "abridged"]
    assert helper["flags"] == {"eSex": True, "abridged": True}
    assert {name: native[name] for name in native if name != "flags"} == {
        name: helper[name] for name in helper if name != "flags"
    }


def test_an_isbn_serves_where_there_is_no_asin():
    assert build_kit(FACTS.model_copy(update={"asin": None}), [])["isbn"] == "9781603935470"


def test_a_persons_edits_win():
    edits = {
        "title": "Hail Mary",
        "flags": ["vio"],
        "category": "Audiobooks - Horror",
        "language": None,
        "junk": 1,
    }
    kit = build_kit(FACTS, [REPORT], edits=edits, dialect="helper")
    assert (kit["title"], kit["flags"], kit["category"], kit["language"]) == (
        *("Hail Mary", {"vio": True}, "Audiobooks - Horror", None),
    )
    assert tuple(kit) == KIT_FIELDS


def test_media_info_of_a_name_that_is_no_utf8_is_still_json():
    report = MediaReport(
        file="b\udcff.mp3", duration_s=1, format="MPEG Audio", raw={"media": {"@ref": "b\udcff.mp3"}}
    )
    text = build_kit(FACTS, [report])["mediaInfo"]
    text.encode("utf-8")
    assert json.loads(text) == report.raw


@pytest.mark.parametrize(
    ("reports", "files", "line"),
    [
        ([], [], "Length: 16h 10m | Release date: 2021-05-04 | Publisher: Audible Studios"),
        (
            [
                MediaReport(file=f"{n}.mp3", duration_s=1800.0, format="MPEG Audio", bitrate=rate)
                for n, rate in ((1, 64_000), (2, 128_000))
            ],
            ["1.mp3", "2.mp3", "cover.jpg"],
            "Length: 1h 0m | Release date: 2021-05-04 | Format: MP3 | Publisher: Audible Studios | 96 kbps",
        ),
        (
            [MediaReport(file="a.m4b", duration_s=60.0, format="USAC")],
            [],
            "Length: 1m | Release date: 2021-05-04 | Format: M4B, xHE-AAC | Publisher: Audible Studios",
        ),
    ],
)
def test_tags(reports: list[MediaReport], files: list[str], line: str):
    assert tags_line(FACTS, reports, files) == line


def test_no_tags_from_nothing():
    assert tags_line(BookFacts(), []) is None


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("title", " Dune ", "Dune"),
        ("title", " ", None),
        ("authors", "Terry Pratchett; Neil Gaiman", ["Terry Pratchett", "Neil Gaiman"]),
        ("series", "Dune #1; Old Dune", [{"name": "Dune", "number": "1"}, {"name": "Old Dune"}]),
        ("series", "", []),
        ("flags", "vio, crude language", ["vio", "cLang"]),
        ("categories", "13, Romance", [13, 42]),
        ("main_cat", "fiction", 1),
        ("mediaType", "1", 1),
    ],
)
def test_what_a_person_types_becomes_a_value(field: str, text: str, value: object):
    assert parse_edit(field, text) == value


@pytest.mark.parametrize(
    ("field", "text"),
    [("nonsense", "x"), ("flags", "x"), ("categories", "x"), ("main_cat", "13"), ("mediaType", "9")],
)
def test_what_cannot_be_meant_is_told(field: str, text: str):
    with pytest.raises(ValueError, match=r"^The.*\.$|^There.*"):
        parse_edit(field, text)
