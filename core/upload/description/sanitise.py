"""Other people's HTML made harmless, as HTML or as BBCode."""

from __future__ import annotations

import re
from html import escape
from html.parser import HTMLParser

ALLOWED_TAGS = frozenset("p br b i em strong ul ol li".split())
_AS_BBCODE = {"b": "b", "strong": "b", "i": "i", "em": "i"}
_BBCODE_TAG = re.compile(
    r"\[(/?(?:b|i|u|s|url|img|quote|code|pre|hide|spoiler|size|color|font|align|center|left|right|list|li|\*|table"
    r"|tr|td|youtube|video|audio|mediainfo|sub|sup)(?:=[^\]\n]*)?)\]",
    re.IGNORECASE,
)


def clean_html(text: str) -> str:
    """`text` as HTML of paragraphs, breaks, emphasis and lists only; plain text becomes paragraphs."""
    if "<" not in text:
        return "".join(f"<p>{escape(part.strip(), quote=False)}</p>" for part in _paragraphs(text))
    import nh3

    return str(nh3.clean(text, tags=set(ALLOWED_TAGS), attributes={}, strip_comments=True)).strip()


def neutral_bbcode(text: str) -> str:
    """`text` with its BBCode tags made ordinary text, so that they cannot open or close ours."""
    while _BBCODE_TAG.search(text):
        text = _BBCODE_TAG.sub(r"(\1)", text)
    return text


def bbcode_from_html(text: str) -> str:
    """HTML or plain text as BBCode: paragraphs by blank lines, emphasis and lists as tags."""
    writer = _BBCodeWriter()
    writer.feed(clean_html(text))
    writer.close()
    return writer.result()


def _paragraphs(text: str) -> list[str]:
    return [part for part in re.split(r"\n\s*\n|\r\n\s*\r\n", text) if part.strip()]


class _BBCodeWriter(HTMLParser):
    """Cleaned HTML, tag by tag; what was left open is closed in order."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._parts: list[str] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 (the parser's signature; no attribute survives cleaning)
        if tag in _AS_BBCODE:
            self._open.append(tag)
            self._parts.append(f"[{_AS_BBCODE[tag]}]")
        elif tag == "br":
            self._parts.append("\n")
        elif tag == "li":
            self._parts.append("\n[*]")
        elif tag in ("ul", "ol"):
            self._parts.append("[list]" if tag == "ul" else "[list=1]")
        elif tag == "p":
            self._parts.append("\n\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _AS_BBCODE and tag in self._open:
            while self._open:
                closed = self._open.pop()
                self._parts.append(f"[/{_AS_BBCODE[closed]}]")
                if closed == tag:
                    break
        elif tag in ("ul", "ol"):
            self._parts.append("\n[/list]")
        elif tag == "p":
            self._parts.append("\n\n")

    def handle_data(self, data: str) -> None:
        self._parts.append(neutral_bbcode(re.sub(r"\s+", " ", data)))

    def result(self) -> str:
        text = "".join((*self._parts, *(f"[/{_AS_BBCODE[tag]}]" for tag in reversed(self._open))))
        text = re.sub(r"[ \t]*\n[ \t]*", "\n", text)
        return re.sub(r"\n{3,}", "\n\n", text).strip()
