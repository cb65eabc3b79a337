"""Who is an author and who only helped: catalogues put both into one list, with the role behind the name."""

from __future__ import annotations

import re
from collections.abc import Iterable

# As Audible writes them behind a name, in the languages of its marketplaces; compared without case.
HELPING_ROLES = (
    *("translator", "translation", "translated by", "trans.", "foreword", "forward", "introduction"),
    *(
        "introductions",
        "intro",
        "afterword",
        "preface",
        "prologue",
        "epilogue",
        "contributor",
        "contributions",
    ),
    *("illustrator", "illustrations", "illustrated by", "cover design", "cover art", "commentary", "notes"),
    *("annotations", "narrator", "director", "producer", "composer", "music", "revised by"),
    *("übersetzer", "übersetzerin", "übersetzung", "vorwort", "nachwort", "einleitung", "illustratorin"),
    *("traducteur", "traductrice", "traduction", "préface", "postface", "illustrateur", "illustratrice"),
    *("traductor", "traductora", "traducción", "prólogo", "epílogo", "ilustrador", "ilustradora"),
    *("traduttore", "traduttrice", "traduzione", "prefazione", "introduzione", "postfazione"),
    *("翻訳", "訳", "序文"),
)
# These made the book what it is: they stand in as authors where nobody else is named (anthologies).
MAKING_ROLES = ("editor", "edited by", "ed.", "compiler", "adaptation", "adapter", "adapted by", "creator")
MAKING_ROLES_ABROAD = ("herausgeber", "herausgeberin", "éditeur", "bearbeitung", "editora", "curatore")
_STAND_INS = frozenset((*MAKING_ROLES, *MAKING_ROLES_ABROAD))

_ROLE = "|".join(re.escape(role) for role in sorted((*HELPING_ROLES, *_STAND_INS), key=len, reverse=True))
_ROLES = rf"(?P<role>{_ROLE})(?:\s*(?:,|/|&|\+|and|und|et|y)\s*(?:{_ROLE}))*"
_BEFORE_ROLE = r"(?:\s+[-–—:]\s*|\s*,\s*|\s*[(\[]\s*)"
_TRAILING = re.compile(rf"(?P<name>\S.*?){_BEFORE_ROLE}{_ROLES}\s*[)\]]?", re.IGNORECASE)
_LEADING = re.compile(
    r"(?P<role>translated|illustrated|edited|adapted|foreword|introduction|afterword|preface)"
    r"\s+by\s+(?P<name>\S.*)",
    re.IGNORECASE,
)
_LEADING_STAND_INS = frozenset({"edited", "adapted"})
_LONGEST = 300  # characters; the patterns' time grows with the square, and nobody is called so
_MARKS = frozenset("-–—:,([")  # no role without one of these; spares most names the pattern
_BETWEEN_NAMES = re.compile(r"\s*(?:;|/|&|\band\b)\s*")
_SUFFIXES = frozenset({"jr", "sr", "ii", "iii", "iv", "phd", "ph.d", "md", "m.d"})


def split_role(text: str) -> tuple[str, str | None]:
    """The name and the role behind or before it, in lower case.

    "Ken Liu - translator" -> ("Ken Liu", "translator"), "Ken Liu" -> ("Ken Liu", None).
    """
    if len(text) > _LONGEST:
        return text, None
    match = _TRAILING.fullmatch(text) if not _MARKS.isdisjoint(text) else None
    match = match or (_LEADING.fullmatch(text) if " by " in text.lower() else None)
    if match is None:
        return text, None
    return match["name"].strip(), match["role"].lower()


def authors_only(names: Iterable[str]) -> list[str]:
    """The authors among `names` in their order, each once, without helpers and role words.

    Editors and adapters count only where no author is named.
    """
    authors: dict[str, None] = {}
    stand_ins: dict[str, None] = {}
    for text in names:
        name, role = split_role(text)
        if role is None:
            authors[name] = None
        elif role in _STAND_INS or role in _LEADING_STAND_INS:
            stand_ins[name] = None
    return list(authors or stand_ins)


def split_names(text: str) -> list[str]:
    """The names in one field of a tag or folder: "Ann Lee, Bo Ray & Cy Poe"; "King, Stephen" is one.

    Suffixes such as "Jr." stay with their name.
    """
    parts = [part.strip() for part in _BETWEEN_NAMES.split(text) if part.strip()]
    names: list[str] = []
    for part in parts:
        pieces = [piece.strip() for piece in part.split(",") if piece.strip()]
        if len(pieces) == 2 and " " not in pieces[0] and pieces[1].lower().strip(".") not in _SUFFIXES:
            pieces = [f"{pieces[1]} {pieces[0]}"] if split_role(part)[1] is None else [part]
        for piece in pieces:
            if names and piece.lower().strip(".") in _SUFFIXES:
                names[-1] = f"{names[-1]} {piece}"
            else:
                names.append(piece)
    return list(dict.fromkeys(names))
