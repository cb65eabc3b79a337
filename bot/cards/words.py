"""The catalogue as one card uses it: its own keys, one language, names for the short words of the core."""

from __future__ import annotations

from bot.cards.parts import escape
from bot.texts import FIRST, Texts, language_of


class Words:
    """`say("left", time="3 min")` gives the text of `<subject>.left`."""

    def __init__(self, texts: Texts, subject: str, locale: object) -> None:
        self._texts = texts
        self._subject = subject
        self.language = language_of(locale)

    def __call__(self, key: str, **fields: object) -> str:
        return self._texts(f"{self._subject}.{key}", self.language, **fields)

    def count(self, key: str, number: int, **fields: object) -> str:
        """The text for so many."""
        return self._texts.count(f"{self._subject}.{key}", number, self.language, **fields)

    def name(self, group: str, word: str) -> str:
        """What people call `word`; one of another version or another room stands as it is."""
        for language in (self.language, FIRST):
            if text := self._texts.find(f"{self._subject}.{group}.{word}", language):
                return text
        return escape(word.replace("_", " "), 40)

    def more(self, number: int) -> str:
        """How many were left out."""
        return self._texts("status.more", self.language, number=number)
