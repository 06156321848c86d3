"""Signed data as GB/T 35275 (GM/T 0010) writes it with its own OIDs, and as PKCS#7 and CMS do.

Read by ``der`` because the libraries know neither the content types nor the algorithms. Time-stamp
tokens (RFC 3161) are the same structure with a content of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from signing.national import algorithms
from signing.national.certificates import Certificate, check_chain, load_all, name_key
from signing.national.der import DerBroken, Element, read

NATIONAL_SIGNED_DATA: Final = "1.2.156.10197.6.1.4.2.2"
SIGNED_DATA: Final = "1.2.840.113549.1.7.2"
TST_INFO: Final = "1.2.840.113549.1.9.16.1.4"
_CONTENTS: Final = frozenset(
    {TST_INFO, "1.2.840.113549.1.7.1", "1.2.840.113549.1.7.5", "1.2.156.10197.6.1.4.2.1"}
)
"""Data, digested data (which some mean by a bare digest), the same of GB/T 35275, and time-stamps."""
_MESSAGE_DIGEST: Final = "1.2.840.113549.1.9.4"
_CONTENT_TYPE: Final = "1.2.840.113549.1.9.3"
_SIGNING_TIME: Final = "1.2.840.113549.1.9.5"
_STAMP_ATTRIBUTE: Final = "1.2.840.113549.1.9.16.2.14"
MOST_CERTIFICATES: Final = 40


@dataclass(frozen=True)
class Signer:
    """One signer of signed data."""

    certificate: Certificate | None
    digest_algorithm: str | None
    """A name of ``algorithms.digest_name``, None when unknown."""
    signature_algorithm: str
    signed_attributes: bytes | None
    """DER of the SET that was signed; None where the content was signed itself."""
    attributes: dict[str, Element]
    signature: bytes
    token: bytes | None
    """A time-stamp token over the signature (DER of its ContentInfo)."""

    @property
    def signed_at(self) -> datetime | None:
        """What the signer claims."""
        said = self.attributes.get(_SIGNING_TIME)
        try:
            return said.time() if said is not None else None
        except DerBroken:
            return None


@dataclass(frozen=True)
class SignedData:
    """Signed data with its signers; ``content`` is None where it lies elsewhere (detached)."""

    content_type: str
    content: bytes | None
    certificates: tuple[Certificate, ...]
    signers: tuple[Signer, ...]
    is_national: bool


@dataclass(frozen=True)
class Checked:
    """Whether a signer's signature fits. ``intact`` None: the algorithm is not known here."""

    intact: bool | None
    weak: tuple[str, ...] = ()
    """Unsafe digests it rests on."""
    unknown: str = ""


def parse(data: bytes) -> SignedData:
    """Read signed data, in its ContentInfo or bare; zeros may follow. Raises DerBroken."""
    outer = read(data, is_padded=True)
    parts = outer.sequence(2, "ContentInfo")
    kind = SIGNED_DATA
    if parts[0].is_universal(6):
        kind = parts[0].oid()
        if kind not in (SIGNED_DATA, NATIONAL_SIGNED_DATA) or not parts[1].is_context(0):
            raise DerBroken(f"content type {kind}")
        parts = parts[1].children[0].sequence(4, "SignedData")
    if len(parts) < 4:
        raise DerBroken("SignedData")
    _check_version(parts[0])
    encapsulated = parts[2].sequence(1, "content")
    if encapsulated[0].oid() not in _CONTENTS:
        raise DerBroken(f"content type {encapsulated[0].oid()}")
    digests = {algorithms.digest_name(one.algorithm()) for one in parts[1].children}
    certificates: list[Certificate] = []
    for element in parts[3:-1]:
        if element.is_context(0):
            certificates += load_all(one.raw for one in element.children[:MOST_CERTIFICATES])
    signers = [_signer(one, certificates) for one in parts[-1].children[:MOST_CERTIFICATES]]
    if not (parts[1].is_universal(17) and parts[-1].is_universal(17)) or not signers:
        raise DerBroken("no signer")
    if any(one.digest_algorithm not in digests for one in signers):  # RFC 5652, 5.1
        raise DerBroken("digest algorithms")
    return SignedData(
        content_type=encapsulated[0].oid(),
        content=_content(encapsulated[1:]),
        certificates=tuple(certificates),
        signers=tuple(signers),
        is_national=kind == NATIONAL_SIGNED_DATA or any(one.sm2_key for one in certificates),
    )


def _check_version(element: Element) -> None:
    if not 0 <= element.integer("version") <= 5:
        raise DerBroken("version")


def _content(elements: Sequence[Element]) -> bytes | None:
    if not elements:
        return None
    if not elements[0].is_context(0):
        raise DerBroken("content")
    inner = elements[0].children
    if len(inner) != 1:
        raise DerBroken("content")
    return inner[0].pieces() if inner[0].is_universal(4) else inner[0].raw


def _signer(element: Element, certificates: Sequence[Certificate]) -> Signer:
    parts = list(element.sequence(5, "SignerInfo"))
    _check_version(parts[0])
    certificate = _certificate_of(parts[1], certificates)
    digest_algorithm = parts[2].algorithm("digest algorithm")
    rest = parts[3:]
    signed_attributes, attributes = None, dict[str, Element]()
    if rest[0].is_context(0):
        signed_attributes = b"\x31" + rest[0].raw[1:]
        attributes = _attributes(rest[0])
        rest = rest[1:]
    if len(rest) < 2:
        raise DerBroken("SignerInfo")
    unsigned = _attributes(rest[2]) if len(rest) > 2 and rest[2].is_context(1) else {}
    token = unsigned.get(_STAMP_ATTRIBUTE)
    return Signer(
        certificate=certificate,
        digest_algorithm=algorithms.digest_name(digest_algorithm),
        signature_algorithm=rest[0].algorithm("signature algorithm"),
        signed_attributes=signed_attributes,
        attributes=attributes,
        signature=rest[1].octets("signature"),
        token=token.raw if token is not None else None,
    )


def _attributes(element: Element) -> dict[str, Element]:
    """The first value of each attribute. An attribute that comes twice is refused (RFC 5652, 5.3)."""
    found: dict[str, Element] = {}
    for attribute in element.children:
        kind, values = attribute.sequence(2, "attribute")[:2]
        if kind.oid() in found or not values.is_universal(17) or not values.children:
            raise DerBroken("attribute")
        found[kind.oid()] = values.children[0]
    return found


def _certificate_of(identifier: Element, certificates: Sequence[Certificate]) -> Certificate | None:
    if identifier.is_context(0):
        wanted = identifier.pieces() if not identifier.is_constructed else identifier.children[0].octets()
        return next((one for one in certificates if one.key_identifier == wanted), None)
    issuer, serial = identifier.sequence(2, "signer identifier")[:2]
    number = serial.integer()
    same = [one for one in certificates if one.serial_number == number]
    if any(one.issuer == issuer.raw for one in same):
        return next(one for one in same if one.issuer == issuer.raw)
    key = name_key(issuer.raw)
    return next((one for one in same if one.issuer_key == key), None)


def check(signed: SignedData, signer: Signer, covered: bytes | None) -> Checked:
    """Check one signer over ``covered``; with None over the content that the structure carries.

    Content that is carried must be ``covered`` itself or a digest of it (adbe.pkcs7.sha1; GB/T 35275
    in OFD carries the SM3 of Signature.xml).
    """
    if signer.certificate is None:
        return Checked(None, unknown="certificate")
    if signer.digest_algorithm is None:
        return Checked(None, unknown="digest algorithm")
    content, weak = _what_was_signed(signed, signer.digest_algorithm, covered)
    if content is None:
        return Checked(False)
    to_check = content
    if signer.signed_attributes is not None:
        if not _attributes_fit(signed, signer, content):
            return Checked(False)
        to_check = signer.signed_attributes
    inner = algorithms.digest_of_signature(signer.signature_algorithm)
    weak |= {name for name in (signer.digest_algorithm, inner) if name in algorithms.WEAK}
    fits = signer.certificate.check(
        signer.signature_algorithm, signer.digest_algorithm, to_check, signer.signature
    )
    return Checked(fits, tuple(sorted(weak)), "" if fits is not None else signer.signature_algorithm)


def _what_was_signed(
    signed: SignedData, digest_algorithm: str, covered: bytes | None
) -> tuple[bytes | None, set[str]]:
    """The signed content when it belongs to ``covered``, with the unsafe digest that ties them."""
    content = signed.content
    if content is None or covered is None or content == covered:
        return (covered if content is None else content), set()
    for name in dict.fromkeys((digest_algorithm, "sm3", "sha256", "sha384", "sha512", "sha1")):
        if content == algorithms.digest(name, covered):
            return content, {name} & algorithms.WEAK
    return None, set()


def _attributes_fit(signed: SignedData, signer: Signer, content: bytes) -> bool:
    said = signer.attributes.get(_MESSAGE_DIGEST)
    if said is None or signer.digest_algorithm is None:
        return False
    try:
        kind = signer.attributes.get(_CONTENT_TYPE)
        is_kind = kind is None or kind.oid() == signed.content_type
        return is_kind and said.octets() == algorithms.digest(signer.digest_algorithm, content)
    except DerBroken:
        return False


@dataclass(frozen=True)
class Stamp:
    """A time-stamp that fits. ``code`` says why its authority is not trusted."""

    at: datetime
    authority: str
    trusted: bool | None
    code: str | None = None


@dataclass(frozen=True)
class BadStamp:
    """A time-stamp that does not fit; ``code`` names the text ``verify-<code>``."""

    code: str
    detail: str = ""


@dataclass(frozen=True)
class _TstInfo:
    at: datetime
    algorithm: str | None
    imprint: bytes
    named: str = field(default="")


def check_stamp(
    data: bytes, stamped: Iterable[bytes], others: Sequence[Certificate], roots: Sequence[Certificate]
) -> Stamp | BadStamp:
    """Check a token or a whole answer (RFC 3161, GM/T 0033) over any of ``stamped``."""
    try:
        outer = read(data, is_padded=True)
        first = outer.sequence(1, "token")[0]
        if first.is_universal(16) and not first.children[0].is_universal(6):  # TimeStampResp
            outer = outer.sequence(2, "answer")[1]
        signed = parse(outer.raw)
        said = _tst_info(signed)
    except DerBroken as error:
        return BadStamp("timestamp-broken", str(error)[:80])
    if said.algorithm is None or said.algorithm in algorithms.WEAK:
        return BadStamp("timestamp-algorithm", said.algorithm or said.named)
    if all(algorithms.digest(said.algorithm, one) != said.imprint for one in stamped):
        return BadStamp("timestamp-differs")
    signer = signed.signers[0]
    known = [*signed.certificates, *others]
    checked = check(signed, signer, None)
    if not checked.intact or signer.certificate is None:
        return BadStamp("timestamp-broken", checked.unknown)
    if checked.weak:
        return BadStamp("timestamp-algorithm", ", ".join(checked.weak))
    trust = check_chain(signer.certificate, known, roots, said.at, is_stamper=True)
    return Stamp(said.at, signer.certificate.name, trust.trusted, trust.code)


def _tst_info(signed: SignedData) -> _TstInfo:
    if signed.content is None or signed.content_type not in (TST_INFO, "1.2.156.10197.6.1.4.2.1"):
        raise DerBroken("no time-stamp")
    parts = read(signed.content).sequence(5, "TSTInfo")
    imprint = parts[2].sequence(2, "imprint")
    oid = imprint[0].algorithm()
    return _TstInfo(parts[4].time(), algorithms.digest_name(oid), imprint[1].octets(), oid)


def time_of_token(data: bytes) -> datetime | None:
    """The time that a token names, unchecked."""
    try:
        return _tst_info(parse(data)).at
    except DerBroken:
        return None
