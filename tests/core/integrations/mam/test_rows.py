"""Search rows: the official page's, today's, and every way in which they have been seen wrong."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.freeleech import free_because, is_free_for, wedge_would_be_wasted
from core.integrations.mam.models import parse_page
from core.integrations.mam.query import SearchQuery, by_infohash, one_torrent
from core.integrations.mam.rows import Entity, SeriesEntry, TorrentRow, decoded, parse_row
from tests.core.integrations.mam.test_values import JSON

OFFICIAL = {  # all strings
    "id": "273200",
    "language": "1",
    "main_cat": "13",
    "category": "108",
    "catname": "Audiobooks - Urban Fantasy",
    "size": "6324306932",
    "numfiles": "149",
    "vip": "0",
    "free": "0",
    "fl_vip": "0",
    "name": "Tides in Love series",
    "w": "5527",
    "tags": "unabridged",
    "author_info": '{"8234": "Perrin Sparrow"}',
    "narrator_info": '{"1": "Abby Craddock", "1220": "Dede Hurston"}',
    "series_info": '{"67": ["Tides in Love", "01-16, 13.5"]}',
    "filetype": "m4a mp3",
    "description": "[size=4][b]All[/b][/size]\r\nof it",
    "dl": "a-credential",
    "bookmarked": None,
}
TODAY: dict[str, Any] = {  # ints and strings mixed
    "id": 965093,
    "added": "2026-08-05 12:00:00",
    "title": "Tom &amp; Jerry&#039;s Book",
    "author_info": '{"1234":"Tess O&#039;Author"}',
    "narrator_info": '{"2":"Jeb Hayes"}',
    "series_info": '{"3":["Dungeon Crawlers","1",1.0]}',
    "main_cat": 13,
    "category": 41,
    "catname": "Audiobooks - Fantasy",
    "mediatype": 1,
    "maincat": 1,
    "categories": "[13,10]",
    "browseflags": 34,
    "filetype": "m4b",
    "mediainfo": '{"General":{"Format":"MPEG-4"},"Audio1":{"BitRate":"64000"}}',
    "free": 0,
    "fl_vip": 1,
    "vip": 1,
    "vip_expire": 0,
    "personal_freeleech": 0,
    "my_snatched": 0,
    "isbn": "ASIN:B08V8B2CGV",
    "lang_code": "eng",
    "language": 1,
    "seeders": 12,
    "leechers": 2,
    "times_completed": 99,
    "numfiles": 1,
    "size": "881.8 MiB",
    "ownership": '[12345,"uploader"]',
    "thumbnail": None,
    "dl": None,
}


def row(**changes: Any) -> TorrentRow:
    parsed = parse_row({**TODAY, **changes})
    assert parsed is not None
    return parsed


def test_the_official_row_of_strings() -> None:
    parsed = parse_row(OFFICIAL)
    assert parsed is not None
    assert (parsed.id, parsed.title, parsed.size, parsed.file_count) == (
        273200,
        "Tides in Love series",
        6324306932,
        149,
    )
    assert [person.name for person in parsed.narrators] == ["Abby Craddock", "Dede Hurston"]
    assert parsed.series == (SeriesEntry(id=67, name="Tides in Love", number="01-16, 13.5"),)
    assert parsed.file_types == ("m4a", "mp3")
    assert parsed.description == "[size=4][b]All[/b][/size]\r\nof it"
    assert not (parsed.free)
    assert not (parsed.vip)
    assert not (parsed.fl_vip)
    assert not (parsed.personal_freeleech)
    assert not (parsed.my_snatched)
    assert "a-credential" not in repr(parsed)
    assert "dl" not in decoded(OFFICIAL)


def test_todays_row_of_everything() -> None:
    parsed = row()
    assert parsed.title == "Tom & Jerry's Book"
    assert parsed.authors == (Entity(id=1234, name="Tess O'Author"),)
    assert parsed.series == (SeriesEntry(id=3, name="Dungeon Crawlers", number="1"),)
    assert parsed.categories == (13, 10)
    assert (parsed.main_category, parsed.category, parsed.media_type, parsed.fiction) == (13, 41, 1, 1)
    assert parsed.media_info["Audio1"] == {"BitRate": "64000"}
    assert (parsed.asin, parsed.language_code, parsed.abridged) == ("B08V8B2CGV", "ENG", True)
    assert parsed.added == datetime(2026, 8, 5, 12, tzinfo=UTC)
    assert parsed.uploader == Entity(id=12345, name="uploader")
    assert (parsed.vip, parsed.fl_vip, parsed.free, parsed.vip_expire) == (True, True, False, None)
    assert (parsed.seeders, parsed.leechers, parsed.snatched) == (12, 2, 99)


@pytest.mark.parametrize(
    "broken", ["", "[]", None, "{broken", "12", '"text"', [], {}, 7, True, '{"1": null}']
)
def test_broken_inner_json_is_nothing(broken: object) -> None:
    names = ("author_info", "narrator_info", "series_info", "categories", "mediainfo", "ownership")
    parsed = row(**dict.fromkeys(names, broken))
    assert (parsed.authors, parsed.narrators, parsed.series, parsed.categories) == ((), (), (), ())
    assert parsed.media_info == {} or broken == '{"1": null}'
    assert parsed.uploader is None
    assert parsed.title == "Tom & Jerry's Book"


@pytest.mark.parametrize(
    ("info", "authors"),
    [
        ('{"1": 1984}', ["1984"]),
        ({"1": "Ann &amp;amp; Bob"}, ["Ann & Bob"]),
        (json.dumps('{"1": "Twice Encoded"}'), ["Twice Encoded"]),
        ([{"id": 1, "name": "Ann"}, {"id": 2, "name": ""}], ["Ann"]),
        (["Ann", None], ["Ann"]),
        ('{"x": "No Id"}', ["No Id"]),
    ],
)
def test_people_in_other_shapes(info: object, authors: list[str]) -> None:
    assert [person.name for person in row(author_info=info).authors] == authors


@pytest.mark.parametrize(
    ("info", "number"),
    [
        ('{"3": ["S", "01-16, 13.5"]}', "01-16, 13.5"),
        ('{"3": ["S", ""]}', None),
        ('{"3": ["S"]}', None),
        ('{"3": "S"}', None),
        ('{"3": ["S", 2, 2.0]}', "2"),
        ('{"3": ["S", 2.0]}', "2"),
        ('{"3": ["S", 2.5]}', "2.5"),
        ('{"3": ["S", null, null]}', None),
    ],
)
def test_series_numbers(info: str, number: str | None) -> None:
    assert row(series_info=info).series == (SeriesEntry(id=3, name="S", number=number),)


def test_names_that_changed() -> None:
    older = {name: value for name, value in TODAY.items() if name not in ("title", "filetype", "ownership")}
    parsed = parse_row({**older, "name": 1984, "filetypes": "MP3, m4b", "owner": 7, "owner_name": 42})
    assert parsed is not None
    assert (parsed.title, parsed.file_types, parsed.uploader) == (
        "1984",
        ("mp3", "m4b"),
        Entity(id=7, name="42"),
    )
    assert row(title="", name="The Name").title == "The Name"
    assert row(title=None, name="The Name").title == "The Name"


@pytest.mark.parametrize("isbn", [9780000000019, "9780000000019"])
def test_an_isbn_is_no_asin(isbn: object) -> None:
    assert (row(isbn=isbn).isbn, row(isbn=isbn).asin) == ("9780000000019", None)


@pytest.mark.parametrize(
    "nothing", [None, [], "text", 5, {}, {"id": None}, {"id": 0}, {"id": "x"}, {"id": True}]
)
def test_no_row(nothing: object) -> None:
    assert parse_row(nothing) is None


@given(st.dictionaries(st.sampled_from(sorted({*TODAY, *OFFICIAL, "owner", "owner_name"})), JSON))
def test_whatever_the_fields_hold_a_row_is_read(fields: dict[str, Any]) -> None:
    parsed = parse_row({**fields, "id": 5})
    assert parsed is not None
    assert parsed.id == 5
    parsed.model_dump_json()
    decoded(fields)


@given(JSON)
def test_whatever_comes_is_a_page_or_none(body: Any) -> None:
    page = parse_page(body, 0)
    assert page is None or page.received >= len(page.rows)
    parse_page({"data": body}, 0)
    parse_page({"data": [body], "found": body}, 0)


# --- free or not -------------------------------------------------------------------------------------------------

NOW = datetime(2026, 11, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
PAID = {"free": 0, "vip": 0, "fl_vip": 0, "personal_freeleech": 0}


@pytest.mark.parametrize(
    ("changes", "vip", "because"),
    [
        ({}, True, None),
        ({"free": "1"}, False, "everybody"),
        ({"free": True, "vip": 1}, True, "everybody"),
        ({"personal_freeleech": "yes"}, False, "personal"),
        ({"vip": 1, "fl_vip": 1}, True, "vip"),
        ({"fl_vip": 1}, True, "vip"),
        ({"vip": 1, "fl_vip": 1}, False, None),  # fl_vip is no freeleech for those who are not VIP
        ({"vip": 1, "vip_expire": int((NOW + 2 * HOUR).timestamp())}, True, "vip"),
        ({"vip": 1, "vip_expire": int((NOW + HOUR / 2).timestamp())}, True, None),  # over before we are done
        ({"vip": 1, "vip_expire": "0"}, True, "vip"),
        ({"vip": 1, "vip_expire": None}, True, "vip"),
        ({"vip": 1, "vip_expire": "soon"}, True, None),  # unreadable must not make it free
        ({"vip": 1, "vip_expire": -7}, True, None),
    ],
)
def test_free_for_whom(changes: dict[str, Any], vip: bool, because: str | None) -> None:
    parsed = row(**{**PAID, **changes})
    assert free_because(parsed, vip=vip, until=NOW + HOUR) == because
    assert is_free_for(parsed, vip=vip, until=NOW + HOUR) is (because is not None)


@pytest.mark.parametrize("flag", ["free", "vip", "fl_vip", "personal_freeleech"])
def test_a_wedge_would_be_wasted(flag: str) -> None:
    assert wedge_would_be_wasted(row(**{**PAID, flag: "1"}))
    assert wedge_would_be_wasted(row(**PAID)) is None


# --- queries -----------------------------------------------------------------------------------------------------


def test_a_query_leaves_out_what_is_empty_and_cleans_the_words() -> None:
    body = SearchQuery(text="Don't  panic: (2nd ed.)", main_categories=()).body(200)
    assert body["tor"] == {
        "text": "Don t panic 2nd ed",
        "srchIn": ["title", "author", "series"],
        "searchType": "active",
        "searchIn": "torrents",
        "sortType": "default",
        "startNumber": 200,
    }
    assert (body["perpage"], body["description"], body["mediaInfo"]) == (100, True, True)
    assert "dlLink" not in body
    assert "my_snatched" not in body


def test_a_query_with_everything() -> None:
    query = SearchQuery(
        text='@title "x y" | z',
        operators=True,
        kind="fl",
        languages=(1,),
        categories=(41,),
        added_from=NOW.date(),
        min_size=1,
        mine=True,
        media_info=False,
        per_page=1,
    )
    body = query.body()
    assert body["tor"]["text"] == '@title "x y" | z'
    assert body["tor"]["startDate"] == "2026-11-02"
    assert body["tor"]["unit"] == 1
    assert body["my_snatched"] is True
    assert "mediaInfo" not in body
    assert body["perpage"] == 5


def test_one_torrent_is_asked_for_by_id_or_infohash() -> None:
    assert one_torrent(5)["tor"] == {"id": 5}
    assert by_infohash("AB" * 20)["tor"] == {"hash": "ab" * 20}
    with pytest.raises(ValueError, match="40 hex"):
        by_infohash("zz" * 20)
