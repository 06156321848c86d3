"""PAdES signatures through pyHanko (ETSI EN 319 142-1): fields, B-T signatures, B-LTA evidence.

Everything here takes bytes and gives bytes, blocks, and knows no database. Callers do it outside
transactions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from asn1crypto import crl as asn1_crl
from asn1crypto import x509
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import MDPPerm
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers.cms_embedder import SigAppearanceSetup, SigMDPSetup
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.stamp import BaseStampStyle

from core.errors import VermilionError
from signing import form
from signing.coroutines import finish
from signing.errors import SigningRefused
from signing.fields import FieldSpec
from signing.pages import rectangle
from signing.pdf_reader import Reader
from signing.revision import Revision, SignatureValue
from signing.signed_data import PrivateKey, Stamp, Template
from signing.source import Pdf, Source
from signing.timestamp import TOKEN_BYTES, InternalTimeStamper

Style = BaseStampStyle | Callable[[float, float], BaseStampStyle]
"""How a signature looks; or what says so for a field's width and height, in points."""
Work = Callable[[Revision], bytes]
"""Changes objects of a new revision and gives what has to be appended."""
Change = Callable[[Revision], None]
"""Changes objects of a new revision."""

DIGEST: Final = "sha256"
ARCHIVE_FIELD: Final = "VermilionArchiveTimestamp"
"""Name of the field that carries the document time-stamp."""
_PADES: Final = "/ETSI.CAdES.detached"
_STAMP: Final = "/ETSI.RFC3161"


@dataclass(frozen=True)
class SigningKey:
    """A key ready to sign, with its certificate and the ones above it (root excluded or not)."""

    certificate: x509.Certificate
    key: PrivateKey
    chain: tuple[x509.Certificate, ...]
    digest: str = DIGEST

    @cached_property
    def template(self) -> Template:
        """What all PDF signatures of this key share."""
        return Template(self.key, self.certificate, self.chain, self.digest)


def add_fields(pdf: bytes, fields: Sequence[FieldSpec]) -> bytes:
    """Make signature fields, before the first signature. Raises SigningRefused."""
    return pdf + _revise(Source.of(pdf), _placing(fields))


def revise_file(path: Path, change: Change) -> None:
    """Append a revision that nobody signs to a file of the caller's own. Raises SigningRefused."""

    def work(writer: Revision) -> bytes:
        change(writer)
        return writer.appended()

    _append(path, work)


def add_fields_to_file(path: Path, fields: Sequence[FieldSpec]) -> None:
    """As ``add_fields``, appended to a file of the caller's own, of any size."""
    _append(path, _placing(fields))


def sign(
    pdf: bytes,
    field_name: str,
    key: SigningKey,
    timestamper: TimeStamper | None,
    *,
    reason: str,
    name: str,
    style: Style | None = None,
    certify: bool = False,
    new_field: FieldSpec | None = None,
) -> bytes:
    """Sign one field as PAdES B-T, or B-B without a time-stamper, appended as one revision.

    The field must be there unless ``new_field`` describes it. ``certify`` makes a certification
    signature that allows signatures and form filling only (DocMDP 2). Raises SigningRefused.
    """
    work = _signing(field_name, key, timestamper, reason, name, style, certify, new_field)
    return pdf + _revise(Source.of(pdf), work)


def sign_file(
    path: Path,
    field_name: str,
    key: SigningKey,
    timestamper: TimeStamper | None,
    *,
    reason: str,
    name: str,
    style: Style | None = None,
    new_field: FieldSpec | None = None,
    before: Change | None = None,
) -> None:
    """As ``sign``, for a file of any size: the signature is appended to it, the rest stays on the disk.

    ``before`` changes objects in the same revision, so that the signature covers them. The file must be
    the caller's own; it is as it was when this raises.
    """
    work = _signing(field_name, key, timestamper, reason, name, style, False, new_field, before)
    _append(path, work)


def add_evidence(
    pdf: bytes,
    timestamper: TimeStamper,
    certificates: Iterable[x509.Certificate],
    crls: Iterable[bytes],
    digest: str = DIGEST,
) -> bytes:
    """Add validation material and a document time-stamp in one revision: B-LTA for all signatures.

    Both go into the same revision: material that stands in a signature's own revision does not
    count for strict validators. Raises SigningRefused.
    """
    return pdf + _revise(Source.of(pdf), _stamping(timestamper, certificates, crls, digest))


def add_evidence_to_file(
    path: Path,
    timestamper: TimeStamper,
    certificates: Iterable[x509.Certificate],
    crls: Iterable[bytes],
    digest: str = DIGEST,
) -> None:
    """As ``add_evidence``, appended to a file of the caller's own, of any size."""
    _append(path, _stamping(timestamper, certificates, crls, digest))


def _placing(fields: Sequence[FieldSpec]) -> Work:
    def work(writer: Revision) -> bytes:
        form.check_certification(writer, certify=False)
        for field in fields:
            form.add_field(writer, field)
        return writer.appended()

    return work


def _signing(
    field_name: str,
    key: SigningKey,
    timestamper: TimeStamper | None,
    reason: str,
    name: str,
    style: Style | None,
    certify: bool,
    new_field: FieldSpec | None,
    before: Change | None = None,
) -> Work:
    """The work of one signature, for a file in memory or on the disk."""
    stamp = None if timestamper is None else _stamp_of(timestamper)
    room = key.template.longest(None if timestamper is None else _longest_token(timestamper))

    def work(writer: Revision) -> bytes:
        form.check_certification(writer, certify=certify)
        if before is not None:
            before(writer)
        field = (
            form.free_field(writer, field_name) if new_field is None else form.add_field(writer, new_field)
        )
        value = SignatureValue(_entries(_PADES, reason, name), room)
        value_reference = writer.add_object(value)
        size = _visible_size(field.dictionary)
        if style is not None and size is not None:
            shown = style if isinstance(style, BaseStampStyle) else style(*size)
            SigAppearanceSetup(shown, datetime.now(UTC), name).apply(field.dictionary, writer)
        field.dictionary[pdf_name("/V")] = value_reference
        writer.mark_update(field.reference)
        SigMDPSetup(
            key.digest, certify, form.locked_by(field), MDPPerm.FILL_FORMS if certify else None
        ).apply(value_reference, writer)
        form.declare(writer)
        return writer.signed(value, key.digest, lambda digest: key.template.sign(digest, stamp=stamp))

    return work


def _stamping(
    timestamper: TimeStamper, certificates: Iterable[x509.Certificate], crls: Iterable[bytes], digest: str
) -> Work:
    stamp = _stamp_of(timestamper)

    def work(writer: Revision) -> bytes:
        DocumentSecurityStore.supply_dss_in_writer(
            writer,
            None,
            certs=list(certificates),
            crls=[asn1_crl.CertificateList.load(der) for der in crls],
        )
        field = _archive_field(writer)
        value = SignatureValue(_entries(_STAMP), _longest_token(timestamper))
        field.dictionary[pdf_name("/V")] = writer.add_object(value)
        writer.mark_update(field.reference)
        form.declare(writer)
        return writer.signed(value, digest, lambda covered: stamp(covered, digest))

    return work


def _archive_field(writer: Revision) -> form.SignatureField:
    """The field of the next document time-stamp: one that is free, or a new one."""
    fields = {field.name: field for field in form.signature_fields(writer)}
    name, number = ARCHIVE_FIELD, len(fields)
    while name in fields and fields[name].is_signed:
        name, number = f"{ARCHIVE_FIELD}{number}", number + 1
    return fields[name] if name in fields else form.add_field(writer, FieldSpec(name))


def _entries(subfilter: str, reason: str = "", name: str = "") -> dict[str, generic.PdfObject]:
    """The signature dictionary (ISO 32000-1, 12.8.1; EN 319 142-1, 5.3 and 5.4.3)."""
    entries: dict[str, generic.PdfObject] = {
        "/Type": pdf_name("/Sig" if subfilter == _PADES else "/DocTimeStamp"),
        "/Filter": pdf_name("/Adobe.PPKLite"),
        "/SubFilter": pdf_name(subfilter),
    }
    if subfilter == _PADES:
        entries["/M"] = generic.pdf_date(datetime.now(UTC))
    if name:
        entries["/Name"] = generic.pdf_string(name)
    if reason:
        entries["/Reason"] = generic.pdf_string(reason)
    return entries


def _stamp_of(timestamper: TimeStamper) -> Stamp:
    if isinstance(timestamper, InternalTimeStamper):
        return timestamper.stamp
    return lambda digest, algorithm: finish(timestamper.async_timestamp(digest, algorithm)).dump()


def _longest_token(timestamper: TimeStamper) -> int:
    return timestamper.longest if isinstance(timestamper, InternalTimeStamper) else TOKEN_BYTES


def embedded_certificates(pdf: Pdf) -> list[x509.Certificate]:
    """The certificates that signatures and their time-stamps carry, each once. Raises SigningRefused."""
    with Source.at(pdf) as source:
        return _certificates_in(_opened(source))


def _certificates_in(reader: PdfFileReader) -> list[x509.Certificate]:
    found: dict[bytes, x509.Certificate] = {}
    for signature in reader.embedded_signatures:
        for certificate in [signature.signer_cert, *signature.other_embedded_certs]:
            found[certificate.dump()] = certificate
        for attribute in signature.signer_info["unsigned_attrs"] or ():
            if attribute["type"].native == "signature_time_stamp_token":
                for token in attribute["values"]:
                    for choice in token["content"]["certificates"]:
                        found[choice.chosen.dump()] = choice.chosen
    return list(found.values())


def field_names(pdf: Pdf) -> dict[str, bool]:
    """The signature fields of a PDF, each with whether it is signed."""
    with Source.at(pdf) as source:
        return names_in(_opened(source))


def names_in(reader: PdfFileReader) -> dict[str, bool]:
    """The same of an open PDF."""
    return {field.name: field.is_signed for field in form.signature_fields(reader)}


def _visible_size(field: Any) -> tuple[float, float] | None:
    """Width and height of a signature field in points; None for an invisible one."""
    if "/Rect" not in field:
        return None
    left, bottom, right, top = rectangle(field["/Rect"])
    return (right - left, top - bottom) if right - left > 1 and top - bottom > 1 else None


def _opened(original: Source) -> PdfFileReader:
    try:
        return Reader(original)
    except Exception as error:
        raise SigningRefused(reason=_short(error)) from error


def _revise(original: Source, work: Work) -> bytes:
    """Open, work, and turn whatever a stranger's file makes pyHanko raise into one error."""
    try:
        reader = Reader(original)
        if reader.encrypted:
            raise SigningRefused(reason="encrypted")
        return work(Revision(reader))
    except VermilionError:
        raise
    except (PdfError, SigningError, KeyError, ValueError, TypeError, IndexError, AttributeError) as error:
        raise SigningRefused(reason=_short(error)) from error


def _append(path: Path, work: Work) -> None:
    with Source.opened(path) as original:
        appended = _revise(original, work)
    with path.open("ab") as file:
        file.write(appended)


def _short(error: Exception) -> str:
    text = str(error).splitlines()[0] if str(error) else ""
    return f"{type(error).__name__}: {text}"[:160]
