"""A message with Components v2, as Discord's API holds it, as a page that looks like Discord's dark theme.

Built from what the API documents of each component; a component it does not know is an error, not a gap.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from markdown_it import MarkdownIt

Component = Mapping[str, Any]

INLINE = MarkdownIt("zero").enable(["emphasis", "strikethrough", "backticks", "escape", "link", "entity"])
# how a line begins in Discord's markdown -> the element it becomes
LINES: tuple[tuple[str, str, str], ...] = (
    ("-# ", "small", "subtext"),
    ("### ", "h3", ""),
    ("## ", "h2", ""),
    ("# ", "h1", ""),
    ("> ", "blockquote", ""),
    ("- ", "div", "item"),
)
BUTTON_STYLES = {1: "primary", 2: "secondary", 3: "success", 4: "danger", 5: "link"}
TIME = re.compile(r"&lt;t:(\d+)(?::([tTdDfFR]))?&gt;")
MENTION = re.compile(r"&lt;(@[!&]?|#)(\d+)&gt;")

STYLE = """
* { box-sizing: border-box; }
body { margin: 0; padding: 20px 20px 24px; width: 640px; background: #313338; color: #dbdee1;
       font: 15px/1.4 "gg sans", "Noto Sans", "DejaVu Sans", sans-serif; }
.message { display: grid; grid-template-columns: 44px 1fr; gap: 0 14px; }
.avatar { width: 42px; height: 42px; border-radius: 50%; background: #5865f2; color: #fff; display: grid;
          place-items: center; font-weight: 700; font-size: 20px; }
.author { color: #f2f3f5; font-weight: 600; margin-bottom: 6px; }
.author .app { background: #5865f2; color: #fff; border-radius: 4px; padding: 1px 5px; font-size: 10px; margin-left: 5px;
               vertical-align: 2px; }
.author time { color: #949ba4; font-weight: 400; font-size: 12px; margin-left: 6px; }
.container { background: #2b2d31; border: 1px solid #3b3d44; border-left: 4px solid var(--accent, #3b3d44);
             border-radius: 8px; padding: 14px 16px; display: flex; flex-direction: column; gap: 9px; max-width: 560px; }
.section { display: flex; gap: 16px; justify-content: space-between; align-items: flex-start; }
.section > .texts { display: flex; flex-direction: column; gap: 6px; min-width: 0; }
.thumbnail { width: 88px; height: 88px; border-radius: 8px; object-fit: cover; flex: none; }
.gallery { display: flex; gap: 6px; } .gallery img { max-width: 100%; border-radius: 8px; }
.text { overflow-wrap: anywhere; } .text > div { min-height: 1px; }
h1, h2, h3 { margin: 2px 0; color: #f2f3f5; line-height: 1.3; } h1 { font-size: 22px; } h2 { font-size: 18px; }
h3 { font-size: 16px; }
small.subtext { display: block; color: #949ba4; font-size: 12.5px; }
blockquote { margin: 0; padding-left: 10px; border-left: 4px solid #4e5058; }
.item { padding-left: 16px; text-indent: -10px; } .item::before { content: "•\\00a0\\00a0"; }
code { background: #1e1f22; border-radius: 4px; padding: 1px 4px; font: 13px "DejaVu Sans Mono", monospace; }
pre { background: #1e1f22; border: 1px solid #3b3d44; border-radius: 4px; padding: 7px; margin: 2px 0;
      font: 13px/1.3 "DejaVu Sans Mono", monospace; white-space: pre-wrap; }
.mention { background: #3c4270; color: #c9cdfb; border-radius: 3px; padding: 0 2px; }
.when { background: #3f4147; border-radius: 3px; padding: 0 2px; }
a { color: #00a8fc; text-decoration: none; }
.separator { height: 1px; background: #3f4147; } .separator.bare { background: none; height: 2px; }
.separator.large { margin: 6px 0; }
.row { display: flex; flex-wrap: wrap; gap: 8px; }
.button { border-radius: 8px; padding: 6px 14px; color: #fff; font-weight: 500; font-size: 14px; background: #4e5058; }
.primary { background: #5865f2; } .success { background: #248046; } .danger { background: #da373c; }
.disabled { opacity: .5; }
.select { background: #1e1f22; border: 1px solid #3b3d44; border-radius: 8px; padding: 9px 12px; width: 100%; color: #949ba4; }
.file { background: #1e1f22; border: 1px solid #3b3d44; border-radius: 8px; padding: 10px 12px; color: #00a8fc; }
"""


def page(message: Mapping[str, Any], files: Mapping[str, str] | None = None) -> str:
    """The whole page; `files` gives an address (a data: URL, say) for each attachment's name."""
    drawn = _Drawn(files or {}, str(message.get("author", {}).get("username", "Mousekeeper")))
    body = "\n".join(drawn.component(component) for component in message["components"])
    name = html.escape(drawn.name)
    sent = _moment(str(message.get("timestamp", "")))
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><style>{STYLE}</style></head><body>'
        f'<div class="message"><div class="avatar">{name[:1]}</div><div><div class="author">{name}'
        f'<span class="app">APP</span><time>{sent}</time></div>{body}</div></div></body></html>'
    )


def _moment(timestamp: str) -> str:
    try:
        return f"{datetime.fromisoformat(timestamp):%d/%m/%Y %H:%M}"
    except ValueError:
        return ""


def text(content: str) -> str:
    """Discord's markdown: headings, small print, quotes, lists, code, emphasis, links, times and mentions."""
    pieces = re.split(r"```(?:\w*\n)?(.*?)```", content, flags=re.DOTALL)
    drawn = []
    for number, piece in enumerate(pieces):
        if number % 2:
            drawn.append(f"<pre>{html.escape(piece)}</pre>")
        else:
            drawn += [_line(line) for line in piece.strip("\n").split("\n")] if piece.strip("\n") else []
    return f'<div class="text">{"".join(drawn)}</div>'


def _line(line: str) -> str:
    for beginning, element, style in LINES:
        if line.startswith(beginning):
            return f'<{element} class="{style}">{_inline(line.removeprefix(beginning))}</{element}>'
    return f"<div>{_inline(line)}</div>"


def _inline(line: str) -> str:
    drawn = TIME.sub(_time, INLINE.renderInline(line))
    return MENTION.sub(lambda found: f'<span class="mention">{_symbol(found[1])}{found[2]}</span>', drawn)


def _symbol(kind: str) -> str:
    return "#" if kind == "#" else "@"


def _time(found: re.Match[str]) -> str:
    moment = datetime.fromtimestamp(int(found[1]), UTC)
    form = {"t": "%H:%M", "T": "%H:%M:%S", "d": "%d/%m/%Y", "D": "%d %B %Y", "R": "%d %B %H:%M"}
    return f'<span class="when">{moment.strftime(form.get(found[2] or "f", "%d %B %Y %H:%M"))}</span>'


class _Drawn:
    """One message being drawn."""

    def __init__(self, files: Mapping[str, str], name: str) -> None:
        self.name = name
        self._files = files
        self._kinds: dict[int, Callable[[Component], str]] = {
            1: lambda row: f'<div class="row">{self._all(row["components"])}</div>',
            2: self._button,
            3: self._select,
            5: self._select,
            6: self._select,
            7: self._select,
            8: self._select,
            9: self._section,
            10: lambda display: text(str(display["content"])),
            11: lambda picture: f'<img class="thumbnail" src="{self._address(picture["media"])}">',
            12: self._gallery,
            13: lambda file: (
                f'<div class="file">{html.escape(str(file["file"]["url"]).rpartition("/")[2])}</div>'
            ),
            14: self._separator,
            17: self._container,
        }

    def component(self, component: Component) -> str:
        """One component with what is in it. Raises KeyError for a type that no message may hold."""
        return self._kinds[int(component["type"])](component)

    def _all(self, components: list[Component]) -> str:
        return "".join(self.component(component) for component in components)

    def _container(self, container: Component) -> str:
        colour = container.get("accent_color")
        accent = f' style="--accent: #{colour:06x}"' if colour is not None else ""
        return f'<div class="container"{accent}>{self._all(container["components"])}</div>'

    def _section(self, section: Component) -> str:
        texts, beside = self._all(section["components"]), self.component(section["accessory"])
        return f'<div class="section"><div class="texts">{texts}</div>{beside}</div>'

    def _separator(self, separator: Component) -> str:
        bare = "" if separator.get("divider", True) else " bare"
        return f'<div class="separator{bare}{" large" if separator.get("spacing") == 2 else ""}"></div>'

    def _gallery(self, gallery: Component) -> str:
        items = "".join(f'<img src="{self._address(item["media"])}">' for item in gallery["items"])
        return f'<div class="gallery">{items}</div>'

    def _button(self, button: Component) -> str:
        emoji = html.escape(str((button.get("emoji") or {}).get("name") or ""))
        label = html.escape(str(button.get("label") or ""))
        off = " disabled" if button.get("disabled") else ""
        style = BUTTON_STYLES[int(button["style"])]
        return f'<span class="button {style}{off}">{" ".join(filter(None, (emoji, label)))}</span>'

    def _select(self, select: Component) -> str:
        chosen = [option["label"] for option in select.get("options", ()) if option.get("default")]
        shown = ", ".join(chosen) or str(select.get("placeholder") or "Make a selection")
        return f'<div class="select">{html.escape(shown)}</div>'

    def _address(self, media: Mapping[str, Any]) -> str:
        url = str(media["url"])
        return html.escape(self._files.get(url.removeprefix("attachment://").rpartition("/")[2], url))
