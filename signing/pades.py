"""PAdES signatures through pyHanko (ETSI EN 319 142-1): fields, B-T signatures, B-LTA evidence.

Everything here takes bytes and gives bytes, blocks, and knows no database. Callers do it outside
transactions.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from asn1crypto import cms, x509
from asn1crypto import crl as asn1_crl
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import (
    FieldMDPAction,
    FieldMDPSpec,
    MDPPerm,
    SigFieldSpec,
    SigSeedSubFilter,
    append_signature_field,
    enumerate_sig_fields,
)
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, Signer
from pyhanko.sign.signers.pdf_signer import PdfTimeStamper
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.stamp import BaseStampStyle

from core.errors import VermilionError
from signing.coroutines import at_once, finish
from signing.errors import SigningRefused
from signing.fields import FieldSpec
from signing.pdf_reader import Reader
from signing.signed_data import PrivateKey, Stamp, Template
from signing.timestamp import TOKEN_BYTES, InternalTimeStamper

DIGEST: Final = "sha256"
ARCHIVE_FIELD: Final = "VermilionArchiveTimestamp"
"""Name of the field that carries the document time-stamp."""
POINTS_PER_MM: Final = 72 / 25.4
_MOST_NODES: Final = 200_000
_DEEPEST: Final = 50


@dataclass(frozen=True)
class SigningKey:
    """A key ready to sign, with its certificate and the ones above it (root excluded or not)."""

    certificate: x509.Certificate
    key: PrivateKey
    chain: tuple[x509.Certificate, ...]

    @cached_property
    def template(self) -> Template:
        """What all PDF signatures of this key share."""
        return Template(self.key, self.certificate, self.chain, DIGEST)


@dataclass(frozen=True)
class PageSize:
    """A page as it is shown: size in millimetres, after cropping, turning and UserUnit."""

    width_mm: float
    height_mm: float
    turn: int


class KeySigner(Signer):
    """A pyHanko signer that makes the CMS from the key's template; pyHanko does the PDF around it."""

    def __init__(self, key: SigningKey) -> None:
        super().__init__(signing_cert=key.certificate, embed_roots=False)
        self._template = key.template

    async def async_sign(
        self,
        data_digest: bytes,
        digest_algorithm: str,
        dry_run: bool = False,
        use_pades: bool = False,
        timestamper: TimeStamper | None = None,
        signed_attr_settings: object = None,
        is_pdf_sig: bool = True,
        encap_content_info: object = None,
    ) -> cms.ContentInfo:
        """The signature over a digest of the document, with a token over it. PAdES has the claimed
        time in the PDF, and none in the CMS (EN 319 142-1, 6.3)."""
        if digest_algorithm != DIGEST:
            raise SigningError(f"no signatures over {digest_algorithm}")
        stamp = None if timestamper is None else _stamp_of(timestamper)
        signed: Any = self._template.sign(data_digest, stamp=stamp)
        return signed  # pyHanko writes encoded bytes as they are

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        raise NotImplementedError("signatures are made whole")


def _stamp_of(timestamper: TimeStamper) -> Stamp:
    if isinstance(timestamper, InternalTimeStamper):
        return timestamper.stamp
    return lambda digest, algorithm: finish(timestamper.async_timestamp(digest, algorithm)).dump()


def _longest_token(timestamper: TimeStamper) -> int:
    return timestamper.longest if isinstance(timestamper, InternalTimeStamper) else TOKEN_BYTES


class Revision(IncrementalPdfFileWriter):
    """An incremental update that leaves document information and XMP alone.

    Rewriting them would break PDF/A and would be a change that no signature needs.
    """

    def _update_meta(self) -> None:
        return


def add_fields(pdf: bytes, fields: Sequence[FieldSpec]) -> bytes:
    """Make signature fields, before the first signature. Raises SigningRefused."""

    def work(writer: Revision) -> bytes:
        for field in fields:
            append_signature_field(writer, _spec(field))
        out = io.BytesIO()
        writer.write(out)  # type: ignore[no-untyped-call]
        return out.getvalue()

    return _revise(pdf, work)


def sign(
    pdf: bytes,
    field_name: str,
    key: SigningKey,
    timestamper: TimeStamper,
    *,
    reason: str,
    name: str,
    style: BaseStampStyle | None = None,
    certify: bool = False,
    new_field: FieldSpec | None = None,
    before: Callable[[Revision], None] | None = None,
) -> bytes:
    """Sign one field as PAdES B-T, appended as one revision.

    The field must be there unless ``new_field`` describes it. ``certify`` makes a certification
    signature that allows signatures and form filling only (DocMDP 2). ``before`` changes objects in
    the same revision, so that the signature covers them. Raises SigningRefused.
    """
    metadata = PdfSignatureMetadata(
        field_name=field_name,
        md_algorithm=DIGEST,
        subfilter=SigSeedSubFilter.PADES,
        reason=reason or None,
        name=name,
        certify=certify,
        docmdp_permissions=MDPPerm.FILL_FORMS,
    )
    spec = _spec(new_field) if new_field is not None else None
    reserved = key.template.longest(_longest_token(timestamper))
    signer = PdfSigner(
        metadata, KeySigner(key), timestamper=timestamper, stamp_style=style, new_field_spec=spec
    )

    def work(writer: Revision) -> bytes:
        if before is not None:
            before(writer)
        done = at_once(
            signer.async_sign_pdf(writer, existing_fields_only=new_field is None, bytes_reserved=2 * reserved)
        )
        return bytes(done.getbuffer())

    return _revise(pdf, work)


def add_evidence(
    pdf: bytes,
    timestamper: TimeStamper,
    certificates: Iterable[x509.Certificate],
    crls: Iterable[bytes],
) -> bytes:
    """Add validation material and a document time-stamp in one revision: B-LTA for all signatures.

    Both go into the same revision: material that stands in a signature's own revision does not
    count for strict validators. Raises SigningRefused.
    """

    def work(writer: Revision) -> bytes:
        DocumentSecurityStore.supply_dss_in_writer(
            writer,
            None,
            certs=list(certificates),
            crls=[asn1_crl.CertificateList.load(der) for der in crls],
        )
        taken = {name for name, value, _ in enumerate_sig_fields(writer) if value is not None}
        field = ARCHIVE_FIELD
        while field in taken:
            field = f"{ARCHIVE_FIELD}{len(taken)}"
        stamper = PdfTimeStamper(timestamper, field_name=field)
        run = at_once if isinstance(timestamper, InternalTimeStamper) else finish
        done = run(
            stamper.async_timestamp_pdf(writer, DIGEST, bytes_reserved=2 * _longest_token(timestamper))
        )
        return bytes(done.getbuffer())

    return _revise(pdf, work)


def embedded_certificates(pdf: bytes) -> list[x509.Certificate]:
    """The certificates that signatures and time-stamps of this PDF carry, each once."""
    found: dict[bytes, x509.Certificate] = {}
    reader = _reader(pdf)
    for signature in reader.embedded_signatures:
        for certificate in [signature.signer_cert, *signature.other_embedded_certs]:
            found[certificate.dump()] = certificate
        for attribute in signature.signer_info["unsigned_attrs"] or ():
            if attribute["type"].native == "signature_time_stamp_token":
                for token in attribute["values"]:
                    for choice in token["content"]["certificates"]:
                        found[choice.chosen.dump()] = choice.chosen
    return list(found.values())


def field_names(pdf: bytes) -> dict[str, bool]:
    """The signature fields of a PDF, each with whether it is signed."""
    return {name: value is not None for name, value, _ in enumerate_sig_fields(_reader(pdf))}


def field_size(pdf: bytes, field_name: str) -> tuple[float, float] | None:
    """Width and height of a visible signature field in points; None for an invisible or unknown one."""
    for name, _value, reference in enumerate_sig_fields(_reader(pdf)):
        if name == field_name:
            field = reference.get_object()
            if "/Rect" not in field:
                return None
            left, bottom, right, top = _rectangle(field["/Rect"])
            return (right - left, top - bottom) if right - left > 1 and top - bottom > 1 else None
    return None


def page_size(pdf: bytes, page: int) -> PageSize | None:
    """The size of a page as it is shown; ``page`` counts from 1. None when there is no such page."""
    found = _page(_reader(pdf), page)
    return _size(found) if found is not None else None


def page_sizes(pdf: bytes) -> list[tuple[float, float]]:
    """Width and height in millimetres of every page as it is shown."""
    reader = _reader(pdf)
    sizes: list[tuple[float, float]] = []
    while (found := _page(reader, len(sizes) + 1)) is not None:
        size = _size(found)
        sizes.append((size.width_mm, size.height_mm))
    return sizes


def _size(page: Any) -> PageSize:
    left, bottom, right, top = _visible_box(page)
    unit = float(_inherited(page, "/UserUnit") or 1)
    turn = int(_inherited(page, "/Rotate") or 0) % 360
    width, height = (right - left) * unit / POINTS_PER_MM, (top - bottom) * unit / POINTS_PER_MM
    if turn in (90, 270):
        width, height = height, width
    return PageSize(width, height, turn)


def box_on_page(
    pdf: bytes, page: int, x_mm: float, y_mm: float, side_mm: float
) -> tuple[float, float, float, float]:
    """The PDF rectangle of a square of ``side_mm`` whose middle is at (x, y) of the page as shown.

    x and y count in millimetres from the top left of what the reader sees. The page must exist.
    """
    found = _page(_reader(pdf), page)
    if found is None:
        raise IndexError(page)
    left, bottom, right, top = _visible_box(found)
    unit = float(_inherited(found, "/UserUnit") or 1)
    turn = int(_inherited(found, "/Rotate") or 0) % 360
    x, y = x_mm * POINTS_PER_MM / unit, y_mm * POINTS_PER_MM / unit
    # A page turned clockwise by ``turn`` shows its own axes in these directions.
    middle = {
        0: (left + x, top - y),
        90: (left + y, bottom + x),
        180: (right - x, bottom + y),
        270: (right - y, top - x),
    }[turn]
    half = side_mm * POINTS_PER_MM / unit / 2
    return (middle[0] - half, middle[1] - half, middle[0] + half, middle[1] + half)


def visible_fields_on_page(pdf: bytes, page: int) -> list[tuple[float, float, float, float]]:
    """The rectangles of signature fields that are seen on a page, in PDF user space."""
    reader = _reader(pdf)
    found = _page(reader, page)
    boxes: list[tuple[float, float, float, float]] = []
    if found is None:
        return boxes
    annotations = found["/Annots"] if "/Annots" in found else ()  # noqa: SIM401 (get does not resolve)
    for reference in annotations:
        annotation = reference.get_object()
        if _inherited(annotation, "/FT") != "/Sig":
            continue
        x1, y1, x2, y2 = (float(value) for value in annotation["/Rect"])
        if abs(x2 - x1) > 1 and abs(y2 - y1) > 1:
            boxes.append((min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)))
    return boxes


def _spec(field: FieldSpec) -> SigFieldSpec:
    lock = FieldMDPSpec(FieldMDPAction.INCLUDE, list(field.locks)) if field.locks else None
    # Parts of a point count where a page's unit is large (UserUnit), and pyHanko takes them.
    box: Any = None if field.box is None else tuple(round(edge, 3) for edge in field.box)
    return SigFieldSpec(field.name, on_page=field.page, box=box, field_mdp_spec=lock)


def _page(reader: PdfFileReader, page: int) -> Any | None:
    """The dictionary of a page, counted from 1, or None. A damaged or circular tree ends the walk."""
    try:
        waiting, left, visited = [reader.root["/Pages"]], page, 0
        while waiting and visited < _MOST_NODES:
            node = waiting.pop(0)
            visited += 1
            if "/Kids" in node:
                waiting = [kid.get_object() for kid in node["/Kids"]] + waiting
                continue
            left -= 1
            if left == 0:
                return node
    except (PdfError, KeyError, TypeError, AttributeError):
        return None
    return None


def _inherited(page: Any, key: str) -> Any:
    node, depth = page, 0
    while depth < _DEEPEST:
        if key in node:
            return node[key]
        if "/Parent" not in node:
            return None
        node = node["/Parent"]
        depth += 1
    return None


def _visible_box(page: Any) -> tuple[float, float, float, float]:
    media = _rectangle(_inherited(page, "/MediaBox") or (0, 0, 612, 792))
    crop = _inherited(page, "/CropBox")
    if crop is None:
        return media
    wanted = _rectangle(crop)
    visible = (
        max(media[0], wanted[0]),
        max(media[1], wanted[1]),
        min(media[2], wanted[2]),
        min(media[3], wanted[3]),
    )
    return visible if visible[0] < visible[2] and visible[1] < visible[3] else media


def _rectangle(values: Any) -> tuple[float, float, float, float]:
    x1, y1, x2, y2 = (float(value) for value in values)
    return (min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2))


def _reader(pdf: bytes) -> PdfFileReader:
    try:
        return Reader(pdf)
    except Exception as error:
        raise SigningRefused(reason=_short(error)) from error


def _revise(pdf: bytes, work: Callable[[Revision], bytes]) -> bytes:
    """Open, work, and turn whatever a stranger's file makes pyHanko raise into one error."""
    try:
        reader = Reader(pdf)
        writer = Revision(reader.stream, prev=reader)
        if writer.prev.encrypted:
            raise SigningRefused(reason="encrypted")
        return work(writer)
    except VermilionError:
        raise
    except (PdfError, SigningError, KeyError, ValueError, TypeError, IndexError, AttributeError) as error:
        raise SigningRefused(reason=_short(error)) from error


def _short(error: Exception) -> str:
    text = str(error).splitlines()[0] if str(error) else ""
    return f"{type(error).__name__}: {text}"[:160]
