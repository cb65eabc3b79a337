"""Titles, people and lengths compared as people spell them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.book import BookFacts, Person
from core.domain.matching import (
    best_title_ratio,
    compare,
    durations_agree,
    is_reading_line,
    same_person,
    title_ratio,
)

TITLES = st.text(min_size=1, max_size=60)
WORDS = st.lists(
    st.text(alphabet="abcdefghijklmnopqrstuvwxyz", min_size=2, max_size=8), min_size=1, max_size=6
)


@given(TITLES, TITLES)
def test_the_ratio_is_a_percentage_and_knows_no_side(one: str, other: str) -> None:
    ratio = title_ratio(one, other)
    assert 0 <= ratio <= 100
    assert ratio == title_ratio(other, one)


@given(TITLES)
def test_a_title_is_like_itself(title: str) -> None:
    assert title_ratio(title, title) == 100


@given(WORDS, st.randoms(use_true_random=False))
def test_case_order_and_punctuation_do_not_count(words: list[str], random) -> None:
    shuffled = random.sample(words, len(words))
    assert title_ratio(" ".join(words), ", ".join(word.upper() for word in shuffled)) == 100


@given(WORDS, st.integers(1, 99), st.integers(1, 99))
def test_another_number_is_another_book(words: list[str], one: int, other: int) -> None:
    title = " ".join(words)
    same = title_ratio(f"{title} {one}", f"{title} {other}") >= 90
    assert same == (one == other)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("The Way of Kings", "Way of Kings", True),
        ("Café Müller", "cafe muller", True),
        ("Pride & Prejudice", "Pride and Prejudice", True),
        ("Ender's Game", "Enders Game", True),
        ("Project Hail Mary (Unabridged)", "Project Hail Mary", True),
        ("Part II", "Part 2", True),
        ("Ready Player One", "Ready Player Two", False),
        ("Dragon Rider, Book 1", "Dragon Rider, Book 2", False),
        ("Dune", "Dune Messiah", False),
    ],
)
def test_titles_people_would_call_the_same(one: str, other: str, same: bool) -> None:
    assert (title_ratio(one, other) >= 90) is same


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("J.R.R. Tolkien", "J. R. R. Tolkien", True),
        ("JRR Tolkien", "John Ronald Reuel Tolkien", True),
        ("Tolkien, J.R.R.", "J R R Tolkien", True),
        ("Stephen King", "Stephen R. King", True),
        ("Martin Luther King, Jr.", "Martin Luther King", True),
        ("Gabriel García Márquez", "Gabriel Garcia Marquez", True),
        ("Fyodor Dostoevsky", "Fyodor Dostoyevsky", True),
        ("John Smith", "Jane Smith", False),
        ("John Smith", "Joan Smith", False),
        ("Brandon Sanderson", "Andy Weir", False),
        ("", "Andy Weir", False),
    ],
)
def test_one_person_in_two_spellings(one: str, other: str, same: bool) -> None:
    assert same_person(one, other) is same
    assert same_person(other, one) is same


@given(st.text(max_size=40), st.text(max_size=40))
def test_people_are_the_same_both_ways(one: str, other: str) -> None:
    assert same_person(one, other) == same_person(other, one)


@pytest.mark.parametrize(
    "line", ["A Novel", "Saga, Book 1", "Volume Two", "The Complete Trilogy", "20th Anniversary Edition"]
)
def test_reading_lines(line: str) -> None:
    assert is_reading_line(line)


def test_a_name_is_no_reading_line() -> None:
    assert not is_reading_line("The Well of Ascension")


def test_a_subtitle_may_be_part_of_the_folder_title() -> None:
    found = BookFacts(title="Sapiens", subtitle="A Brief History of Humankind")
    assert best_title_ratio(BookFacts(title="Sapiens: A Brief History of Humankind"), found) == 100
    assert best_title_ratio(BookFacts(title="Dune: A Novel"), BookFacts(title="Dune")) == 100
    other = best_title_ratio(BookFacts(title="Mistborn: The Well of Ascension"), BookFacts(title="Mistborn"))
    assert other < 90


def test_lengths_agree_within_two_per_cent_or_three_minutes() -> None:
    assert durations_agree(600, 770)
    assert not durations_agree(600, 790)
    assert durations_agree(36_000, 36_700)
    assert not durations_agree(36_000, 37_000)


def book(**facts) -> BookFacts:
    return BookFacts(**{"title": "Dune", "authors": [Person(name="Frank Herbert")], **facts})


@pytest.mark.parametrize(
    ("found", "duration_s", "confirmed", "doubts"),
    [
        (book(), None, True, ""),
        (book(runtime_min=100), 6_060, True, ""),
        (book(runtime_min=100), 9_000, False, "the length differs"),
        (book(authors=[]), None, False, "the author is unknown"),
        (book(authors=[Person(name="Ann Lee")]), None, False, "the author differs"),
        (book(title="Emma"), None, False, "the title differs"),
    ],
)
def test_a_match_needs_title_and_author_and_no_other_length(found, duration_s, confirmed, doubts) -> None:
    match = compare(book(), found, duration_s)
    assert match.confirmed is confirmed
    assert match.doubts == doubts
