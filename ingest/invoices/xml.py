"""An XML invoice of any kind, recognised by its content."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ingest.errors import FileRefused
from ingest.invoices import cii, einvoice_xml, fiscal, vat_xml, xbrl, xml_tree
from ingest.invoices.facts import Reading
from ingest.invoices.xml_tree import Node

_KINDS: Final[tuple[tuple[Callable[[Node], bool], Callable[[Node, str], Reading | None]], ...]] = (
    (cii.is_one, cii.read),
    (fiscal.is_one, fiscal.read),
    (xbrl.is_one, xbrl.read),
    (einvoice_xml.is_one, einvoice_xml.read),
    (vat_xml.is_one, vat_xml.read),
)

MOST_INVOICES: Final = 100
"""Of one file."""


def read(data: bytes, origin: str) -> Reading | None:
    """What the XML says; None when it is no invoice, or none that can be read safely."""
    try:
        return read_tree(xml_tree.parse(data), origin)
    except FileRefused:
        return None


def read_all(root: Node, origin: str) -> list[Reading]:
    """The readings of every invoice in a tree: a download of several 数电票 may be one file."""
    several = [node for node in root.all("einvoice") if node.child("einvoicedata") is not None]
    parts = several[:MOST_INVOICES] if len(several) > 1 else [root]
    return [reading for reading in (read_tree(part, origin) for part in parts) if reading is not None]


def read_tree(root: Node, origin: str) -> Reading | None:
    """The same of a tree that was parsed."""
    for is_one, read_one in _KINDS:
        if is_one(root):
            return read_one(root, origin)
    return None
