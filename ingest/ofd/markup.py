"""The XML inside an OFD package: names without prefixes, and its simple types (GB/T 33190, 7.3)."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Final

from lxml import etree

from ingest.errors import FileBroken, FileRefused
from ingest.invoices.xml_tree import decoded

Element = etree._Element
Box = tuple[float, float, float, float]
"""Left, top, width, height in millimetres."""

MOST_BYTES: Final = 64 * 1024**2
MOST_ELEMENTS: Final = 1_500_000
"""Of one part, counted as ``<``: each costs a few hundred bytes of memory."""
_LARGEST: Final = 1e7
"""Numbers are cut here: ten kilometres of paper."""
_NUMBER: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?")
_DECLARATION: Final = re.compile(r"^\s*<\?xml[^>]{0,300}\?>")


def parse(data: bytes) -> Element:
    """The root of a part, all names without namespace: files in the wild have the right one, an old one,
    an undeclared prefix or none. Raises FileBroken."""
    if len(data) > MOST_BYTES or data.count(b"<") > MOST_ELEMENTS:
        raise FileBroken(reason="XML too large")
    if b"<!ENTITY" in data.replace(b"\0", b""):
        raise FileBroken(reason="XML with entities")
    root = _strictly(data)
    if root is None:
        root = _leniently(data)
    if root is None:
        raise FileBroken(reason="XML")
    for element in root.iter(etree.Element):
        name = str(element.tag)
        if "}" in name or ":" in name:
            try:
                element.tag = name.rpartition("}")[2].rpartition(":")[2]
            except ValueError:  # what stands behind the prefix is no name
                element.tag = "_"
    return root


def _parser(recover: bool, encoding: str | None = None) -> etree.XMLParser:
    return etree.XMLParser(
        encoding=encoding,
        resolve_entities=False,
        no_network=True,
        huge_tree=False,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
        recover=recover,
    )


def _strictly(data: bytes) -> Element | None:
    try:
        return etree.fromstring(data.lstrip(b" \t\r\n"), _parser(recover=False))
    except (etree.XMLSyntaxError, ValueError):
        return None


def _leniently(data: bytes) -> Element | None:
    """A part whose encoding is not the declared one, or that ends too early, as far as it goes."""
    try:
        text = decoded(data)
    except FileRefused:
        text = data.decode("utf-8", "replace")
    try:
        plain = _DECLARATION.sub("", text, count=1).encode("utf-8", "replace")
        return etree.fromstring(plain, _parser(recover=True, encoding="utf-8"))
    except (etree.XMLSyntaxError, ValueError):
        return None


def child(element: Element, name: str) -> Element | None:
    """The first direct child of a name."""
    return element.find(name)


def said(element: Element | None, *path: str) -> str:
    """The text of the element at a path of direct children, trimmed; empty where there is none."""
    for name in path:
        if element is None:
            return ""
        element = element.find(name)
    return str(element.text or "").strip() if element is not None else ""


def all_text(element: Element) -> str:
    """The text of an element as it stands there, space included: of a TextCode."""
    return "".join(str(part) for part in element.itertext())


def attribute(element: Element, name: str) -> str | None:
    """An attribute, whatever its prefix."""
    value = element.get(name)
    if value is None:
        for key, other in element.attrib.items():
            if str(key).rpartition("}")[2].rpartition(":")[2] == name:
                return str(other).strip()
        return None
    return str(value).strip()


def number(text: str | None) -> float | None:
    """The number a text begins with; None where it begins with none."""
    if not text:
        return None
    found = _NUMBER.match(text.strip())
    if found is None:
        return None
    value = float(found[0])
    return max(-_LARGEST, min(_LARGEST, value)) if math.isfinite(value) else None


def number_of(element: Element, name: str, otherwise: float) -> float:
    """The number in an attribute."""
    found = number(element.get(name))
    return otherwise if found is None else found


def numbers(text: str | None) -> list[float]:
    """An ST_Array: numbers with space between; commas are taken too."""
    if not text:
        return []
    return [max(-_LARGEST, min(_LARGEST, float(found))) for found in _NUMBER.findall(text)]


def box(text: str | None) -> Box | None:
    """An ST_Box; None where there are not four numbers."""
    found = numbers(text)
    return (found[0], found[1], found[2], found[3]) if len(found) >= 4 else None


def is_true(text: str | None, otherwise: bool) -> bool:
    """An xs:boolean, in any case."""
    plain = (text or "").strip().lower()
    if plain in ("true", "1"):
        return True
    return False if plain in ("false", "0") else otherwise


def children(element: Element | None, *names: str) -> Iterator[Element]:
    """Direct children, those of the names where some are given."""
    if element is None:
        return
    for one in element:
        if isinstance(one.tag, str) and (not names or one.tag in names):
            yield one
