"""Release names: the schema, what is dropped when it is too long, and what no file system refuses."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from core.domain.book import BookFacts, Person, SeriesRef
from core.domain.foldername import parse_folder_name
from core.domain.names import Naming, ReleaseNames, own_title, release_names, volume
from core.domain.natural import natural_order
from core.domain.safe_text import cut, first_safe, safe_text
from core.errors import NeedsPerson

ONE = [("x.m4b", "audio")]
BOOK = Naming("The Arc", ("Ann Lee",), "Saga", "1", 2014, "B00DA6YEKS", "Tag")


def folder(naming: Naming, **options: int) -> str:
    return release_names(naming, ONE, **options).folder


# --- the schema ------------------------------------------------------------------------------------------------


def test_in_a_series() -> None:
    names = release_names(BOOK, ONE)
    assert names.folder == "Saga vol_01 The Arc (2014) (Ann Lee) {ASIN.B00DA6YEKS} [Tag]"
    assert names.files == {"x.m4b": "Saga vol_01 The Arc (2014) (Ann Lee) {ASIN.B00DA6YEKS}.m4b"}


def test_standing_alone() -> None:
    alone = Naming("Words", ("Ann Lee", "Bo Ray"), year=2014, asin="030640615X", tag="Tag")
    assert folder(alone) == "Words (2014) (Ann Lee, Bo Ray) {ASIN.030640615X} [Tag]"


def test_a_series_without_a_position_stands_alone() -> None:
    assert folder(Naming("Words", (), "Saga", None, 2014, "B00DA6YEKS")) == "Words (2014) {ASIN.B00DA6YEKS}"


def test_facts_give_the_first_series_with_a_position() -> None:
    series = [SeriesRef(name="World"), SeriesRef(name="Saga", position="2")]
    facts = BookFacts(title="Words", authors=[Person(name="Ann Lee")], series=series, year=2014)
    assert Naming.of(facts, tag="T") == Naming("Words", ("Ann Lee",), "Saga", "2", 2014, None, "T")


@pytest.mark.parametrize(
    ("position", "text"),
    [
        ("1", "vol_01"),
        ("1.5", "vol_01.5"),
        ("1-3", "vol_01-03"),
        ("1p1", "vol_01p1"),
        ("12", "vol_12"),
        ("100", "vol_100"),
    ],
)
def test_volumes(position: str, text: str) -> None:
    assert volume(position) == text


@pytest.mark.parametrize(
    ("title", "arc"),
    [
        ("The Arc", "The Arc"),
        ("Saga: The Arc", "The Arc"),
        ("Saga 2: The Arc", "The Arc"),
        ("Saga, Book 2", None),
        ("Saga", None),
        ("Sagas of Old", "Sagas of Old"),
        ("saga - the arc", "the arc"),
    ],
)
def test_the_arc_is_what_the_title_says_besides_the_series(title: str, arc: str | None) -> None:
    assert own_title(title, "Saga") == arc


def test_without_an_asin_a_hash_tells_releases_apart() -> None:
    one, other = (Naming("Words", ("Ann Lee",), discriminator=place) for place in ("/a", "/b"))
    assert re.fullmatch(r"Words \(Ann Lee\) \{[0-9a-f]{8}\}", folder(one))
    assert folder(one) == folder(one) != folder(other)


# --- length ----------------------------------------------------------------------------------------------------


def test_budget_with_and_without_a_tag() -> None:
    long = Naming("x" * 300, asin="B00DA6YEKS", tag="Seven77")
    with_tag, without = release_names(long, ONE), release_names(Naming("x" * 300, asin="B00DA6YEKS"), ONE)
    assert len(with_tag.folder) == 105 + len(" [Seven77]")
    assert len(without.folder) == 110


@pytest.mark.parametrize(
    ("room", "kept"),
    [
        (120, "Saga vol_01 The Arc (2014) (Ann Lee) {ASIN.B00DA6YEKS}"),
        (110, "Saga vol_01 (2014) (Ann Lee) {ASIN.B00DA6YEKS}"),
        (90, "Saga vol_01 (2014) {ASIN.B00DA6YEKS}"),
        (70, "Saga vol_01 {ASIN.B00DA6YEKS}"),
    ],
)
def test_dropped_in_order_arc_author_year(room: int, kept: str) -> None:
    assert folder(Naming("The Arc", ("Ann Lee",), "Saga", "1", 2014, "B00DA6YEKS"), max_length=room) == kept


def test_then_the_title_is_cut_and_told_apart() -> None:
    one, other = (folder(Naming("x" * 200 + end, asin="B00DA6YEKS")) for end in "ab")
    assert one != other
    assert re.fullmatch(r"x+~[0-9a-f]{6} \{ASIN\.B00DA6YEKS\}", one)


def test_no_room_at_all() -> None:
    with pytest.raises(NeedsPerson, match="max_filename_length"):
        folder(BOOK, max_length=20)


# --- files -----------------------------------------------------------------------------------------------------


def test_parts_are_numbered_in_natural_order_across_discs() -> None:
    paths = ["CD10/01.mp3", "CD2/10.mp3", "CD2/2.mp3", "CD1/1.mp3"]
    names = release_names(BOOK, [(path, "audio") for path in paths]).files
    assert [names[path][-9:] for path in natural_order(paths)] == [
        " - 01.mp3",
        " - 02.mp3",
        " - 03.mp3",
        " - 04.mp3",
    ]
    assert natural_order(paths) == ["CD1/1.mp3", "CD2/2.mp3", "CD2/10.mp3", "CD10/01.mp3"]


def test_the_number_is_as_wide_as_the_count_needs() -> None:
    names = release_names(BOOK, [(f"{number}.mp3", "audio") for number in range(120)]).files
    assert names["0.mp3"].endswith(" - 001.mp3")
    assert names["119.mp3"].endswith(" - 120.mp3")


def test_several_pictures_and_documents_are_kept_apart() -> None:
    files = [
        *ONE,
        ("a.jpg", "image"),
        ("B.JPG", "image"),
        ("c.png", "image"),
        ("x.pdf", "document"),
        ("y.cue", "cue"),
    ]
    names = release_names(BOOK, files).files
    endings = {path: name.partition("}")[2] for path, name in names.items()}
    assert endings == {
        "x.m4b": ".m4b",
        "a.jpg": " - 01.jpg",
        "B.JPG": " - 02.jpg",
        "c.png": " - 03.png",
        "x.pdf": ".pdf",
        "y.cue": ".cue",
    }


def test_two_kinds_with_one_extension_do_not_collide() -> None:
    names = release_names(BOOK, [("a.mp4", "audio"), ("b.mp4", "document")]).files
    assert len(set(names.values())) == 2


# --- what no file system refuses ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "beginning"),
    [
        ('What? "Q": <a>/b\\c|*', "What 'Q' - a-b-c-"),
        ("line\nbreak\ttab\x00nul", "line break tab nul"),
        ("-30- ", "30-"),
        (".hidden", "hidden"),
        ("trailing. .", "trailing. ."),
        ("{ASIN.B000000000}", "(ASIN.B000000000)"),
        ("con.txt", "_con.txt"),
        ("LPT1", "LPT1"),  # only "LPT1" alone or before a dot is a device
        ("e\u0301", "é"),
        ("\u202egnp.exe", "gnp.exe"),
        ("bad\udce9byte", "bad_byte"),
        ("\u0301mark", "mark"),
        ("", "Untitled"),
        ("???", "Untitled"),
    ],
)
def test_characters(title: str, beginning: str) -> None:
    assert folder(Naming(title, asin="B00DA6YEKS")) == f"{beginning} {{ASIN.B00DA6YEKS}}"


@pytest.mark.parametrize("sign", ["e\u0301\u0323\u0301", "👩‍👩‍👧", "👍🏽", "🇩🇪", "ก็"])
def test_a_sign_is_never_parted(sign: str) -> None:
    text = unicodedata.normalize("NFC", sign) * 30
    whole = {unicodedata.normalize("NFC", sign) * count for count in range(31)}
    assert all(cut(text, room, 10_000) in whole for room in range(len(text) + 1))
    assert all(cut(text, 10_000, room) in whole for room in range(len(text.encode()) + 1))


ANY_TEXT = st.one_of(
    st.text(max_size=400),
    st.text(st.characters(codec=None), max_size=60),  # surrogates too
    st.text("ab\u0301\u0323👩\u200d🇩🇪é漢\u202e. -:/\\?*\"'<>|\n", max_size=400),
    st.sampled_from(["con", "NUL.x", "aux .", "com1", "x" * 400, "é" * 300, "👩‍👩‍👧" * 60, "..", "-", "~"]),
)
NAMINGS = st.builds(
    Naming,
    title=ANY_TEXT,
    authors=st.lists(ANY_TEXT, max_size=4).map(tuple),
    series=st.none() | ANY_TEXT,
    position=st.none() | st.sampled_from(["1", "1.5", "1-3", "1p1", "x/y", "9" * 50]),
    year=st.none() | st.integers(1000, 2199),
    asin=st.none() | st.just("B00DA6YEKS"),
    tag=st.none() | ANY_TEXT,
    discriminator=ANY_TEXT,
)
KINDS = {"m4b": "audio", "mp3": "audio", "JPG": "image", "png": "image", "pdf": "document", "cue": "cue"}
FILES = st.lists(
    st.tuples(
        st.sampled_from(["", "CD1/", "CD2/", "CD10/"]),
        st.text("a1 é\udce9.", min_size=1, max_size=5),
        st.sampled_from(list(KINDS)),
    ),
    min_size=1,
    max_size=12,
    unique=True,
).map(lambda files: [(f"{disc}{stem}.{extension}", KINDS[extension]) for disc, stem, extension in files])
ROOMS = st.integers(60, 300)
FORBIDDEN = re.compile('[<>:"/\\\\|?*\x00-\x1f\x7f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]')
DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)\s*(\.|$)", re.IGNORECASE)


def components(names: ReleaseNames) -> list[str]:
    return [names.folder, *names.files.values()]


@given(NAMINGS, FILES, ROOMS)
@example(Naming("\u0301" * 300), [("a.mp3", "audio")], 60)
def test_every_name_is_one_that_every_file_system_takes(
    naming: Naming, files: list[tuple[str, str]], room: int
) -> None:
    names = release_names(naming, files, max_length=room)
    for name in components(names):
        assert len(name.encode("utf-8")) <= 255
        assert not FORBIDDEN.search(name)
        assert not DEVICE.match(name)
        assert name[0] not in " .-"
        assert name[-1] not in " ."
        assert "  " not in name
        assert unicodedata.is_normalized("NFC", name)
        assert unicodedata.category(name[0])[0] != "M"
    assert max(len(f"{names.folder}/{name}") for name in names.files.values()) <= room


@given(NAMINGS, FILES, ROOMS)
def test_no_two_files_collide_even_without_case(
    naming: Naming, files: list[tuple[str, str]], room: int
) -> None:
    names = release_names(naming, files, max_length=room).files
    assert names.keys() == {path for path, _ in files}
    assert len({unicodedata.normalize("NFKC", name.casefold()) for name in names.values()}) == len(files)


@given(NAMINGS, FILES, ROOMS, st.randoms(use_true_random=False))
def test_names_do_not_depend_on_the_order_of_files(
    naming: Naming, files: list[tuple[str, str]], room: int, random: object
) -> None:
    shuffled = list(files)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert release_names(naming, files, max_length=room) == release_names(naming, shuffled, max_length=room)


@given(NAMINGS, NAMINGS, ROOMS)
def test_two_releases_never_share_a_folder(one: Naming, other: Naming, room: int) -> None:
    assume(one.asin is None or other.asin is None)  # two of one ASIN are told apart earlier
    assume((one.title, one.authors, one.discriminator) != (other.title, other.authors, other.discriminator))
    first, second = folder(one, max_length=room), folder(other, max_length=room)
    assert first.casefold() != second.casefold()


@given(NAMINGS.filter(lambda naming: naming.asin is not None), ROOMS)
def test_the_asin_is_never_dropped(naming: Naming, room: int) -> None:
    assert parse_folder_name(folder(naming, max_length=room)).asin == "B00DA6YEKS"


@given(ANY_TEXT)
def test_clean_text_stays_as_it_is(text: str) -> None:
    assert safe_text(safe_text(text)) == safe_text(text)
    assert first_safe(first_safe(safe_text(text))) == first_safe(safe_text(text))


@given(st.lists(st.text("ab12/", min_size=1, max_size=8), unique=True))
def test_natural_order_is_total(paths: list[str]) -> None:
    assert natural_order(paths) == natural_order(reversed(paths))
