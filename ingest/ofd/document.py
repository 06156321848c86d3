"""The documents of a package: where their pages, templates, annotations and data files are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from lxml import etree

from ingest.errors import FileBroken, FileRefused, TooManyPages
from ingest.ofd.markup import Box, Element, box, children, is_true, said
from ingest.ofd.package import Package, folder
from ingest.ofd.resources import named_files

MOST_PAGES: Final = 5000
MOST_BODIES: Final = 64
A4: Final[Box] = (0.0, 0.0, 210.0, 297.0)
_AREAS: Final = ("PhysicalBox", "ApplicationBox", "ContentBox")


@dataclass(frozen=True)
class Template:
    """A template page: its part, and whether it lies over the page's own content."""

    path: str
    is_foreground: bool


@dataclass(frozen=True)
class PageRef:
    """A page of a document: its ID and part."""

    identifier: str
    path: str | None


@dataclass
class OfdDocument:
    """One DocBody, read."""

    path: str
    root: Element
    body: Element | None = None
    """The DocBody of OFD.xml; None where the document was found without it."""
    pages: list[PageRef] = field(default_factory=list)
    templates: dict[str, Template] = field(default_factory=dict)
    resource_files: list[str] = field(default_factory=list)
    area: Box = A4
    default_space: str | None = None
    annotations: dict[str, list[str]] = field(default_factory=dict)
    """Annotation parts by page ID."""
    is_damaged: bool = False

    @property
    def folder(self) -> str:
        """Where its parts are."""
        return folder(self.path)


def documents(package: Package) -> list[OfdDocument]:
    """All documents of a package, in order. Raises FileBroken when there is none, TooManyPages."""
    found: list[OfdDocument] = []
    seen: set[str] = set()
    for body in _bodies(package):
        for path in _roots(package, body):
            if path not in seen:
                seen.add(path)
                try:
                    found.append(_read(package, path, body))
                except FileRefused as error:
                    if isinstance(error, TooManyPages):
                        raise
                break
    if not found:  # OFD.xml is missing or leads nowhere: documents by their usual name
        for path in package.names():
            if path.endswith("document.xml") and len(found) < MOST_BODIES:
                try:
                    found.append(_read(package, path, None))
                except TooManyPages:
                    raise
                except FileRefused:
                    continue
                found[-1].is_damaged = True
    if not any(one.pages for one in found):
        found = [_by_names(package, found[0] if found else None)]
    pages = sum(len(one.pages) for one in found)
    if not pages:
        raise FileBroken(reason="OFD without pages")
    if pages > MOST_PAGES:
        raise TooManyPages(pages=pages, limit=MOST_PAGES)
    return found


def _by_names(package: Package, document: OfdDocument | None) -> OfdDocument:
    """A document whose own description is lost, by the names that all makers give to its parts."""
    made = document or OfdDocument("doc_0/document.xml", etree.Element("Document"))
    made.is_damaged = True
    names = sorted(package.names(), key=lambda name: [int(part) for part in re.findall(r"\d{1,9}", name)])
    contents = [name for name in names if re.search(r"(^|/)pages/.*content\.xml$", name)]
    made.pages = [PageRef(str(number), name) for number, name in enumerate(contents[:MOST_PAGES], start=1)]
    if not made.resource_files:
        made.resource_files = [name for name in names if name.endswith(("publicres.xml", "documentres.xml"))]
    return made


def _bodies(package: Package) -> list[Element]:
    path = package.find("OFD.xml")
    if path is None:
        return []
    try:
        root = package.tree(path)
    except FileRefused:
        return []
    return list(root.iter("DocBody"))[:MOST_BODIES]


def _roots(package: Package, body: Element) -> Iterator[str]:
    """Where the document of a body begins: in its current version, else as it says."""
    for version in body.iter("Version"):
        if is_true(version.get("Current"), otherwise=False):
            path = package.find(version.get("BaseLoc") or "")
            if path is not None:
                try:
                    inner = said(package.tree(path), "DocRoot")
                except FileRefused:
                    continue
                found = package.find(inner, folder(path))
                if found is not None:
                    yield found
    found = package.find(said(body, "DocRoot"))
    if found is not None:
        yield found


def _read(package: Package, path: str, body: Element | None) -> OfdDocument:
    root = package.tree(path)
    made = OfdDocument(path, root, body)
    common = root.find("CommonData")
    here = made.folder
    if common is not None:
        made.area = area_of(common.find("PageArea")) or A4
        made.resource_files = [
            *named_files(package, common, "PublicRes", here),
            *named_files(package, common, "DocumentRes", here),
        ]
        made.default_space = said(common, "DefaultCS") or None
        for one in children(common, "TemplatePage"):
            found = package.find(one.get("BaseLoc") or "", here)
            if found is not None:
                made.templates[(one.get("ID") or "").strip()] = Template(found, _is_foreground(one))
    for one in children(root.find("Pages"), "Page"):
        identifier = (one.get("ID") or "").strip()
        made.pages.append(PageRef(identifier, package.find(one.get("BaseLoc") or "", here)))
        if len(made.pages) > MOST_PAGES:
            raise TooManyPages(pages=len(made.pages), limit=MOST_PAGES)
    made.annotations = _annotations(package, made)
    return made


def _is_foreground(element: Element) -> bool:
    return (element.get("ZOrder") or "").strip() == "Foreground"


def area_of(element: Element | None) -> Box | None:
    """The paper of a PageArea or Area; None where it has none that can be printed on."""
    for name in _AREAS:
        found = box(said(element, name))
        if found and found[2] > 0.1 and found[3] > 0.1:
            return found
    return None


def _annotations(package: Package, document: OfdDocument) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path in named_files(package, document.root, "Annotations", document.folder):
        try:
            root = package.tree(path)
        except FileRefused:
            document.is_damaged = True
            continue
        for one in root.iter("Page"):
            inner = package.find(said(one, "FileLoc"), folder(path), document.folder)
            if inner is not None:
                found.setdefault((one.get("PageID") or "").strip(), []).append(inner)
    return found
