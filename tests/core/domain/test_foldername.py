"""What folder names say, in all their spellings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.asin import ASIN
from core.domain.foldername import FolderName, author_folder, parse_folder_name, readable, split_authors

FULL = FolderName("Words", "1", 2014, ("Ann Lee",), "B00DA6YEKS", "Tag")


def named(name: str, **expected: object) -> None:
    found = parse_folder_name(name)
    assert {key: getattr(found, key) for key in expected} == expected


def test_every_part_of_the_schema() -> None:
    assert parse_folder_name("Words vol_01 (2014) (Ann Lee) {ASIN.B00DA6YEKS} [Tag]") == FULL


def test_two_authors() -> None:
    named("Omens (1990) (Terry P, Neil G) {ASIN.B00DA6YEKS}", authors=("Terry P", "Neil G"))


@pytest.mark.parametrize(
    "name",
    [
        "Words {ASIN.B00DA6YEKS} [Tag] (2014) (Ann Lee) vol_01",
        "Words vol_01 [Tag] {ASIN.B00DA6YEKS} (2014) (Ann Lee)",
        "{ASIN.B00DA6YEKS} Words vol_01 (2014) (Ann Lee) [Tag]",
        "[B00DA6YEKS] Words [vol_01] (2014) (Ann Lee) [Tag]",
        "  Words   vol_01  (2014)(Ann Lee){ASIN.b00da6yeks}[Tag] ",
    ],
)
def test_any_order_is_understood(name: str) -> None:
    assert parse_folder_name(name) == FULL


@pytest.mark.parametrize(
    ("volume", "position"),
    [
        ("vol_01", "1"),
        ("vol_1", "1"),
        ("vol_00", "0"),
        ("vol_01.5", "1.5"),
        ("vol_01-03", "1-3"),
        ("vol_01p1", "1p1"),
        ("vol_012", "12"),
        ("VOL_02", "2"),
        ("[vol_02]", "2"),
    ],
)
def test_volumes(volume: str, position: str) -> None:
    named(f"Words {volume} (2014)", title="Words", position=position, year=2014)


@pytest.mark.parametrize("name", ["Revol_01 (2014)", "Words vol_one (2014)", "Words vol_x1 (2014)"])
def test_no_volume(name: str) -> None:
    named(name, title=name.removesuffix(" (2014)"), position=None)


@pytest.mark.parametrize(
    ("mark", "asin"),
    [
        ("{ASIN.B00DA6YEKS}", "B00DA6YEKS"),
        ("[ASIN.B00DA6YEKS]", "B00DA6YEKS"),
        ("[asin.b00da6yeks]", "B00DA6YEKS"),
        ("[B00DA6YEKS]", "B00DA6YEKS"),
        ("{B00DA6YEKS}", "B00DA6YEKS"),
        ("{ASIN.030640615X}", "030640615X"),
        ("[030640615X]", "030640615X"),
        ("[0306406152]", "0306406152"),
        ("{ASIN.B00DA6YEK}", None),
        ("{ASIN.}", None),
        ("{ASIN.NOT AN ASIN}", None),
        ("[A00DA6YEKS]", None),
        ("[bookfellas]", None),  # ten letters beginning with a B, and yet a word
        ("(B00DA6YEKS)", None),
    ],
)
def test_asin_spellings(mark: str, asin: str | None) -> None:
    named(f"Words {mark}", title="Words", asin=asin)


def test_the_marked_asin_counts_before_a_bare_one() -> None:
    named("Words [B000000001] {ASIN.B000000002}", asin="B000000002")


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("1984 (2013) (George Orwell)", "1984"),
        ("[REC] Story (2014)", "[REC] Story"),
        ("Words (Unabridged) [B00DA6YEKS]", "Words (Unabridged)"),
        ("Words (The Series, Book 2) (2014)", "Words (The Series, Book 2)"),
        ("Title [B00DA6YEKS]", "Title"),
        ("(2020) Words", "Words"),
        ("Words", "Words"),
        ("Ein Wort - (2020)", "Ein Wort"),
        ("{ASIN.B00DA6YEKS}", None),
        ("vol_01", None),
        ("", None),
        ("((((", "(((("),
        ("naïve 物語 🐭 (2020)", "naïve 物語 🐭"),
    ],
)
def test_the_title_is_what_stands_before_the_marks(name: str, title: str | None) -> None:
    named(name, title=title)


def test_the_arc_stands_behind_the_volume() -> None:
    named("Series vol_02 The Second Part (2014) (Ann Lee)", title="Series", arc="The Second Part")


@pytest.mark.parametrize(
    ("inner", "authors"),
    [
        ("Ann Lee, Bo Ray - translator", ("Ann Lee",)),
        ("Ann Lee (foreword), Bo Ray", ("Bo Ray",)),
        ("Ann Lee, Bo Ray, translator", ("Ann Lee",)),
        ("Ann Lee - translator", ()),
        ("Kurt V, Jr., Bo Ray", ("Kurt V, Jr.", "Bo Ray")),
        ("Ann Lee & Bo Ray", ("Ann Lee", "Bo Ray")),
        ("Ann Lee, Ann Lee", ("Ann Lee",)),
        ("Unabridged", ()),
        ("", ()),
    ],
)
def test_helpers_are_no_authors(inner: str, authors: tuple[str, ...]) -> None:
    named(f"Words (2014) ({inner}) {{ASIN.B00DA6YEKS}}", authors=authors)


def test_a_second_year_is_no_author() -> None:
    named("Words (1950) (2014) (Ann Lee)", year=1950, authors=("Ann Lee",))


def test_an_author_without_a_year() -> None:
    named("Words (Ann Lee) {ASIN.B00DA6YEKS}", title="Words", authors=("Ann Lee",))


@pytest.mark.parametrize(
    ("folder", "authors"),
    [
        ("Ann Lee", ("Ann Lee",)),
        ("Lee, Ann", ("Ann Lee",)),
        ("Ann Lee, Bo Ray", ("Ann Lee", "Bo Ray")),
        ("Ann Lee & Bo Ray - narrator", ("Ann Lee",)),
    ],
)
def test_author_folders(folder: str, authors: tuple[str, ...]) -> None:
    assert author_folder(folder) == authors


def test_bytes_that_are_not_utf8_are_shown_as_such() -> None:
    assert readable("Caf\udce9\n\t x\x00") == "Caf\ufffd x"
    named("Caf\udce9 (2014)", title="Caf\ufffd", year=2014)


NAME_PARTS = st.sampled_from(
    ["(", ")", "[", "]", "{", "}", "vol_", "01", "(2014)", "ASIN.", "B00DA6YEKS", ", ", "-", "X"]
)
ANY_NAME = st.one_of(st.text(max_size=255), st.lists(NAME_PARTS, max_size=60).map("".join))


@given(ANY_NAME)
def test_no_name_is_too_strange(name: str) -> None:
    found = parse_folder_name(name)
    assert found.asin is None or ASIN.fullmatch(found.asin)
    assert found.year is None or 1000 <= found.year <= 2199
    for text in (found.title, found.arc, found.tag, *found.authors):
        assert text is None or (text.strip() and text.encode("utf-8"))


TITLES = st.from_regex(r"[A-Za-z][A-Za-z' ]{0,30}[a-z]", fullmatch=True).map(
    lambda text: " ".join(text.split())
)
PEOPLE = st.from_regex(r"[A-Z][a-z]{2,9} [A-Z][a-z]{3,9}", fullmatch=True)


@given(
    TITLES,
    st.sampled_from([None, "1", "1.5", "1-3", "12"]),
    st.integers(1000, 2199) | st.none(),
    st.lists(PEOPLE, min_size=1, max_size=3, unique=True),
    st.from_regex(r"B0[0-9A-Z]{7}[0-9]", fullmatch=True) | st.none(),
)
def test_what_is_written_by_the_schema_is_read_back(
    title: str, position: str | None, year: int | None, authors: list[str], asin: str | None
) -> None:
    marks = [
        f"vol_{position}" if position else "",
        f"({year})" if year else "",
        f"({', '.join(authors)})",
        f"{{ASIN.{asin}}}" if asin else "",
    ]
    found = parse_folder_name(" ".join(part for part in (title, *marks) if part))
    assert (found.position, found.year, found.asin) == (position, year, asin)
    if position or year:
        assert (found.title, found.authors) == (title, split_authors(", ".join(authors)))
