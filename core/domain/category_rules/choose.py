"""Choosing main, old and new categories from what a catalogue says; what it does not tell stays None."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core.domain.book import BookFacts
from core.domain.category_rules.audible_deep import DEEP, TITLE_WORDS
from core.domain.category_rules.audible_second import SECOND
from core.domain.category_rules.audible_top import TOP
from core.domain.category_rules.rows import Row, genre_key
from core.domain.findings import Finding
from core.domain.tracker_ids import (
    FICTION,
    GENERAL,
    NONFICTION,
    OLD_CATEGORIES,
    OldCategory,
    find_old,
    fits_main,
)

_MAIN_OF = {"fiction": FICTION, "nonfiction": NONFICTION, "non-fiction": NONFICTION}
_BY_AGE = (44, 111)  # for whom a book is decides over what it is about
_ALWAYS = 100  # true crime stands among memoirs and politics, and is what such a book is about
_TITLE = -1  # the "ladder" of words in the title
_WIDE = "literature and fiction"  # says less than any other top beside it
_GENERAL_OF = {FICTION: 42, NONFICTION: 52}
_DRAMATIZED, _LGBT = 10, 25
_FULL_CAST = frozenset(("full cast", "a full cast"))
_MOST_NEW = 8


@dataclass(frozen=True, slots=True)
class CategoryChoice:
    """What the form should say; None and () where the genres do not tell, with a finding for it."""

    main_cat: int | None
    category: OldCategory | None
    categories: tuple[int, ...]
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class _Vote:
    row: Row
    depth: int  # steps from the top; deeper says more
    ladder: int  # catalogues put the main ladder first
    wide: bool = False  # from a ladder that says little


def choose_categories(facts: BookFacts, *, fallback_category: int | None = None) -> CategoryChoice:
    """The categories for a book; `fallback_category` is the owner's old id where its genres say nothing."""
    votes = list(_votes(facts))
    old = _old_category(votes)
    main = _main_category(votes, facts, old)
    category = find_old(old if old is not None else fallback_category)
    if category is None and votes and main is not None:
        category = OLD_CATEGORIES[_GENERAL_OF[main]]
    new = _new_categories(votes, facts, main)
    return CategoryChoice(main, category, new, tuple(_doubts(main, category, new, guessed=old is None)))


def _votes(facts: BookFacts) -> Iterator[_Vote]:
    for number, ladder in enumerate(facts.category_ladders or _ladders_of(facts.genres)):
        yield from _ladder_votes([genre_key(step) for step in ladder], number)
    title = f"{facts.title or ''}: {facts.subtitle or ''}"
    for pattern, row, depth in TITLE_WORDS:
        if pattern.search(title):
            yield _Vote(row, depth, _TITLE, wide=depth == 0)


def _ladder_votes(steps: Sequence[str], number: int) -> Iterator[_Vote]:
    top = next((TOP_NAME[step] for step in steps[:1] if step in TOP_NAME), "")
    for depth, step in enumerate(steps):
        row = None
        if depth == 0:
            row = TOP.get(step)
        elif depth == 1:
            row = SECOND.get(top, {}).get(step)
        row = row or (_deep(top, step) if depth else None)
        if row is not None:
            yield _Vote(row, depth, number, wide=top == _WIDE)


def _deep(top: str, step: str) -> Row | None:
    return DEEP.get(top, {}).get(step) or DEEP[""].get(step) or SECOND.get(top, {}).get(step)


def _ladders_of(genres: Sequence[str]) -> list[list[str]]:
    """Ladders rebuilt from a flat list, as Audnex gives it: each genre below every top it can stand under."""
    tops = [genre for genre in genres if genre_key(genre) in TOP]
    ladders = [[genre] for genre in tops]
    for genre in genres:
        key = genre_key(genre)
        if key in TOP:
            continue
        below = [top for top in tops if key in SECOND.get(TOP_NAME[genre_key(top)], {})]
        deeper = [top for top in tops if _deep(TOP_NAME[genre_key(top)], key)]
        ladders += [[top, genre] for top in below] or [[top, "", genre] for top in deeper or ["", *tops][:1]]
    return ladders


def _old_category(votes: Sequence[_Vote]) -> int | None:
    """The most telling old category: for whom it is, then the main ladder's deepest step."""
    telling = [vote for vote in votes if vote.row.old is not None and vote.row.old not in GENERAL]
    for age in _BY_AGE:
        if any(vote.row.old == age and vote.depth <= 1 for vote in telling):
            return age
    best = min(telling, key=lambda v: (v.row.old != _ALWAYS, v.wide, v.ladder, -v.depth), default=None)
    return best.row.old if best else None


def _main_category(votes: Sequence[_Vote], facts: BookFacts, old: int | None) -> int | None:
    """Fiction or not: by the rows behind the old category, else by most rows, else by the catalogue's word.

    Audnex' `literature_type` is unreliable, so it only decides where the genres do not.
    """
    for rows in ([vote.row for vote in votes if vote.row.old == old], [vote.row for vote in votes]):
        counted = Counter(row.main for row in rows if row.main is not None).most_common(2)
        if counted and (len(counted) == 1 or counted[0][1] > counted[1][1]):
            return counted[0][0]
    return _MAIN_OF.get((facts.literature_type or "").strip().lower())


def _new_categories(votes: Sequence[_Vote], facts: BookFacts, main: int | None) -> tuple[int, ...]:
    """The new categories of all ladders, the main ladder's deepest first.

    A top that a deeper step makes precise (home and garden, by food) has nothing more to say.
    """
    ordered = sorted(
        (vote for vote in votes if not _replaced(vote, votes)), key=lambda vote: (vote.ladder, -vote.depth)
    )
    found = [number for vote in ordered for number in vote.row.new]
    if facts.dramatized or any(name.casefold() in _FULL_CAST for name in facts.narrators):
        found.append(_DRAMATIZED)
    valid = [number for number in dict.fromkeys(found) if main is None or fits_main(number, main)]
    return tuple(valid[:_MOST_NEW])


def _replaced(vote: _Vote, votes: Sequence[_Vote]) -> bool:
    below = (other for other in votes if other.ladder == vote.ladder and other.depth)
    return not vote.depth and any(other.row.old is not None for other in below)


def _doubts(
    main: int | None, category: OldCategory | None, new: tuple[int, ...], *, guessed: bool
) -> Iterator[Finding]:
    if main is None:
        yield Finding(
            "MAIN_CAT_MISSING", "main_cat", "The genres do not tell fiction from non-fiction: choose."
        )
    if category is None:
        yield Finding("CATEGORY_MISSING", "category", "No known genre tells the category: choose one.")
    elif guessed and category.id not in GENERAL:
        message = f"The genres tell no category; {category.label} is your setting's fallback: check it."
        yield Finding("CATEGORY_FALLBACK", "category", message)
    if not new:
        yield Finding(
            "CATEGORY_MISSING", "categories", "No known genre tells the new categories: choose some."
        )


def _top_names() -> dict[str, str]:
    """Every spelling of a top-level genre to the one the deeper tables use."""
    by_row = {id(TOP[key]): key for key in SECOND}
    return {key: by_row.get(id(row), key) for key, row in TOP.items()}


TOP_NAME = _top_names()
