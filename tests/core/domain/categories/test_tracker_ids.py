"""The id tables: complete, without contradictions, and forgiving about spelling."""

from __future__ import annotations

import pytest

from core.domain.tracker_ids import (
    FLAGS,
    GENERAL,
    LANGUAGES,
    MEDIA_TYPES,
    NEW_CATEGORIES,
    OLD_CATEGORIES,
    find_flag,
    find_language,
    find_main_category,
    find_media_type,
    find_new,
    find_old,
    fits_main,
)


def test_the_tables_are_complete():
    groups = [category.group for category in OLD_CATEGORIES.values()]
    assert {group: groups.count(group) for group in set(groups)} == {
        "Audiobooks": 35,
        "Ebooks": 39,
        "Musicology": 12,
        "Radio": 4,
    }
    assert sorted(NEW_CATEGORIES) == list(range(1, 64))
    assert sorted(LANGUAGES) == list(range(1, 66))
    assert sorted(MEDIA_TYPES) == list(range(1, 9))
    assert [flag.bit for flag in FLAGS.values()] == [2, 4, 8, 16, 32, 64]


def test_the_same_number_means_different_things():
    assert find_old(41).label == "Audiobooks - Fantasy"
    assert find_new(41).name == "Religion/Spirituality"


def test_every_label_finds_its_own_category():
    for category in OLD_CATEGORIES.values():
        if category.name != "Lick Library":  # two ids bear this name
            assert find_old(category.label) is category
        assert find_old(str(category.id)) is category
    for language in LANGUAGES.values():
        assert all(
            find_language(spelling) is language for spelling in (language.id, language.name, *language.codes)
        )


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("Audiobooks - Science Fiction", 47),
        ("audiobooks - science fiction", 47),
        ("Fantasy", 41),
        ("Ebooks - Art", 71),
        ("Ebooks - Gen Fiction", 64),
        (" 108 ", 108),
        ("Radio - Drama", 130),
    ],
)
def test_old_categories_are_found_in_many_spellings(said: object, number: int):
    assert find_old(said).id == number


@pytest.mark.parametrize("said", [None, True, 1.5, "", "Audiobooks - Foo", 9999, [], {}])
def test_unknown_values_are_none_everywhere(said: object):
    for find in (find_old, find_new, find_language, find_flag, find_media_type, find_main_category):
        assert find(said) is None


@pytest.mark.parametrize(
    ("said", "name"),
    [("english", "English"), ("ENG", "English"), ("en-US", "English"), ("mandarin_chinese", "Chinese"),
     ("pt_BR", "Brazilian Portuguese"), ("pt-PT", "Portuguese"), ("Español", None), ("37", "German"), ("ger", "German")],
)  # fmt: skip
def test_languages_are_found_by_name_code_and_locale(said: str, name: str | None):
    language = find_language(said)
    assert (language.name if language else None) == name


def test_general_categories_are_the_four_the_site_refuses():
    assert sorted(OLD_CATEGORIES[number].name for number in GENERAL) == [
        *("General Fiction", "General Fiction", "General Non-Fic", "General Non-Fic")
    ]


@pytest.mark.parametrize(
    ("number", "fiction", "nonfiction"),
    [
        (13, True, False),
        (4, False, True),
        (17, True, True),
        (15, False, False),
        (61, True, True),
        (99, True, True),
    ],
)
def test_where_a_new_category_may_stand(number: int, fiction: bool, nonfiction: bool):
    assert (fits_main(number, 1), fits_main(number, 2)) == (fiction, nonfiction)
