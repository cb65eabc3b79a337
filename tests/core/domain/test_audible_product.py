"""Audible's product object, as the catalogue and Libation's sidecar give it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.audible_product import (
    chapters_from_info,
    clean_position,
    facts_from_product,
    is_placeholder,
    is_podcast,
)
from core.domain.book import Chapter, Person, SeriesRef
from core.domain.matching import title_ratio

PRODUCT = {
    "asin": "B08G9PRS1K",
    "title": "Rock &amp; Roll",
    "subtitle": "The Saga, Book 2",
    "authors": [
        {"asin": "B00G0WYW92", "name": "Andy Weir"},
        {"name": "Ken Liu - translator"},
        {"name": "Ann Lee (foreword)"},
    ],
    "narrators": [{"name": "Ray Porter"}, {"name": "Ray Porter"}],
    "series": [{"asin": "B00SERIES1", "title": "The Saga", "sequence": "Book 2"}],
    "release_date": "2021-05-04",
    "publisher_name": "Audible Studios",
    "publisher_summary": "<p>Sun &amp; moon</p>",
    "language": "English",
    "format_type": "unabridged",
    "runtime_length_min": 970,
    "is_adult_product": False,
    "product_images": {"500": "https://m.example/500.jpg", "1024": "https://m.example/1024.jpg"},
    "category_ladders": [
        {"ladder": [{"id": "1", "name": "Science Fiction"}, {"id": "2", "name": "Space"}], "root": "Genres"}
    ],
}


def test_a_product_becomes_facts_with_their_source() -> None:
    facts = facts_from_product(PRODUCT, "sidecar")
    assert facts.title == "Rock & Roll"
    assert facts.authors == [Person(name="Andy Weir", asin="B00G0WYW92")]
    assert facts.narrators == ["Ray Porter"]
    assert facts.series == [SeriesRef(name="The Saga", position="2", asin="B00SERIES1")]
    assert (facts.year, facts.release_date, facts.runtime_min) == (2021, "2021-05-04", 970)
    assert (facts.language, facts.abridged, facts.adult) == ("english", False, False)
    assert facts.description == "<p>Sun &amp; moon</p>"
    assert facts.cover_url == "https://m.example/1024.jpg"
    assert facts.category_ladders == [["Science Fiction", "Space"]]
    assert set(facts.sources.values()) == {"sidecar"}
    assert "isbn" not in facts.sources
    assert type(facts).model_validate(facts.model_dump()) == facts


def test_an_empty_product_gives_no_facts() -> None:
    assert facts_from_product({}, "sidecar").sources == {}
    assert facts_from_product({}, "audible", "us").sources == {}
    assert facts_from_product(dict.fromkeys(PRODUCT), "audible", "us").sources == {}


@pytest.mark.parametrize(
    ("sequence", "position"),
    [
        ("Book 1", "1"),
        ("1", "1"),
        (1, "1"),
        (1.5, "1.5"),
        ("01.50", "1.5"),
        ("1 - 3", "1-3"),
        ("1–3", "1-3"),
        ("2, Dramatized Adaptation", "2"),
        ("Book Two", "2"),
        ("1p2", "1p2"),
        ("0", "0"),
        ("Prequel", None),
        ("", None),
        (None, None),
        ([], None),
    ],
)
def test_positions(sequence: object, position: str | None) -> None:
    assert clean_position(sequence) == position


@pytest.mark.parametrize(
    ("title", "subtitle", "sequence", "expected"),
    [
        ("The Saga", "Leviathan Wakes", "2", "Leviathan Wakes"),
        ("The Saga, Book 1", "Leviathan Wakes", "1", "Leviathan Wakes"),
        ("The Saga", "Leviathan Wakes", "1", "The Saga"),  # a first book may bear its series' name
        ("The Saga", "A LitRPG Adventure", "2", "The Saga"),
        ("Leviathan Wakes", "The Saga, Book 1", "1", "Leviathan Wakes"),
    ],
)
def test_title_and_subtitle_exchanged_against_the_series(title, subtitle, sequence, expected) -> None:
    series = [{"title": "The Saga", "sequence": sequence}]
    facts = facts_from_product({"title": title, "subtitle": subtitle, "series": series}, "audible")
    assert facts.title == expected
    assert {facts.title, facts.subtitle} == {title, subtitle}


def test_announcements_have_no_date_and_podcasts_are_told() -> None:
    assert is_placeholder({"sku": "PL_HLDR_1"})
    assert is_placeholder({"release_date": "2200-01-01"})
    assert facts_from_product({"title": "X", "release_date": "2200-01-01"}, "audible").release_date is None
    assert is_podcast({"content_type": "Podcast"})
    assert is_podcast({"content_delivery_type": "PodcastEpisode"})
    assert not is_podcast({"content_type": "Product", "content_delivery_type": "MultiPartBook"})


def test_nested_chapters_come_in_reading_order() -> None:
    info = {
        "chapters": [
            {"start_offset_ms": 0, "title": "Part 1", "chapters": [{"start_offset_ms": 10, "title": "One"}]},
            {"startOffsetMs": 20, "title": "Part 2"},
            {"start_offset_ms": -1, "title": "wrong"},
            "wrong",
        ]
    }
    assert chapters_from_info(info) == (
        Chapter(start_ms=0, title="Part 1"),
        Chapter(start_ms=10, title="One"),
        Chapter(start_ms=20, title="Part 2"),
    )
    assert chapters_from_info(None) == ()


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "title", "ladder", "asin"]), inner)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(sorted(PRODUCT)), JUNK))
def test_no_product_raises_and_facts_stay_valid(product: dict) -> None:
    facts = facts_from_product(product, "audible", "us")
    assert type(facts).model_validate(facts.model_dump()) == facts
    facts.model_dump_json()
    chapters_from_info(product)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("piece", ["a - ", "(", "novel ", "1-", "translator, "])
def test_endless_texts_take_no_endless_time(piece: str) -> None:
    text = piece * 50_000
    series = [{"title": "a", "sequence": text}]
    facts_from_product(
        {"title": text, "subtitle": text, "series": series, "authors": [{"name": text}]}, "audible"
    )
    assert title_ratio(text, text[1:]) <= 100
