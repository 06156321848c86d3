"""Whether a certificate was revoked at a moment, by lists (RFC 5280, 6.3) and responses (RFC 6960, 3.2)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from signing.strength import weakness
from signing.verification.keys import verify_with
from signing.verification.material import Material, extension

_COMPROMISED: Final = frozenset(
    {x509.ReasonFlags.key_compromise, x509.ReasonFlags.ca_compromise, x509.ReasonFlags.aa_compromise}
)


def revocation(
    material: Material, one: x509.Certificate, issuer: x509.Certificate, at: datetime
) -> tuple[str | None, bool]:
    """Why a certificate counts as revoked at a moment, or None; and whether that is known at all."""
    is_known = False
    for status, when, reason, invalid, since, until in [
        *_from_lists(material, one, issuer, at),
        *_from_responses(material, one, issuer, at),
    ]:
        if status == "revoked":
            from_when = when if invalid is None else min(when, invalid)
            is_before = invalid is not None and reason in (*_COMPROMISED, None) and invalid <= at
            if when <= at or is_before:
                return f"{from_when:%Y-%m-%d %H:%M:%S}Z {reason.value if reason else ''}".strip(), True
            is_known = True
        elif since >= at or until is None or until >= at:
            is_known = True
    return None, is_known


_Status = tuple[str, datetime, x509.ReasonFlags | None, datetime | None, datetime, datetime | None]


def _is_weak(kind: hashes.HashAlgorithm | None, at: datetime) -> bool:
    """Whether an answer's digest was no longer safe: then it counts against a certificate, never for it."""
    return kind is not None and weakness(at, [kind.name]) is not None


def says_of(
    material: Material, one: x509.Certificate, issuer: x509.Certificate, at: datetime
) -> tuple[datetime, x509.ReasonFlags] | None:
    """When and why the lists at hand say that a certificate holds no more; None where none says so."""
    for status, when, reason, _invalid, _since, _until in _from_lists(material, one, issuer, at):
        if status == "revoked":
            return when, reason or x509.ReasonFlags.unspecified
    return None


def _from_lists(
    material: Material, one: x509.Certificate, issuer: x509.Certificate, at: datetime
) -> list[_Status]:
    found: list[_Status] = []
    for index, listed in enumerate(material.crls):
        if listed.issuer != one.issuer or not material.is_list_of(index, issuer):
            continue
        usage = extension(issuer, x509.KeyUsage)
        if usage is not None and not usage.crl_sign:
            continue
        since, until = listed.last_update_utc, listed.next_update_utc
        entry = listed.get_revoked_certificate_by_serial_number(one.serial_number)
        if entry is not None:
            reason = _of_entry(entry, x509.CRLReason)
            if reason is not None and reason.reason is x509.ReasonFlags.remove_from_crl:
                continue
            invalid = _of_entry(entry, x509.InvalidityDate)
            found.append(
                ("revoked", entry.revocation_date_utc, reason.reason if reason else None,
                 invalid.invalidity_date_utc if invalid else None, since, until)
            )  # fmt: skip
        elif _says_good(listed, one) and not _is_weak(listed.signature_hash_algorithm, at):
            found.append(("good", since, None, None, since, until))
    return found


def _says_good(listed: x509.CertificateRevocationList, one: x509.Certificate) -> bool:
    """Whether not being on a list means anything: it is whole, for this kind, and keeps what expired."""
    kinds = {extension.oid.dotted_string: extension.value for extension in listed.extensions}
    if "2.5.29.27" in kinds:  # only what is new since another list
        return False
    point: Any = kinds.get("2.5.29.28")
    if point is not None:
        basic = extension(one, x509.BasicConstraints)
        is_authority = bool(basic and basic.ca)
        if point.indirect_crl or point.only_some_reasons or point.only_contains_attribute_certs:
            return False
        if (point.only_contains_user_certs and is_authority) or (
            point.only_contains_ca_certs and not is_authority
        ):
            return False
        if point.full_name is not None and not _is_sent_to(one, point.full_name):
            return False
    return listed.last_update_utc <= one.not_valid_after_utc or "2.5.29.60" in kinds


def _is_sent_to(one: x509.Certificate, names: Iterable[x509.GeneralName]) -> bool:
    """Whether a certificate names the place of a list that is about a part (RFC 5280, 6.3.3 b 2 i)."""
    points = extension(one, x509.CRLDistributionPoints) or ()
    return any(name in (point.full_name or ()) for point in points for name in names)


def _of_entry(entry: x509.RevokedCertificate, kind: type[Any]) -> Any:
    try:
        return entry.extensions.get_extension_for_class(kind).value
    except (x509.ExtensionNotFound, ValueError):
        return None


def _from_responses(
    material: Material, one: x509.Certificate, issuer: x509.Certificate, at: datetime
) -> list[_Status]:
    found: list[_Status] = []
    for response in material.ocsps:
        for single in response.responses:
            if single.serial_number != one.serial_number or not _is_about(single, issuer):
                continue
            if not _is_answered_by(response, issuer, material):
                break
            since, until = single.this_update_utc, single.next_update_utc
            if single.certificate_status is ocsp.OCSPCertStatus.REVOKED:
                when = single.revocation_time_utc or since
                found.append(("revoked", when, single.revocation_reason, None, since, until))
            elif _is_weak(response.signature_hash_algorithm, at):
                continue
            elif single.certificate_status is ocsp.OCSPCertStatus.GOOD:
                found.append(("good", since, None, None, since, until or since))
    return found


def _is_about(single: ocsp.OCSPSingleResponse, issuer: x509.Certificate) -> bool:
    """Whether the names and keys of RFC 6960, 4.1.1 are this authority's."""
    digest = hashes.Hash(single.hash_algorithm)
    digest.update(issuer.subject.public_bytes())
    key = asn1_x509.Certificate.load(issuer.public_bytes(Encoding.DER))
    of_key = hashes.Hash(single.hash_algorithm)
    of_key.update(bytes(key.public_key["public_key"]))
    return single.issuer_name_hash == digest.finalize() and single.issuer_key_hash == of_key.finalize()


def _is_answered_by(response: ocsp.OCSPResponse, issuer: x509.Certificate, material: Material) -> bool:
    """Whether the authority, or a responder that it made one (RFC 6960, 4.2.2.2), signed the answer."""
    signers = [issuer, *response.certificates]
    for signer in signers:
        if signer != issuer:
            extended = extension(signer, x509.ExtendedKeyUsage)
            if extended is None or ExtendedKeyUsageOID.OCSP_SIGNING not in extended:
                continue
            if signer.issuer != issuer.subject or not material.is_issuer(issuer, signer):
                continue
            if not signer.not_valid_before_utc <= response.produced_at_utc <= signer.not_valid_after_utc:
                continue
            if _is_revoked_responder(material, signer, issuer, response.produced_at_utc):
                continue
        if _fits(response, signer):
            return True
    return False


def _is_revoked_responder(
    material: Material, signer: x509.Certificate, issuer: x509.Certificate, at: datetime
) -> bool:
    if extension(signer, x509.OCSPNoCheck) is not None:
        return False
    return any(
        status[0] == "revoked" and status[1] <= at for status in _from_lists(material, signer, issuer, at)
    )


def _fits(response: ocsp.OCSPResponse, signer: x509.Certificate) -> bool:
    kind = response.signature_hash_algorithm
    return verify_with(signer.public_key(), response.signature, response.tbs_response_bytes, kind, None)
