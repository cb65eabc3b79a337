"""Is it the same book? Titles, people and lengths compared the way people spell them.

Nothing here picks the best of a bad lot: a match holds only when title AND author agree, and the
length too where both sides know it.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from difflib import SequenceMatcher

from core.domain.book import BookFacts

TITLE_MATCHES = 90  # per cent; from here on two titles are one
TITLE_DIFFERS = 70  # per cent; below it a person should look
DURATION_SHARE = 0.02
DURATION_SLACK_S = 180.0
_NUMBERS_DIFFER = 60.0  # "Book 1" and "Book 2" look alike and are two books
_NAMES_MATCH = 93.0
_LONGEST = 300  # characters compared; difflib grows with the square

_WORDS = "one two three four five six seven eight nine ten eleven twelve".split()
_ROMANS = "ii iii iv vi vii viii ix xi xii".split()  # i, v and x are words or initials too often
_ROMAN_VALUES = (2, 3, 4, 6, 7, 8, 9, 11, 12)
_AS_NUMBER = {word: str(number) for number, word in enumerate(_WORDS, 1)} | {
    roman: str(number) for roman, number in zip(_ROMANS, _ROMAN_VALUES, strict=True)
}
_ARTICLES = frozenset(("the", "a", "an"))
_TITLES_OF_PEOPLE = frozenset("jr sr dr phd md prof sir esq".split())
_FORMAT_WORDS = re.compile(
    r"[\[(](?:un)?abridged[\])]|[\[(]audio ?book[\])]|:?\s*\bunabridged\b", re.IGNORECASE
)
_NUMBERED = r"(?:book|volume|vol\.?|part|episode|#|no\.?)\s*[\w.]+"
_READING_LINE = re.compile(
    rf"\(?{_NUMBERED}\)?"
    r"|.*\b(?:novel|novella|series|saga|trilogy|chronicles|book|volume|adventure|litrpg|gamelit"
    r"|stories|thriller|mystery|romance|memoir|edition|unabridged|abridged|dramati[sz]ed)\b.*",
    re.IGNORECASE,
)


def is_reading_line(subtitle: str) -> bool:
    """Whether a subtitle tells the kind of book ("A Novel", "Saga, Book 1") rather than its name."""
    return _READING_LINE.fullmatch(subtitle.strip()[:_LONGEST]) is not None


def words(text: str) -> list[str]:
    """The words of a title or name: no case, accents, punctuation; small numbers as digits."""
    plain = unicodedata.normalize("NFKD", _FORMAT_WORDS.sub(" ", text[:_LONGEST]).casefold())
    plain = "".join(mark for mark in plain if not unicodedata.combining(mark)).replace("&", " and ")
    plain = re.sub(r"['’`]", "", plain)
    return [_AS_NUMBER.get(word, word) for word in re.findall(r"\d+(?:\.\d+)?|[^\W\d_]+", plain)]


def title_ratio(one: str, other: str) -> float:
    """How alike two titles are, 0 to 100, whatever the order of words, articles, case or punctuation.

    Titles whose numbers differ are never alike: 60 at most.
    """
    left, right = _significant_words(one), _significant_words(other)
    ratio = _alike(" ".join(left), " ".join(right))
    return ratio if _numbers(left) == _numbers(right) else min(ratio, _NUMBERS_DIFFER)


def best_title_ratio(wanted: BookFacts, found: BookFacts) -> float:
    """The ratio of the closest spelling: with or without subtitle, with or without a reading line."""
    pairs = ((one, other) for one in _spellings(wanted) for other in _spellings(found))
    return max((title_ratio(one, other) for one, other in pairs), default=0.0)


def same_person(one: str, other: str) -> bool:
    """Whether two spellings name one person: "J.R.R. Tolkien", "Tolkien, J. R. R.", "J. Tolkien"."""
    left, right = _name_words(one), _name_words(other)
    if not left or not right:
        return False
    if sorted(left) == sorted(right) or "".join(left) == "".join(right):
        return True
    if left[-1] == right[-1] and len(left) > 1 and len(right) > 1:
        return _given_names_fit(left[:-1], right[:-1])
    return _alike(" ".join(sorted(left)), " ".join(sorted(right))) >= _NAMES_MATCH


def shares_author(wanted: BookFacts, found: BookFacts) -> bool | None:
    """Whether one author is in both; None when either side names nobody."""
    if not wanted.authors or not found.authors:
        return None
    return any(same_person(one.name, other.name) for one in wanted.authors for other in found.authors)


def durations_agree(
    one_s: float, other_s: float, *, share: float = DURATION_SHARE, slack_s: float = DURATION_SLACK_S
) -> bool:
    """Whether two lengths in seconds differ by no more than `share` of the longer or `slack_s`."""
    return abs(one_s - other_s) <= max(share * max(one_s, other_s), slack_s)


@dataclass(frozen=True, slots=True)
class Match:
    """How well a search's find fits, and in words why not."""

    title: float  # per cent
    author: bool | None
    duration: bool | None

    @property
    def confirmed(self) -> bool:
        """Title AND author agree, and nothing known about the length speaks against it."""
        return self.title >= TITLE_MATCHES and self.author is True and self.duration is not False

    @property
    def doubts(self) -> str:
        """What is missing for a match: "the title differs, the author is unknown"."""
        reasons = (
            ("the title differs", self.title < TITLE_MATCHES),
            ("the author is unknown", self.author is None),
            ("the author differs", self.author is False),
            ("the length differs", self.duration is False),
        )
        return ", ".join(reason for reason, applies in reasons if applies)


def compare(wanted: BookFacts, found: BookFacts, duration_s: float | None) -> Match:
    """`found` held against what is known of the book and the length of its audio in seconds."""
    lengths_known = duration_s is not None and found.runtime_min is not None
    return Match(
        title=best_title_ratio(wanted, found),
        author=shares_author(wanted, found),
        duration=durations_agree(duration_s or 0, (found.runtime_min or 0) * 60) if lengths_known else None,
    )


def _alike(one: str, other: str) -> float:
    low, high = sorted((one, other))  # difflib's answer depends on the order; ours must not
    return 100 * SequenceMatcher(None, low, high, autojunk=False).ratio()


def _significant_words(title: str) -> list[str]:
    """The words without articles, sorted; a title of nothing else stands as it is."""
    spelled = words(title) or [title.strip().casefold()[:_LONGEST]]
    return sorted([word for word in spelled if word not in _ARTICLES] or spelled)


def _numbers(spelled: list[str]) -> list[str]:
    return [word for word in spelled if word[:1].isdigit()]


def _spellings(facts: BookFacts) -> list[str]:
    if not facts.title:
        return []
    found = [facts.title]
    main, colon, rest = facts.title.partition(":")
    if colon and main.strip() and is_reading_line(rest):
        found.append(main)
    if facts.subtitle:
        found.append(f"{facts.title} {facts.subtitle}")
    return found


def _name_words(name: str) -> list[str]:
    last, comma, first = name.partition(",")
    spelled = (
        f"{first} {last}" if comma and words(first) and words(first)[0] not in _TITLES_OF_PEOPLE else name
    )
    return [word for word in words(spelled) if word not in _TITLES_OF_PEOPLE]


def _given_names_fit(left: list[str], right: list[str]) -> bool:
    """Given names where one side may have only initials, run together or not."""
    if left[0] == right[0]:
        return True
    for short, long in ((left, right), (right, left)):
        initials = "".join(word[0] for word in long)
        if all(len(word) == 1 for word in short) and initials.startswith(short[0]):
            return True
        if short == [initials] and len(initials) > 1:
            return True
    return False
