"""The newer scheme: a media type, a main category (fiction or not), and any number of categories.

`main_cat` here is 1 or 2, not the search's 13 to 16. Ids the site adds later are tolerated everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.domain.tracker_ids.spelling import as_id, plain

FICTION, NONFICTION = 1, 2
MAIN_CATEGORIES = {FICTION: "Fiction", NONFICTION: "Non-fiction"}

MEDIA_TYPES = {
    1: "Audiobook",
    2: "Ebook",
    3: "Musicology",
    4: "Radio",
    5: "Manga",
    6: "Comic/Graphic novel",
    7: "Periodical ebook",
    8: "Periodical audiobook",
}


@dataclass(frozen=True, slots=True)
class NewCategory:
    """A category and where it may stand.

    `mains` holds the main categories it is valid with in audiobooks: empty for musicology only,
    None where the site's table does not tell.
    """

    id: int
    name: str
    mains: frozenset[int] | None


_MAINS = {
    "FN": frozenset((FICTION, NONFICTION)),
    "F": frozenset((FICTION,)),
    "N": frozenset((NONFICTION,)),
    "-": frozenset[int](),
    "?": None,
}
_TABLE = (
    (1, "Action/Adventure", "FN"),
    (2, "Art/Photography", "FN"),
    (3, "Biographical", "FN"),
    (4, "Business/Money", "N"),
    (5, "Comedy", "FN"),
    (6, "Complete Editions-Music", "-"),
    (7, "Computer/Internet", "N"),
    (8, "Crafts", "N"),
    (9, "Crime", "FN"),
    (10, "Dramatization/Full Cast", "FN"),
    (11, "Education/Textbook", "N"),
    (12, "Factual News/Current Events", "N"),
    (13, "Fantasy", "F"),
    (14, "Food/Wine", "N"),
    (15, "Guitar/Bass Tabs", "-"),
    (16, "Health/Fitness/Diet", "N"),
    (17, "Historical", "FN"),
    (18, "Home/Garden", "N"),
    (19, "Horror", "F"),
    (20, "Humor", "FN"),
    (21, "Individual Sheet", "-"),
    (22, "Instructional", "N"),
    (23, "Juvenile", "FN"),
    (24, "Language", "N"),
    (25, "LGBTQIA+", "FN"),
    (26, "Lick Library", "-"),
    (27, "Lick Library", "-"),
    (28, "Literary Classics", "F"),
    (29, "LitRPG", "F"),
    (30, "Math", "N"),
    (31, "Medicine/Psychology", "N"),
    (32, "Music", "N"),
    (33, "Music Book", "-"),
    (34, "Mystery", "F"),
    (35, "Nature", "N"),
    (36, "Paranormal", "FN"),
    (37, "Philosophy", "N"),
    (38, "Poetry", "FN"),
    (39, "Politics/Sociology", "N"),
    (40, "Reference", "FN"),
    (41, "Religion/Spirituality", "FN"),
    (42, "Romance", "FN"),
    (43, "RPG", "F"),
    (44, "Science", "N"),
    (45, "Science Fiction", "F"),
    (46, "Self-Help", "N"),
    (47, "Sheet Collection", "-"),
    (48, "Accompanying music", "-"),
    (49, "Sports/Hobbies", "FN"),
    (50, "Technology", "N"),
    (51, "Thriller/Suspense", "F"),
    (52, "Travel", "N"),
    (53, "Urban Fantasy", "FN"),
    (54, "Western", "F"),
    (55, "Young Adult", "FN"),
    (56, "Superheroes", "F"),
    (57, "Literary Fiction", "F"),
    (58, "Progression Fantasy", "F"),
    (59, "Contemporary Fiction", "F"),
    (60, "Plays/Drama", "FN"),
    (61, "Occult/Metaphysical Practices", "?"),
    (62, "Slice of Life", "?"),
    (63, "Military/War", "?"),
)
NEW_CATEGORIES = {number: NewCategory(number, name, _MAINS[mains]) for number, name, mains in _TABLE}

_NEW_BY_NAME = {plain(category.name): category for category in reversed(NEW_CATEGORIES.values())}
_NEW_BY_NAME["lgbt"] = NEW_CATEGORIES[25]
_MEDIA_BY_NAME = {plain(name): number for number, name in MEDIA_TYPES.items()} | {
    "audiobooks": 1,
    "ebooks": 2,
}
_MAIN_BY_NAME = {plain(name): number for number, name in MAIN_CATEGORIES.items()}


def find_new(value: object) -> NewCategory | None:
    """The category of an id or name; None for unknown ones."""
    if (number := as_id(value)) is not None:
        return NEW_CATEGORIES.get(number)
    return _NEW_BY_NAME.get(plain(value)) if isinstance(value, str) else None


def find_media_type(value: object) -> int | None:
    """The media type's id for an id or name; None for unknown ones."""
    if (number := as_id(value)) is not None:
        return number if number in MEDIA_TYPES else None
    return _MEDIA_BY_NAME.get(plain(value)) if isinstance(value, str) else None


def find_main_category(value: object) -> int | None:
    """1 or 2 for an id or name; None for everything else, the search's 13 to 16 included."""
    if (number := as_id(value)) is not None:
        return number if number in MAIN_CATEGORIES else None
    return _MAIN_BY_NAME.get(plain(value)) if isinstance(value, str) else None


def fits_main(category: int, main: int) -> bool:
    """Whether a category may stand in an audiobook of this main category; unknown ones may."""
    known = NEW_CATEGORIES.get(category)
    return known is None or known.mains is None or main in known.mains
