"""The old sub-categories: one per torrent, written "Audiobooks - Fantasy" or as an id.

Beware: these ids mean other things among the new categories (41 is Fantasy here, Religion there).
"""

from __future__ import annotations

from dataclasses import dataclass

from core.domain.tracker_ids.spelling import as_id, plain

AUDIOBOOKS, EBOOKS, MUSICOLOGY, RADIO = "Audiobooks", "Ebooks", "Musicology", "Radio"


@dataclass(frozen=True, slots=True)
class OldCategory:
    """A sub-category; `label` is what the form and the fast-fill object call it."""

    id: int
    name: str
    group: str

    @property
    def label(self) -> str:
        return f"{self.group} - {self.name}"


_AUDIOBOOKS = {
    39: "Action/Adventure",
    49: "Art",
    50: "Biographical",
    83: "Business",
    51: "Computer/Internet",
    97: "Crafts",
    40: "Crime/Thriller",
    41: "Fantasy",
    106: "Food",
    42: "General Fiction",
    52: "General Non-Fic",
    98: "Historical Fiction",
    54: "History",
    55: "Home/Garden",
    43: "Horror",
    99: "Humor",
    84: "Instructional",
    44: "Juvenile",
    56: "Language",
    45: "Literary Classics",
    57: "Math/Science/Tech",
    85: "Medical",
    87: "Mystery",
    119: "Nature",
    88: "Philosophy",
    58: "Pol/Soc/Relig",
    59: "Recreation",
    46: "Romance",
    47: "Science Fiction",
    53: "Self-Help",
    89: "Travel/Adventure",
    100: "True Crime",
    108: "Urban Fantasy",
    48: "Western",
    111: "Young Adult",
}
# The e-book group repeats most names of the audiobook group under ids of its own.
_EBOOKS = {
    60: "Action/Adventure",
    71: "Art",
    72: "Biographical",
    90: "Business",
    61: "Comics",
    73: "Computer/Internet",
    101: "Crafts",
    62: "Crime/Thriller",
    63: "Fantasy",
    107: "Food",
    64: "General Fiction",
    74: "General Non-Fic",
    102: "Historical Fiction",
    76: "History",
    77: "Home/Garden",
    65: "Horror",
    103: "Humor",
    115: "Illusion/Magic",
    91: "Instructional",
    66: "Juvenile",
    78: "Language",
    67: "Literary Classics",
    79: "Magazines/News",
    80: "Math/Science/Tech",
    92: "Medical",
    118: "Mixed",
    94: "Mystery",
    120: "Nature",
    95: "Philosophy",
    81: "Pol/Soc/Relig",
    82: "Recreation",
    68: "Romance",
    69: "Science Fiction",
    75: "Self-Help",
    96: "Travel/Adventure",
    104: "True Crime",
    109: "Urban Fantasy",
    70: "Western",
    112: "Young Adult",
}
_MUSICOLOGY = {
    19: "Tabs",
    20: "Ind. Sheet",
    24: "Ind. Sheet MP3",
    126: "Instr. Book w/ Video",
    22: "Instr. Media",
    113: "Lick Library",
    114: "Lick Library",
    17: "Complete Editions",
    26: "Music Book",
    27: "Music Book MP3",
    30: "Sheet Collection",
    31: "Sheet Collection MP3",
}
_RADIO = {127: "Comedy", 130: "Drama", 128: "Factual", 132: "Reading"}

OLD_CATEGORIES: dict[int, OldCategory] = {
    number: OldCategory(number, name, group)
    for group, names in (
        (AUDIOBOOKS, _AUDIOBOOKS),
        (EBOOKS, _EBOOKS),
        (MUSICOLOGY, _MUSICOLOGY),
        (RADIO, _RADIO),
    )
    for number, name in names.items()
}

GENERAL = frozenset((42, 52, 64, 74))  # refused by the site's own fast fill

_SHORT_FORMS = {  # spellings people and tools use beside the form's
    "Ebooks - Action": 60,
    "Ebooks - Bio": 72,
    "Ebooks - Computer": 73,
    "Ebooks - Crime": 62,
    "Ebooks - Gen Fiction": 64,
    "Ebooks - Gen Non-Fic": 74,
    "Ebooks - Hist Fiction": 102,
    "Ebooks - Home": 77,
    "Ebooks - Classics": 67,
    "Ebooks - Math/Sci": 80,
    "Ebooks - Sci-Fi": 69,
    "Ebooks - Travel": 96,
    "Ebooks - YA": 112,
    "Audiobooks - Sci-Fi": 47,
    "Audiobooks - YA": 111,
    "Audiobooks - General Nonfiction": 52,
    "Audiobooks - General Non-Fiction": 52,
    "Ebooks - General Non-Fiction": 74,
}
_BY_NAME = {plain(category.label): category for category in reversed(OLD_CATEGORIES.values())}
_BY_NAME |= {plain(name): OLD_CATEGORIES[number] for name, number in _SHORT_FORMS.items()}
_BY_NAME |= {plain(name): OLD_CATEGORIES[number] for number, name in _AUDIOBOOKS.items()}


def find_old(value: object) -> OldCategory | None:
    """The category of an id, a label ("Audiobooks - Fantasy") or a bare audiobook name ("Fantasy")."""
    if (number := as_id(value)) is not None:
        return OLD_CATEGORIES.get(number)
    return _BY_NAME.get(plain(value)) if isinstance(value, str) else None
