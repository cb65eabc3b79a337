"""MLA title case for English titles, in doubt on the writer's side.

Small are articles, coordinating conjunctions and prepositions; words that may be something else ("Giving Up")
pass either way. Acronyms, "iPhone", "NOS4A2", foreign particles and short shouted titles stay as they are.
"""

from __future__ import annotations

import re

from core.domain.lint import words

_WORD = re.compile(r"[^\s–—/]+")
_OPENERS = "\"'“‘«([{¿¡*"
_CLOSERS = "\"'”’»)]}.,;:!?…*"
_STARTS_AFTER = tuple(':.!?…"”)]')  # what ends a sentence or part, so that the next word begins one
_PAUSES = tuple(",;:.!?…)]")
_ROMAN = re.compile(r"M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})")
_LONG_ENOUGH_TO_SHOUT = 5


def to_mla(title: str) -> str:
    """`title` in MLA title case; unchanged if it may stand as it is. Idempotent."""
    if _shouts(title):
        title = _calmed(title)
    spans = list(_WORD.finditer(title))
    pieces: list[str] = []
    end = 0
    for index, span in enumerate(spans):
        before = title[end : span.start()]
        previous = spans[index - 1][0] if index else ""
        following = spans[index + 1][0] if index + 1 < len(spans) else ""
        begins = not index or previous.endswith(_STARTS_AFTER) or any(mark in before for mark in "–—/")
        begins = begins or previous.lower() in ("-", "|", "or,") or span[0][0] in '([{"“'
        ends = not following or span[0].endswith(_PAUSES) or following in ("-", "|")
        pieces += [before, _word(span[0], _bare(following), begins=begins, ends=ends)]
        end = span.end()
    return "".join(pieces) + title[end:]


def _word(word: str, following: str, *, begins: bool, ends: bool) -> str:
    bare = _bare(word)
    if not bare or not bare[0].isalpha() or "." in bare or any(mark.isdigit() for mark in bare):
        return word
    first, *compounds = bare.split("-")
    head = _plain_word(first, following, begins=begins, ends=ends and not compounds)
    cased = "-".join((head, *(_compound(part, head) for part in compounds)))
    return word.replace(bare, cased, 1)


def _plain_word(word: str, following: str, *, begins: bool, ends: bool) -> str:
    small = word.lower()
    if begins:
        return _capital(word)
    if small in words.ALWAYS_SMALL or (
        small in words.SMALL_BEFORE_DETERMINER and following.lower() in words.DETERMINERS
    ):
        if ends:
            return _capital(word) if not following else word
        return small if word[1:].islower() or len(word) == 1 else word
    if small in words.EITHER or small in words.FOREIGN_PARTICLES:
        return word
    return _capital(word)


def _compound(part: str, first: str) -> str:
    """A part behind a hyphen: capital like the first, but for small words, prefixes and single letters."""
    keep = part.lower() in words.ALWAYS_SMALL | words.EITHER | words.FOREIGN_PARTICLES
    if keep or first.lower() in words.PREFIXES or len(first) == 1 or not first[0].isupper() or len(part) < 3:
        return part
    return _capital(part)


def _capital(word: str) -> str:
    """With a capital first letter, unless the word has its own way: "iPhone", "d'Art", "o'clock"."""
    if not word.islower() or re.match(r"[a-z]['’]", word) or len(word[0].upper()) != 1:
        return word
    return word[0].upper() + word[1:]


def _bare(word: str) -> str:
    return word.lstrip(_OPENERS).rstrip(_CLOSERS)


def _shouts(title: str) -> bool:
    """All in capitals, and more than a short name such as IT, SPQR or NASA."""
    spelled = [bare for word in _WORD.findall(title) if (bare := _bare(word)) and bare.isalpha()]
    if not spelled or not all(word.isupper() for word in spelled):
        return False
    if len(spelled) == 1:
        return len(spelled[0]) >= _LONG_ENOUGH_TO_SHOUT and not _ROMAN.fullmatch(spelled[0])
    return any(len(word) >= _LONG_ENOUGH_TO_SHOUT or word.lower() in words.ALWAYS_SMALL for word in spelled)


def _calmed(title: str) -> str:
    from titlecase import titlecase

    def keep(word: str, **_: object) -> str | None:
        bare = _bare(word)
        numeral = _ROMAN.fullmatch(bare) and bare.upper() not in ("MIX", "DI", "MILD", "CIVIC", "DIM")
        return word if bare and (any(mark.isdigit() for mark in bare) or numeral) else None

    calm: str = titlecase(title, callback=keep)
    return (
        calm if calm.casefold() == title.casefold() else title
    )  # it also tidies blanks; that is not our part
