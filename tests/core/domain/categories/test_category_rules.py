"""From genres to categories: specific before general, valid together, and nothing guessed."""

from __future__ import annotations

import pytest

from core.domain.book import BookFacts
from core.domain.category_rules import choose_categories
from core.domain.category_rules.audible_deep import DEEP
from core.domain.category_rules.audible_second import SECOND
from core.domain.category_rules.audible_top import TOP
from core.domain.lint import lint_form
from core.domain.tracker_ids import GENERAL, NEW_CATEGORIES, OLD_CATEGORIES, fits_main

SFF, LF = "Science Fiction & Fantasy", "Literature & Fiction"


@pytest.mark.parametrize(
    ("ladders", "main", "old", "new"),
    [
        ([[SFF, "Fantasy", "Epic"]], 1, 41, {13}),
        ([[SFF, "Science Fiction", "Hard Science Fiction"]], 1, 47, {45}),
        ([[SFF, "Fantasy", "Paranormal & Urban", "Urban"]], 1, 108, {13, 36, 53}),
        ([["Teen & Young Adult", SFF, "Fantasy"]], 1, 111, {55, 13}),
        ([[SFF, "Fantasy"], ["Teen & Young Adult", SFF]], 1, 111, {55, 13}),
        ([["Children's Audiobooks", "Science & Technology"]], 2, 44, {23, 44}),
        ([["Mystery, Thriller & Suspense", "Mystery", "Cozy"]], 1, 87, {34}),
        ([["Mystery, Thriller & Suspense", "Thriller & Suspense"]], 1, 40, {51}),
        ([["Mystery, Thriller & Suspense", "Crime Fiction"]], 1, 40, {9}),
        ([["Business & Careers", "Management & Leadership"]], 2, 83, {4}),
        ([["Money & Finance", "Personal Finance"]], 2, 83, {4}),
        ([["Biographies & Memoirs", "True Crime"]], 2, 100, {9, 3}),
        ([["Biographies & Memoirs", "Women"], ["Politics & Social Sciences", "True Crime"]], 2, 100, {3, 9}),
        ([["Biographies & Memoirs", "Military & War"]], 2, 50, {3, 63}),
        ([[LF, "Historical Fiction"]], 1, 98, {17}),
        ([[LF, "Genre Fiction", "Historical Fiction"]], 1, 98, {17}),
        ([["Health & Wellness", "Psychology & Mental Health"]], 2, 85, {31}),
        ([["Science & Engineering", "Science", "Medicine"]], 2, 85, {31, 44}),
        ([["Romance", "Historical"]], 1, 46, {42, 17}),
        ([["Romance", "Fantasy"], [SFF, "Fantasy", "Romantic"]], 1, 46, {42, 13}),
        ([[LF, "Horror"]], 1, 43, {19}),
        ([[LF, "Classics"]], 1, 45, {28}),
        ([["History", "Military"]], 2, 54, {17, 63}),
        ([["Politics & Social Sciences", "Philosophy"]], 2, 88, {37}),
        ([["Religion & Spirituality", "Christianity"]], 2, 58, {41}),
        ([["Home & Garden", "Food & Wine"]], 2, 106, {14}),
        ([["Home & Garden", "Crafts & Hobbies"]], 2, 97, {8, 49}),
        ([["Science & Engineering", "Outdoors & Nature"]], 2, 119, {35}),
        ([["Travel & Tourism", "Adventure Travel"]], 2, 89, {52}),
        ([["Education & Learning", "Language Learning"]], 2, 56, {24}),
        ([["Computers & Technology", "Computer Science"]], 2, 51, {7}),
        ([["Sci-Fi & Fantasy", "Fantasy"]], 1, 41, {13}),  # the older catalogue's name
        ([["Krimis & Thriller", "Crime Fiction"]], 1, 40, {9}),
        ([[LF, "Action & Adventure"], [SFF, "Fantasy"]], 1, 41, {13, 1}),
    ],
)
def test_ladders(ladders: list[list[str]], main: int, old: int, new: set[int]):
    choice = choose_categories(BookFacts(category_ladders=ladders))
    assert (choice.main_cat, choice.category.id, set(choice.categories)) == (main, old, new)
    assert choice.findings == ()


def test_a_flat_list_of_genres_serves_as_well():
    choice = choose_categories(BookFacts(genres=[SFF, "Fantasy", "Epic"]))
    assert (choice.main_cat, choice.category.label, choice.categories) == (1, "Audiobooks - Fantasy", (13,))


@pytest.mark.parametrize(
    ("ladder", "old"), [([SFF, "Fantasy"], 41), ([SFF, "Science Fiction"], 47), ([], 41)]
)
def test_litrpg_in_the_title_adds_its_category_and_keeps_the_genre(ladder: list[str], old: int):
    facts = BookFacts(
        title="Carl", subtitle="A LitRPG/GameLit Adventure", category_ladders=[ladder] if ladder else []
    )
    choice = choose_categories(facts)
    assert choice.category.id == old
    assert {29, 43} <= set(choice.categories)
    assert choice.main_cat == 1


def test_a_full_cast_is_a_dramatization():
    facts = BookFacts(category_ladders=[[SFF, "Fantasy"]], narrators=["Full Cast"])
    assert 10 in choose_categories(facts).categories


def test_unknown_genres_stay_unknown_and_are_told():
    choice = choose_categories(BookFacts(category_ladders=[["Something New", "Newer"]]))
    assert (choice.main_cat, choice.category, choice.categories) == (None, None, ())
    assert [(f.code, f.field) for f in choice.findings] == [
        ("MAIN_CAT_MISSING", "main_cat"),
        ("CATEGORY_MISSING", "category"),
        ("CATEGORY_MISSING", "categories"),
    ]


def test_the_owners_fallback_is_used_and_told():
    choice = choose_categories(BookFacts(), fallback_category=41)
    assert choice.category.id == 41
    assert "CATEGORY_FALLBACK" in [finding.code for finding in choice.findings]


def test_the_general_category_is_the_last_resort():
    general = choose_categories(BookFacts(category_ladders=[[LF, "Women's Fiction"]]))
    assert general.category.id == 42
    specific = choose_categories(BookFacts(category_ladders=[[LF, "Women's Fiction"], ["Romance"]]))
    assert specific.category.id == 46


def test_the_catalogues_word_decides_only_where_genres_do_not():
    assert choose_categories(BookFacts(literature_type="nonfiction")).main_cat == 2
    fantasy = BookFacts(literature_type="nonfiction", category_ladders=[[SFF, "Fantasy"]])
    assert choose_categories(fantasy).main_cat == 1


def test_new_categories_never_contradict_the_main_one():
    mixed = BookFacts(
        category_ladders=[["Business & Careers"], [SFF, "Fantasy"], ["Business & Careers", "Career Success"]]
    )
    choice = choose_categories(mixed)
    assert choice.main_cat == 2
    assert all(fits_main(number, choice.main_cat) for number in choice.categories)


def _all_ladders() -> list[list[str]]:
    seconds = [[top, name] for top, rows in SECOND.items() for name in rows]
    deep = [[top or "science fiction and fantasy", "-", name] for top, rows in DEEP.items() for name in rows]
    return [[top] for top in TOP] + seconds + deep


@pytest.mark.parametrize("ladder", _all_ladders(), ids=" > ".join)
def test_every_row_names_ids_that_exist_and_fit_together(ladder: list[str]):
    choice = choose_categories(BookFacts(category_ladders=[ladder]))
    assert choice.category is None or choice.category in OLD_CATEGORIES.values()
    assert choice.category is None or choice.category.group == "Audiobooks"
    assert all(number in NEW_CATEGORIES for number in choice.categories)
    form = {"category": choice.category.id if choice.category else None, "main_cat": choice.main_cat,
            "categories": list(choice.categories), "mediaType": 1}  # fmt: skip
    codes = set(lint_form(form).codes)
    assert "CATEGORY_MISMATCH" not in codes
    assert ("CATEGORY_GENERAL" in codes) == (choice.category is not None and choice.category.id in GENERAL)
