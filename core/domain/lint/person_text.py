"""The parts of a person's name as forms have them, and how its nits are mended.

The site writes names without periods and with split initials ("J R R Tolkien"); "J. R. R. Tolkien" is the
same entry to it, so only initials run together ("J.R.R.", "JRR")
are nits.
"""

from __future__ import annotations

import re

from core.domain.lint import words
from core.domain.people import split_role

_PRESERVED = frozenset(
    "".join(filter(str.isalnum, n.lower())) for n in (*words.PRESERVED_NAMES, *words.LOWER_CASE_NAMES)
)
_ANY = "|".join(words.HONORIFICS)
_DOTTED = "|".join(words.DOTTED_HONORIFICS)
_HONORIFIC = re.compile(
    rf"(?:(?:{_ANY})\.?|(?:{_DOTTED})\.)(?:\s+(?:(?:med|phil|jur|rer|nat|h\.?\s?c)\.\s*)*)", re.IGNORECASE
)
_DOTTABLE = "|".join(r"\.?\s?".join(degree) + r"\.?" for degree in words.DEGREES)
_AFTER_COMMA = "|".join(r"\.?".join(degree) + r"\.?" for degree in words.DEGREES_AFTER_COMMA)
_DEGREE = re.compile(rf"\s*,\s*(?:{_DOTTABLE}|{_AFTER_COMMA})$|\s+(?:{_DOTTABLE})$")
_GLUED_DOTS = re.compile(r"(?:[^\W\d_]\.){2,}(?=\s|$)|(?:[^\W\d_]\.)+(?=[^\W\d_]{2})")
_GLUED_CAPITALS = re.compile(r"[A-Z]{2,3}")
_JOINTS = re.compile(r"\s*[;/|]\s*|\s+(?:&|\+|and|with|feat\.?|ft\.?)\s+", re.IGNORECASE)
_PREFIX = re.compile(rf"(?:{words.NAME_PREFIXES})\s+(?=\S+\s+\S)", re.IGNORECASE)
_NARRATOR_ROLE = re.compile(
    rf"(?:\s+[-–—]\s+|\s*,\s*|\s*[(\[]\s*)(?:{'|'.join(words.NARRATOR_ROLES)})\s*[)\]]?$", re.IGNORECASE
)
_MC = re.compile(r"\b(Mc|O['’]|D['’])([a-z])(?=[a-z]{2})")


def person_key(name: str) -> str:
    """A name as compared: letters and digits without case, so that all spellings of initials are one."""
    return "".join(mark for mark in name.casefold() if mark.isalnum())


def is_preserved(name: str) -> bool:
    """Names that look wrong and are not: "bell hooks", "Dr. Seuss"."""
    return person_key(name) in _PRESERVED


def is_company(name: str) -> bool:
    """Studios, casts and editors rather than a person."""
    return any(word.strip(".,").lower() in words.COMPANY_WORDS for word in name.split())


def without_honorifics(name: str) -> str:
    """`name` without "Dr." before and "PhD" behind; a single word left keeps them ("Dr. Seuss")."""
    if is_preserved(name):
        return name
    rest = name.strip()
    while (match := _HONORIFIC.match(rest)) and len(rest[match.end() :].split()) > 1:
        rest = rest[match.end() :]
    while (match := _DEGREE.search(rest)) and len(rest[: match.start()].split()) > 1:
        rest = rest[: match.start()]
    return rest if rest != name.strip() else name


def with_split_initials(name: str) -> str:
    """`name` with run-together initials split: "J.R.R. Tolkien" and "JRR Tolkien" -> "J R R Tolkien"."""
    if is_preserved(name) or is_company(name):
        return name
    first, *others = name.split() or [""]
    if others and _GLUED_CAPITALS.fullmatch(first) and first not in words.ACRONYMS and not name.isupper():
        return " ".join((*first, *others))
    if _GLUED_DOTS.search(name) and others:
        split = _GLUED_DOTS.sub(lambda match: " ".join(match[0].replace(".", " ").split()) + " ", name)
        return " ".join(split.split())
    glued = _GLUED_DOTS.match(name)
    if glued and glued.end() < len(name):
        return " ".join((*glued[0].replace(".", " ").split(), name[glued.end() :]))
    return name


def in_name_case(name: str) -> str:
    """`name` with capitals where people have them; mixed spellings ("McDonald", "de la Cruz") stay."""
    parts = name.split()
    if is_preserved(name) or not parts:
        return name
    letters = [part for part in parts if len(person_key(part)) > 1]
    if len(letters) > 1 and (
        name.islower() or (name.isupper() and any(len(p) > 3 for p in letters) and not is_company(name))
    ):
        return " ".join(_cased(part.lower(), index) for index, part in enumerate(parts))
    return " ".join(_one_word(part, index, parts) for index, part in enumerate(parts)) if letters else name


def _one_word(part: str, index: int, parts: list[str]) -> str:
    """A single shouted or lower-case word among ordinary ones."""
    others = [other for other in parts if other is not part and len(other) > 1]
    mixed = any(other[0].isupper() and not other.isupper() for other in others)
    between = 0 < index < len(parts) - 1 and len(part) < 4  # a particle of some language or other
    small = part.islower() and len(part) > 1 and part.isalpha() and part not in words.NAME_PARTICLES
    small = small and not between
    shouted = part.isupper() and part.isalpha() and len(part) > 3 and part not in words.ACRONYMS
    numeral = part.lower() in words.GENERATIONS or re.fullmatch("[IVX]+", part)
    if mixed and (small or shouted) and not numeral and not is_company(" ".join(parts)):
        return _cased(part.lower(), index)
    return part


def _cased(part: str, index: int) -> str:
    if index and part in words.NAME_PARTICLES:
        return part
    if part.rstrip(".") in words.GENERATIONS and index:
        return part.upper() if set(part) <= set("iv") else part.capitalize()
    cased = re.sub(r"(^|[-.(])([^\W\d_])", lambda match: match[1] + match[2].upper(), part)
    return _MC.sub(lambda match: match[1] + match[2].upper(), cased) if cased[:1].isupper() else cased


def without_role(name: str, *, narrator: bool = False) -> tuple[str, bool]:
    """The name alone, and whether its role makes it no author's (translator, foreword)."""
    bare = _PREFIX.sub("", name.strip(), count=1)
    bare = _NARRATOR_ROLE.sub("", bare) if narrator else bare
    person, role = split_role(bare)
    return person, role is not None


def is_inverted(name: str) -> bool:
    """ "Tolkien, J R R", "Le Guin, Ursula K.": last name first."""
    last, comma, first = (part.strip() for part in name.partition(","))
    if (
        not comma
        or "," in first
        or not first
        or is_company(name)
        or first.lower().rstrip(".") in words.GENERATIONS
    ):
        return False
    if _DEGREE.search(name) or any(mark.isdigit() for mark in name):
        return False
    surname = [part for part in last.split() if part.lower() not in words.NAME_PARTICLES]
    given = first.split()
    one_surname = len(surname) == 1 and len(given) <= 3 and not _JOINTS.search(first)
    return one_surname or (len(last.split()) == 2 and len(given) > 1 and len(person_key(given[-1])) == 1)


def split_joined(name: str) -> list[str]:
    """The people in one entry: "Terry Pratchett & Neil Gaiman" -> two; one if it is a person or firm."""
    if is_company(name) or is_preserved(name) or is_inverted(name):
        return [name]
    pieces = [piece.strip() for piece in _JOINTS.split(name)]
    if len(pieces) > 1 and not all(len(piece.split()) > 1 for piece in pieces):
        pieces = [name] if ";" not in name else [p for p in (q.strip() for q in name.split(";")) if p]
    return [person for piece in pieces for person in _at_commas(piece)] or [name]


def _at_commas(text: str) -> list[str]:
    parts: list[str] = []
    for part in (piece.strip() for piece in text.split(",")):
        suffix = part.lower().rstrip(".") in words.GENERATIONS or _DEGREE.fullmatch(f", {part}")
        role = split_role(f"{parts[-1]}, {part}")[1] if parts else None
        if parts and (suffix or role):
            parts[-1] += f", {part}"
        elif part:
            parts.append(part)
    full = sum(len(part.split()) > 1 for part in parts)
    return parts if len(parts) > 1 and (full == len(parts) or full > 1) else [text]
