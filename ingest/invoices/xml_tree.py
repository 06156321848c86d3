"""XML of strangers as a plain tree: any encoding, any prefix, no entity, nothing fetched.

Names are compared as ``key`` writes them, so that ``fp:InvoiceNo``, ``INVOICENO`` and ``invoice_no`` are
one name: makers of invoices agree on words, seldom on their spelling.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from lxml import etree

from ingest.errors import FileBroken, FileTooLarge

MOST_BYTES: Final = 20 * 1024**2
"""The largest genuine e-invoices, with thousands of lines, have a few megabytes."""
MOST_NODES: Final = 200_000
_MOST_MARKS: Final = 2 * MOST_NODES
"""Of ``<``: an element has two, or one when it is empty."""
MOST_ATTRIBUTES: Final = 60
"""Of one element; looking at n of them takes n² steps."""
MOST_DEPTH: Final = 100
_DECLARED: Final = re.compile(r"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._:\-]{1,40})["']""")
_DECLARATION: Final = re.compile(r"^\s*<\?xml[^>]{0,300}\?>")
_FORBIDDEN: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_BARE_AMPERSAND: Final = re.compile(r"&(?!(?:[A-Za-z_][\w.\-]{0,40}|#\d{1,7}|#[xX][0-9A-Fa-f]{1,6});)")
_CHINESE: Final = frozenset({"gbk", "gb2312", "gb18030", "gb-2312", "cp936", "ms936", "x-gbk", "euc-cn"})
_WESTERN: Final = frozenset(
    {"iso-8859-1", "iso8859-1", "latin1", "iso-8859-15", "windows-1252", "cp1252", "us-ascii"}
)
_OTHERS: Final = re.compile(r"big5(-hkscs)?|shift_jis|euc-(jp|kr)|iso-?8859-\d{1,2}|windows-125\d|koi8-r")
"""Codecs besides that may be asked for; some of Python's are no encodings, or slow on purpose."""
_BOMS: Final = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)


@dataclass(slots=True)
class Node:
    """An element. ``key`` is its name as names are compared, ``text`` all text in it and below it."""

    key: str
    name: str
    namespace: str
    attributes: dict[str, str]
    text: str = ""
    children: list[Node] = field(default_factory=list)

    def walk(self) -> Iterator[Node]:
        """This element and all below it, in the order of the file."""
        waiting = [self]
        while waiting:
            node = waiting.pop()
            yield node
            waiting.extend(reversed(node.children))

    def first(self, *keys: str) -> Node | None:
        """The first element below with one of the names, the earlier name first."""
        for wanted in keys:
            for node in self.walk():
                if node.key == wanted and node is not self:
                    return node
        return None

    def child(self, *keys: str) -> Node | None:
        """The first direct child with one of the names, the earlier name first."""
        return next((node for wanted in keys for node in self.children if node.key == wanted), None)

    def all(self, *keys: str) -> list[Node]:
        """All elements below with one of the names."""
        return [node for node in self.walk() if node.key in keys and node is not self]

    def path(self, *keys: str) -> Node | None:
        """The element at a path of direct children."""
        node: Node | None = self
        for wanted in keys:
            node = node.child(wanted) if node is not None else None
        return node

    def said(self, *keys: str) -> str:
        """The text of the first element below with one of the names that has any; else empty."""
        for wanted in keys:
            for node in self.walk():
                if node.key == wanted and node is not self and node.text.strip():
                    return node.text.strip()
        return ""

    def attribute(self, name: str) -> str:
        """The value of an attribute, whatever its prefix and case; else empty."""
        return self.attributes.get(name.lower(), "")


@lru_cache(maxsize=4096)
def key(name: str) -> str:
    """A name as names are compared: letters and digits of its local part, small."""
    return "".join(
        letter for letter in name.rpartition("}")[2].rpartition(":")[2].lower() if letter.isalnum()
    )


def decoded(data: bytes) -> str:
    """The text of an XML file, without a byte order mark and control characters.

    What decodes as UTF-8 is UTF-8 whatever it declares; else the declaration counts, but bytes above 127
    that come in pairs are Chinese even when a Western encoding is declared. Raises FileBroken.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _clean(_decode(data[len(mark) :], encoding))
    if data[:4] in (b"<\x00?\x00", b"<\x00!\x00") or (data[:1] == b"<" and data[1:2] == b"\x00"):
        return _clean(_decode(data, "utf-16-le"))
    if data[:2] == b"\x00<":
        return _clean(_decode(data, "utf-16-be"))
    try:
        return _clean(data.decode("utf-8"))
    except UnicodeDecodeError:
        pass
    declared = _DECLARED.search(data[:400].decode("latin-1"))
    encoding = declared[1].lower() if declared else "gb18030"
    is_known = encoding in _WESTERN or _OTHERS.fullmatch(encoding)
    if encoding in _CHINESE or not is_known or (encoding in _WESTERN and _is_paired(data)):
        encoding = "gb18030"
    return _clean(_decode(data, encoding))


def _decode(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        pass
    try:
        return data.decode("gb18030")
    except UnicodeDecodeError as error:
        raise FileBroken(reason="encoding") from error


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("", text.lstrip("\ufeff"))


def _is_paired(data: bytes) -> bool:
    """Whether most bytes above 127 stand beside another one, as in GBK; accents stand alone."""
    high = re.findall(rb"[\x80-\xff]+", data[:200_000])
    return sum(len(run) for run in high if len(run) > 1) > 0.8 * sum(map(len, high))


def parse(data: bytes) -> Node:
    """The tree of an XML file. Raises FileTooLarge and FileBroken.

    Entities of its own, and elements nested deeper than any invoice, are refused; an undeclared prefix and
    a bare ampersand, which careless makers write, are not.
    """
    if len(data) > MOST_BYTES:
        raise FileTooLarge(limit=MOST_BYTES // 1024**2)
    text = decoded(data)
    if len(text) > MOST_BYTES:
        raise FileTooLarge(limit=MOST_BYTES // 1024**2)
    if "<!ENTITY" in text:
        raise FileBroken(reason="entities")
    if text.count("<") > _MOST_MARKS:
        raise FileBroken(reason="too many elements")
    return _tree(_root(_DECLARATION.sub("", text, count=1)))


def _root(text: str) -> etree._Element:
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        huge_tree=False,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
        recover=True,
    )
    source = _BARE_AMPERSAND.sub("&amp;", text).encode("utf-8", "replace")
    try:
        root = etree.fromstring(source, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise FileBroken(reason="XML") from error
    faults = [entry for entry in parser.error_log if entry.domain_name != "NAMESPACE" and entry.level > 1]
    if root is None or faults:
        raise FileBroken(reason=f"XML: {faults[0].type_name}, line {faults[0].line}" if faults else "XML")
    return root


def _tree(root: etree._Element) -> Node:
    """Plain nodes, made without recursion; text of an element is that of its children too."""
    top = _node(root)
    waiting: list[tuple[etree._Element, Node, int]] = [(root, top, 1)]
    order: list[Node] = []
    count = 1
    while waiting:
        element, node, depth = waiting.pop()
        order.append(node)
        for child in element:
            if not isinstance(child.tag, str):
                continue
            count += 1
            if count > MOST_NODES or depth >= MOST_DEPTH:
                raise FileBroken(reason="too many elements")
            made = _node(child)
            node.children.append(made)
            waiting.append((child, made, depth + 1))
    for node in reversed(order):  # children come after their parents there
        if node.children and not node.text.strip():
            node.text = "".join(child.text for child in node.children) if len(node.children) < 3 else ""
    return top


def _node(element: etree._Element) -> Node:
    if len(element.attrib) > MOST_ATTRIBUTES:
        raise FileBroken(reason="too many attributes")
    tag = str(element.tag)
    namespace = tag[1:].partition("}")[0] if tag.startswith("{") else ""
    name = tag.rpartition("}")[2].rpartition(":")[2]
    attributes = {
        str(one).rpartition("}")[2].rpartition(":")[2].lower(): str(value)
        for one, value in element.attrib.items()
    }
    return Node(key(name), name, namespace, attributes, str(element.text or ""))
