"""Cuts out of a PDF what others check it with: signatures, tokens, certificates, revocation data.

Reads from a file, so that a large one costs no memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from asn1crypto import cms, x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation.dss import DocumentSecurityStore

from signing.pdf_reader import Reader
from signing.source import Source

_TOKEN: Final = "signature_time_stamp_token"  # noqa: S105


@dataclass(frozen=True)
class Cut:
    """A signature or document time-stamp, in bytes.

    ``ranges`` are the four numbers of /ByteRange; ``value`` is the signature value that ``token``
    stamps. Of a document time-stamp there is a ``token`` only, over the signed bytes themselves.
    """

    field: str
    ranges: tuple[int, int, int, int]
    cms: bytes | None
    value: bytes | None
    token: bytes | None
    signer: x509.Certificate | None
    stamped_at: datetime | None


@dataclass
class Material:
    """What a PDF carries: its signatures in the order of the bytes they cover, and what judges them."""

    cuts: list[Cut] = field(default_factory=list)
    certificates: dict[bytes, x509.Certificate] = field(default_factory=dict)
    crls: list[bytes] = field(default_factory=list)
    ocsps: list[bytes] = field(default_factory=list)


def cut(path: Path) -> Material:
    """The material of a PDF; an unreadable or unsigned one has none."""
    found = Material()
    with Source.opened(path) as source:
        try:
            reader = Reader(source)
            for signature in reader.embedded_signatures:
                found.cuts.append(_cut(signature, found))
            _read_store(reader, found)
        except Exception:  # whatever a stranger's file makes the parser raise: it has no more material
            return found
    found.cuts.sort(key=lambda one: one.ranges[2] + one.ranges[3])
    return found


def _cut(signature: Any, found: Material) -> Cut:
    ranges = tuple(int(one) for one in signature.sig_object["/ByteRange"])
    content = cms.ContentInfo({"content_type": "signed_data", "content": signature.signed_data})
    _note_certificates(signature.signed_data, found)
    name = str(signature.field_name)
    if str(signature.sig_object.get("/SubFilter", "")) == "/ETSI.RFC3161":
        return Cut(name, ranges, None, None, content.dump(), None, _time_of(signature.signed_data))  # type: ignore[arg-type]
    token = next(_tokens(signature.signer_info), None)
    at = None
    if token is not None:
        _note_certificates(token["content"], found)
        at = _time_of(token["content"])
    return Cut(
        name,
        ranges,  # type: ignore[arg-type]
        content.dump(),
        signature.signer_info["signature"].native,
        token.dump() if token is not None else None,
        signature.signer_cert,
        at,
    )


def _tokens(info: Any) -> Iterator[Any]:
    for attribute in info["unsigned_attrs"] or ():
        if attribute["type"].native == _TOKEN:
            yield from attribute["values"]


def _time_of(signed_data: Any) -> datetime | None:
    moment: datetime | None = signed_data["encap_content_info"]["content"].parsed["gen_time"].native
    return moment


def _note_certificates(signed_data: Any, found: Material) -> None:
    for choice in signed_data["certificates"] or ():
        if choice.name == "certificate":
            found.certificates.setdefault(choice.chosen.dump(), choice.chosen)


def _read_store(reader: PdfFileReader, found: Material) -> None:
    if "/DSS" not in reader.root:
        return
    store: Any = DocumentSecurityStore.read_dss(reader)
    for reference in store.certs.values():
        data = reference.get_object().data
        certificate = x509.Certificate.load(data)
        found.certificates.setdefault(certificate.dump(), certificate)
    found.crls += [one.get_object().data for one in store.crls]
    found.ocsps += [one.get_object().data for one in store.ocsps]
