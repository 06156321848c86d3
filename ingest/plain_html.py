"""The text of a strange HTML page: nothing is fetched, run or styled."""

from __future__ import annotations

import re
from typing import Final

from lxml import etree

_SKIPPED: Final = frozenset({"script", "style", "head", "title", "template", "noscript", "object", "iframe"})
_BLOCKS: Final = frozenset(
    {
        "p", "div", "tr", "table", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "hr",
        "section", "article", "header", "footer", "address", "dl", "dt", "dd",
    }
)  # fmt: skip
_MOST: Final = 20 * 1024**2


def text_of(page: str) -> str:
    """Paragraphs, lines and cells as text. What cannot be parsed gives nothing."""
    parser = etree.HTMLParser(
        encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True, huge_tree=False
    )
    # characters that XML does not know end the parser's work early
    page = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]", "", page[:_MOST])
    try:
        root = etree.fromstring(page.encode(), parser)
    except (etree.XMLSyntaxError, ValueError):
        return ""
    return _tidy("".join(_pieces(root))) if root is not None else ""


def _pieces(root: etree._Element) -> list[str]:
    pieces: list[str] = []
    skipped = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        name = str(element.tag).lower()
        if event == "start":
            skipped += name in _SKIPPED
            if skipped:
                continue
            if name in _BLOCKS or name == "br":
                pieces.append("\n")
            elif name == "li":
                pieces.append("\n• ")
            pieces.append(_spaces(element.text))
        else:
            was_skipped = skipped > 0
            skipped -= name in _SKIPPED
            if not was_skipped and name in _BLOCKS:
                pieces.append("\n")
            elif not was_skipped and name in ("td", "th"):
                pieces.append("  ")
            if not skipped:
                pieces.append(_spaces(element.tail))
    return pieces


def _spaces(text: str | None) -> str:
    return re.sub(r"[ \t\r\n]+", " ", text) if text else ""


def _tidy(text: str) -> str:
    lines = [line.strip() for line in text.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
