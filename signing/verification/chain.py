"""Trust: paths to the given roots, revocation, time-stamps, and the level they add up to.

Nothing is fetched: what counts is in the file, in the signature, and in the roots that were given.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from asn1crypto import cms, tsp, x509
from pyhanko.sign.general import find_unique_cms_attribute
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.generic_cms import validate_sig_integrity
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import (
    ExpiredError,
    InsufficientRevinfoError,
    NotYetValidError,
    PathBuildingError,
    RevokedError,
    ValidationError,
)

from signing.coroutines import finish
from signing.verification.facts import Problem
from signing.verification.structure import MALFORMED

_ERRORS: Final = (ValidationError, PathBuildingError)


@dataclass(frozen=True)
class Material:
    """Certificates and revocation lists that are at hand, and the roots that are trusted."""

    roots: tuple[x509.Certificate, ...]
    certificates: tuple[x509.Certificate, ...]
    crls: tuple[bytes, ...]
    ocsps: tuple[bytes, ...]


@dataclass(frozen=True)
class Trust:
    """Whether a certificate leads to a trusted root; ``has_revocation`` when every link was checked."""

    trusted: bool | None
    has_revocation: bool
    problem: Problem | None


@dataclass(frozen=True)
class Stamp:
    """A time-stamp token that fits what it stamps. ``trust`` is that of its authority."""

    at: datetime
    authority: str
    trust: Trust


def gather(reader: Any, roots: Sequence[bytes]) -> Material:
    """The validation material of a file (its DSS) with the trusted roots (DER)."""
    certificates: list[x509.Certificate] = []
    crls: list[bytes] = []
    ocsps: list[bytes] = []
    try:
        store = DocumentSecurityStore.read_dss(reader)
        certificates = list(store.load_certs())
        crls = [reference.get_object().data for reference in store.crls]
        ocsps = [reference.get_object().data for reference in store.ocsps]
    except MALFORMED:
        pass
    except Exception as error:  # NoDSSFoundError is private to the library's module
        if type(error).__name__ != "NoDSSFoundError":
            raise
    trusted = tuple(x509.Certificate.load(der) for der in roots)
    return Material(trusted, tuple(certificates), tuple(crls), tuple(ocsps))


def check_trust(
    material: Material,
    certificate: x509.Certificate,
    others: Sequence[x509.Certificate],
    at: datetime,
    *,
    is_tsa: bool = False,
) -> Trust:
    """Build and check the path of a certificate as of ``at``; revocation counts where there is material."""
    if not material.roots:
        return Trust(None, False, Problem("no-trust-anchor"))
    strict = _validate(material, certificate, others, at, is_tsa, "require")
    if strict is None:
        return Trust(True, True, None)
    if isinstance(strict, RevokedError):
        return Trust(False, True, Problem("revoked", str(strict)[:160]))
    if not isinstance(strict, InsufficientRevinfoError):
        return Trust(*_explain(strict))
    lenient = _validate(material, certificate, others, at, is_tsa, "soft-fail")
    if lenient is None:
        return Trust(True, False, None)
    return Trust(*_explain(lenient))


def _validate(
    material: Material,
    certificate: x509.Certificate,
    others: Sequence[x509.Certificate],
    at: datetime,
    is_tsa: bool,
    mode: str,
) -> Exception | None:
    try:
        context = ValidationContext(
            trust_roots=list(material.roots),
            other_certs=[*material.certificates, *others],
            moment=at,
            crls=list(material.crls),
            ocsps=list(material.ocsps),
            allow_fetching=False,
            revocation_mode=mode,
            retroactive_revinfo=True,
        )
        validator = CertificateValidator(certificate, list(others), validation_context=context)
        if is_tsa:
            finish(validator.async_validate_usage(set(), {"time_stamping"}))
        else:
            try:
                finish(validator.async_validate_usage({"non_repudiation"}))
            except ValidationError as error:
                if "key usage" not in str(error) and "not valid for the following" not in str(error):
                    raise
                finish(validator.async_validate_usage({"digital_signature"}))
    except _ERRORS as error:
        return error
    except MALFORMED as error:
        return error
    return None


def _explain(error: Exception) -> tuple[bool | None, bool, Problem]:
    if isinstance(error, ExpiredError):
        return False, False, Problem("certificate-expired", str(error)[:160])
    if isinstance(error, NotYetValidError):
        return False, False, Problem("certificate-not-yet-valid", str(error)[:160])
    if isinstance(error, RevokedError):
        return False, True, Problem("revoked", str(error)[:160])
    if isinstance(error, PathBuildingError):
        return False, False, Problem("untrusted-issuer")
    return False, False, Problem("certificate-unsuitable", str(error)[:160])


def signature_stamp(
    material: Material, signer_info: cms.SignerInfo, fallback: datetime
) -> Stamp | Problem | None:
    """The signature time-stamp: None where there is none, a Problem where it does not fit."""
    try:
        tokens = find_unique_cms_attribute(signer_info["unsigned_attrs"], "signature_time_stamp_token")
    except Exception as error:
        if type(error).__name__ == "NonexistentAttributeError":
            return None
        return Problem("timestamp-broken", type(error).__name__)
    return check_token(material, tokens["content"], signer_info["signature"].native)


def check_token(material: Material, signed_data: cms.SignedData, stamped: bytes) -> Stamp | Problem:
    """Check a token (RFC 3161) over ``stamped``: imprint, signature, and its authority's path."""
    try:
        content: tsp.TSTInfo = signed_data["encap_content_info"]["content"].parsed
        imprint = content["message_imprint"]
        algorithm = imprint["hash_algorithm"]["algorithm"].native
        if algorithm not in ("sha256", "sha384", "sha512"):
            return Problem("timestamp-algorithm", str(algorithm))
        if hashlib.new(algorithm, stamped).digest() != imprint["hashed_message"].native:
            return Problem("timestamp-differs")
        certificates = [choice.chosen for choice in signed_data["certificates"]]
        signer_info = signed_data["signer_infos"][0]
        certificate = _signer_of(signer_info, certificates)
        if certificate is None:
            return Problem("timestamp-broken", "no certificate")
        raw = bytes(signed_data["encap_content_info"]["content"])
        digest = hashlib.new(signer_info["digest_algorithm"]["algorithm"].native, raw).digest()
        intact, valid = validate_sig_integrity(signer_info, certificate, "tst_info", digest)
        if not (intact and valid):
            return Problem("timestamp-broken")
        at = content["gen_time"].native
    except MALFORMED as error:
        return Problem("timestamp-broken", type(error).__name__)
    except Exception as error:  # the library's own errors for broken CMS
        return Problem("timestamp-broken", type(error).__name__)
    trust = check_trust(material, certificate, certificates, at, is_tsa=True)
    return Stamp(at, common_name(certificate), trust)


def _signer_of(
    signer_info: cms.SignerInfo, certificates: Sequence[x509.Certificate]
) -> x509.Certificate | None:
    wanted = signer_info["sid"].chosen
    for certificate in certificates:
        if isinstance(wanted, cms.IssuerAndSerialNumber):
            same = certificate.serial_number == wanted["serial_number"].native
            if same and certificate.issuer == wanted["issuer"]:
                return certificate
        elif certificate.key_identifier == wanted.native:
            return certificate
    return None


def common_name(certificate: x509.Certificate) -> str:
    """The name a person reads."""
    native = certificate.subject.native
    return str(
        native.get("common_name") or native.get("organization_name") or certificate.subject.human_friendly
    )
