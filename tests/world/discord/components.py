"""Components as data: walking them, filling in what Discord fills in, and looks at buttons and menus."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from tests.world.discord.constants import ComponentKind

Json = dict[str, Any]
Resolve = Callable[[str], Json]  # an address in a payload -> the media item Discord makes of it

TEXT_KINDS = frozenset({ComponentKind.TEXT_DISPLAY})


def walk(components: Iterable[Json]) -> Iterator[Json]:
    """Every component with its nested ones, in the order a person sees them; what is no component is passed over."""
    for node in components:
        if not isinstance(node, dict) or not isinstance(node.get("type"), int):
            continue
        yield node
        yield from walk(node.get("components") or ())
        for key in ("accessory", "component"):
            if isinstance(node.get(key), dict):
                yield from walk([node[key]])


def texts(components: Iterable[Json]) -> Iterator[str]:
    """What stands in text displays, and in the alternative texts of pictures."""
    for node in walk(components):
        if node["type"] in TEXT_KINDS:
            yield node["content"]


def medias(components: Iterable[Json]) -> Iterator[Json]:
    """Every media item (`{"url": ...}`) in them."""
    for node in walk(components):
        if node["type"] == ComponentKind.THUMBNAIL:
            yield node["media"]
        elif node["type"] == ComponentKind.FILE:
            yield node["file"]
        elif node["type"] == ComponentKind.MEDIA_GALLERY:
            yield from (item["media"] for item in node["items"])


def completed(components: Iterable[Json], resolve: Resolve) -> list[Json]:
    """The components as Discord gives them back: with ids, defaults and resolved media."""
    made = deepcopy(list(components))
    taken = {node["id"] for node in walk(made) if node.get("id")}
    number = 0
    for node in walk(made):
        if not node.get("id"):
            number = next(n for n in range(number + 1, number + len(taken) + 2) if n not in taken)
            node["id"] = number
        _complete(node, resolve)
    return made


def _complete(node: Json, resolve: Resolve) -> None:
    options = node.get("options") or ()
    emoji = [each["emoji"] for each in (node, *options) if each.get("emoji")]
    for each in (node, *emoji):
        for key in [key for key, value in each.items() if value is None]:
            del each[key]  # Discord leaves out what is not set
    kind = node["type"]
    if kind == ComponentKind.THUMBNAIL:
        node.update(media=_unsized(resolve(node["media"]["url"])), description=node.get("description"))
        node.setdefault("spoiler", False)
    elif kind == ComponentKind.FILE:
        node["file"] = media = resolve(node["file"]["url"])
        node.setdefault("spoiler", False)
        node.update(name=media["url"].rpartition("/")[2], size=media.pop("size", 0))
    elif kind == ComponentKind.MEDIA_GALLERY:
        for item in node["items"]:
            item.update(media=_unsized(resolve(item["media"]["url"])), description=item.get("description"))
            item.setdefault("spoiler", False)
    elif kind == ComponentKind.CONTAINER:
        node.setdefault("spoiler", False)
        node.setdefault("accent_color", None)
    elif kind == ComponentKind.SEPARATOR:
        node.setdefault("divider", True)
        node.setdefault("spacing", 1)


def _unsized(media: Json) -> Json:
    media.pop("size", None)  # only a file component tells it
    return media


@dataclass(frozen=True, slots=True)
class Button:
    node: Json

    @property
    def label(self) -> str:
        return str(self.node.get("label") or "")

    @property
    def custom_id(self) -> str:
        return str(self.node.get("custom_id") or "")

    @property
    def url(self) -> str:
        return str(self.node.get("url") or "")

    @property
    def emoji(self) -> str:
        return str((self.node.get("emoji") or {}).get("name") or "")

    @property
    def style(self) -> int:
        return int(self.node["style"])

    @property
    def disabled(self) -> bool:
        return bool(self.node.get("disabled"))


@dataclass(frozen=True, slots=True)
class Select:
    node: Json

    @property
    def custom_id(self) -> str:
        return str(self.node["custom_id"])

    @property
    def placeholder(self) -> str:
        return str(self.node.get("placeholder") or "")

    @property
    def options(self) -> list[Json]:
        """Of a string select: label, value, perhaps default."""
        return list(self.node.get("options") or ())

    @property
    def disabled(self) -> bool:
        return bool(self.node.get("disabled"))
