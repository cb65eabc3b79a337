"""What fits each old category: the main categories it may stand with, and new ones of which it needs one."""

from __future__ import annotations

from core.domain.tracker_ids import FICTION, NONFICTION, OldCategory

MEDIA_TYPES_OF_GROUP = {
    "Audiobooks": frozenset((1, 8)),
    "Ebooks": frozenset((2, 5, 6, 7)),
    "Musicology": frozenset((3,)),
    "Radio": frozenset((4,)),
}
_MAINS = {"F": (FICTION,), "N": (NONFICTION,), "FN": (FICTION, NONFICTION)}
_TABLE = {  # by the name audiobooks and e-books share
    "Action/Adventure": ("FN", "1 9 17 51 54 63"),
    "Art": ("N", "2 5 22 32 60"),
    "Biographical": ("FN", "3"),
    "Business": ("N", "4 7 39 46 50"),
    "Computer/Internet": ("N", "7 44 50"),
    "Crafts": ("N", "2 8 18 22 49"),
    "Crime/Thriller": ("FN", "9 34 51"),
    "Fantasy": ("F", "13 29 36 43 53 56 58"),
    "Food": ("N", "14 16"),
    "General Fiction": ("F", ""),
    "General Non-Fic": ("N", ""),
    "Historical Fiction": ("F", "17"),
    "History": ("N", "12 17 39 63"),
    "Home/Garden": ("N", "8 14 18 35"),
    "Horror": ("F", "19 36 51"),
    "Humor": ("FN", "5 20"),
    "Instructional": ("N", "7 8 11 22 24 32 40 49 50"),
    "Juvenile": ("FN", "23"),
    "Language": ("N", "11 24 40"),
    "Literary Classics": ("FN", "28 38 57 60"),
    "Math/Science/Tech": ("N", "7 30 35 44 50"),
    "Medical": ("N", "16 31"),
    "Mystery": ("F", "9 34 51"),
    "Nature": ("N", "18 35 44 49 52"),
    "Philosophy": ("N", "37 41"),
    "Pol/Soc/Relig": ("N", "12 17 37 39 41 61 63"),
    "Recreation": ("FN", "1 8 43 49"),
    "Romance": ("FN", "42"),
    "Science Fiction": ("F", "29 43 45 56"),
    "Self-Help": ("N", "4 16 31 41 46"),
    "Travel/Adventure": ("FN", "1 3 52"),
    "True Crime": ("N", "9"),
    "Urban Fantasy": ("FN", "13 36 53"),
    "Western": ("F", "54"),
    "Young Adult": ("FN", "55"),
}


def mains_of(old: OldCategory) -> tuple[int, ...]:
    """The main categories an old category may stand with; () where the table says nothing."""
    return _MAINS[_TABLE[old.name][0]] if old.name in _TABLE else ()


def new_for(old: OldCategory) -> frozenset[int]:
    """The new categories of which an old one needs at least one; empty where any will do."""
    return (
        frozenset(int(number) for number in _TABLE[old.name][1].split())
        if old.name in _TABLE
        else frozenset()
    )


def only_main_of(old: OldCategory | None) -> int | None:
    """The main category an old one leaves no choice about."""
    mains = mains_of(old) if old else ()
    return mains[0] if len(mains) == 1 else None


def only_media_type_of(old: OldCategory | None) -> int | None:
    """The ordinary media type of an old category's group."""
    return min(MEDIA_TYPES_OF_GROUP[old.group]) if old else None
