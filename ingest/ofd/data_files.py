"""Data inside a package: attachments, and the invoice's XML, listed or lying beside."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ingest.conversion import Member
from ingest.errors import FileRefused
from ingest.invoices import xml
from ingest.invoices.facts import Reading
from ingest.ofd.document import OfdDocument
from ingest.ofd.markup import Element, children, said
from ingest.ofd.package import Package, folder
from ingest.zipping import safe_name

MOST: Final = 64
MOST_BYTES: Final = 20 * 1024**2
_ENDINGS: Final = (".xml", ".xbrl")
_STRUCTURE: Final = frozenset(
    {
        "ofd.xml", "document.xml", "content.xml", "publicres.xml", "documentres.xml", "pageres.xml",
        "signatures.xml", "signature.xml", "annotations.xml", "annotation.xml", "attachments.xml",
        "customtags.xml", "customtag.xml", "extensions.xml", "versions.xml", "permission.xml",
    }
)  # fmt: skip
"""Names of parts of OFD itself, by habit of all makers."""


def look(package: Package, documents: list[OfdDocument], target: Path) -> tuple[list[Reading], list[Member]]:
    """Readings of every XML invoice inside, and the data files, written to ``target``."""
    readings: list[Reading] = []
    members: list[Member] = []
    listed = _listed(package, documents)
    beside = {path: path.rpartition("/")[2] for path in package.names() if _may_be_data(path)}
    for path, name in {**beside, **listed}.items():
        if len(members) >= MOST:
            break
        try:
            data = package.read(path)
        except FileRefused:
            continue
        if len(data) > MOST_BYTES:
            continue
        is_xml = path.endswith(_ENDINGS) or data.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] == b"<"
        found = xml.read(data, name) if is_xml else None
        if found is not None:
            readings.append(found)
        if found is not None or path in listed:
            place = target / f"attachment-{len(members) + 1}"
            place.write_bytes(data)
            members.append(Member(name, place))
    return readings, members


def _may_be_data(path: str) -> bool:
    """Whether a part could be an invoice's XML that no list names."""
    name = path.rpartition("/")[2]
    if not name.endswith(_ENDINGS) or name in _STRUCTURE or "/pages/" in path or "/tpls/" in path:
        return False
    return not name.startswith(("annot", "content", "template"))


def _listed(package: Package, documents: list[OfdDocument]) -> dict[str, str]:
    """The attachments (GB/T 33190, 20) by path, each with its name for people."""
    found: dict[str, str] = {}
    for document in documents:
        for one in children(document.root, "Attachments"):
            path = package.find(str(one.text or ""), document.folder)
            if path is None:
                continue
            try:
                root = package.tree(path)
            except FileRefused:
                continue
            for attachment in list(root.iter("Attachment"))[:MOST]:
                inner = package.find(said(attachment, "FileLoc"), folder(path), document.folder)
                if inner is not None:
                    found[inner] = _name(attachment, inner)
    return found


def _name(attachment: Element, path: str) -> str:
    """The name it is listed with, with the ending that its file has."""
    own = path.rpartition("/")[2]
    name = safe_name(attachment.get("Name") or own)
    ending = own.rpartition(".")[2] if "." in own else ""
    return name if not ending or name.lower().endswith("." + ending) else f"{name}.{ending}"
