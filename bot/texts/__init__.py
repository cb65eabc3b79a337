"""Every text the bot says in Discord, in each language it speaks; knows nothing of Discord itself."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

LOG = logging.getLogger(__name__)

LANGUAGES = ("en", "de")
FIRST = LANGUAGES[0]  # the language every text exists in


class Texts:
    """The catalogue: `texts("uploads.decided_already", locale, by="Ada")`."""

    def __init__(self, catalogue: Mapping[str, Mapping[str, str]]) -> None:
        self._catalogue = catalogue

    @classmethod
    def load(cls) -> Texts:
        """Read the YAML files beside this module. Raises ValueError for a key that two files define."""
        return cls({language: dict(_texts_of(language)) for language in LANGUAGES})

    def __call__(self, key: str, locale: object = None, /, **fields: object) -> str:
        """The text with its fields filled in; English where the locale's language has none.

        `locale` is a language, a discord.Locale, or None for English.
        """
        text = self.find(key, locale)
        if text is None:
            text = self.find(key, FIRST)
        if text is None:
            LOG.error("There is no text %s", key)  # people shall hear something all the same
            return key
        return text.format(**fields)

    def count(self, key: str, number: int, locale: object = None, /, **fields: object) -> str:
        """The text for so many: `key.one` or `key.other`, with `number` among its fields."""
        return self(f"{key}.{'one' if number == 1 else 'other'}", locale, number=number, **fields)

    def find(self, key: str, locale: object) -> str | None:
        """The raw text in exactly this locale's language, if there is one."""
        return self._catalogue[language_of(locale)].get(key)

    def keys(self, language: str) -> frozenset[str]:
        """Every key of one language."""
        return frozenset(self._catalogue[language])


def language_of(locale: object) -> str:
    """The language we have for a locale: `de` for German of any country, else English."""
    short = str(locale or FIRST).partition("-")[0].lower()
    return short if short in LANGUAGES else FIRST


def _texts_of(language: str) -> Iterator[tuple[str, str]]:
    seen: dict[str, str] = {}
    folder = resources.files(__name__) / language
    for file in sorted(folder.iterdir(), key=lambda each: each.name):
        if file.name.endswith(".yaml"):
            for key, text in _flat("", _read(file)):
                if key in seen:
                    raise ValueError(f"{language}: {key} stands in {seen[key]} and in {file.name}")
                seen[key] = file.name
                yield key, text


def _read(file: Traversable) -> Any:
    import yaml

    # plain strings only: to YAML, `on`, `no` and `12` are no words
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    return yaml.load(file.read_text("utf-8"), loader) or {}  # noqa: S506 (the base loader makes strings only)


def _flat(prefix: str, tree: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in tree.items():
        key = f"{prefix}.{name}" if prefix else name
        if isinstance(value, dict):
            yield from _flat(key, value)
        else:
            yield key, value
