"""CMS signatures and RFC 3161 tokens, checked down to the key operation (RFC 5652, 5.4 and 5.6)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from asn1crypto import algos, cms, tsp
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import Encoding

from signing.strength import weakness
from signing.verification.chain import Trust, check_trust
from signing.verification.facts import Problem
from signing.verification.keys import HASHES, verify_with
from signing.verification.material import Material, common_name, load, utc
from signing.verification.reading import MALFORMED

_MOST_CERTIFICATES: Final = 50
_CLOCKS_DIFFER: Final = timedelta(minutes=10)


@dataclass(frozen=True)
class Stamp:
    """A time-stamp token that fits what it stamps. ``trust`` is that of its authority."""

    at: datetime
    authority: str
    trust: Trust


@dataclass(frozen=True)
class Signed:
    """A CMS signature taken apart. ``intact``: all of it fits; None for an unknown algorithm."""

    intact: bool | None
    certificate: x509.Certificate
    others: tuple[x509.Certificate, ...]
    digest: str
    hashed_with: str
    algorithm: str
    names_certificate: bool
    value: bytes
    token: bytes | None
    has_many_tokens: bool

    def weakness(self, at: datetime) -> str | None:
        """What of digests and key was not thought safe at a moment for which there is proof."""
        return weakness(at, (self.digest, self.hashed_with), self.certificate.public_key())


class NotChecked(Exception):
    """A structure that cannot be judged; ``code`` names the problem."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code, detail)
        self.problem = Problem(code, detail)


def check(contents: bytes, digest_of: Callable[[str], bytes], *, content_type: str = "data") -> Signed:
    """Check the one signature of a CMS. Raises NotChecked and what is in MALFORMED."""
    outer = cms.ContentInfo.load(contents)
    if outer["content_type"].native != "signed_data":
        raise NotChecked("unsupported-format", outer["content_type"].native)
    data = outer["content"]
    if len(data["signer_infos"]) != 1:
        raise NotChecked("several-signers", str(len(data["signer_infos"])))
    info = data["signer_infos"][0]
    held = [one for one in (load(der) for der in _certificates(data)) if one is not None]
    certificate = _signer_of(info, held)
    if certificate is None:
        raise NotChecked("certificate-missing")
    digest = str(info["digest_algorithm"]["algorithm"].native)
    attributes = _attributes(info["signed_attrs"])
    name, kind, pss = _algorithm(info["signature_algorithm"], digest)
    value = bytes(info["signature"].contents)
    token, has_many = _token(info)
    intact: bool | None
    if digest not in HASHES:
        intact = None
    else:
        covered = digest_of(digest)
        signed = covered
        if attributes:
            signed = b"\x31" + bytes(info["signed_attrs"].dump())[1:]
            is_right = attributes.get("message_digest") == covered
            is_right = is_right and attributes.get("content_type") == content_type
        else:
            is_right = content_type == "data"
        intact = is_right and _verify(certificate, value, signed, kind, pss, is_digest=not attributes)
    return Signed(
        intact, certificate, tuple(held), digest, kind, name,
        _names_certificate(attributes, certificate), value, token, has_many,
    )  # fmt: skip


def _certificates(data: cms.SignedData) -> list[bytes]:
    return [choice.chosen.dump() for choice in list(data["certificates"] or ())[:_MOST_CERTIFICATES]]


def _attributes(attributes: Any) -> dict[str, Any]:
    """The signed attributes by name, each once (RFC 5652, 5.3). Raises NotChecked."""
    found: dict[str, Any] = {}
    for one in attributes or ():
        kind = str(one["type"].native)
        if kind in found:
            raise NotChecked("signature-malformed", kind)
        values = one["values"]
        if kind in ("message_digest", "content_type"):
            if len(values) != 1:
                raise NotChecked("signature-malformed", kind)
            found[kind] = values[0].native
        else:
            found[kind] = values
    return found


def _algorithm(written: Any, digest: str) -> tuple[str, str, Any]:
    """Name for people, digest of the signature, and the parameters of RSA-PSS. Raises NotChecked."""
    name = str(written["algorithm"].native)
    if name == "rsassa_pss":
        parameters: algos.RSASSAPSSParams = written["parameters"]
        return name, str(parameters["hash_algorithm"]["algorithm"].native), parameters
    said = name.partition("_")[0]
    if name not in ("rsassa_pkcs1v15", "ed25519", "ed448", "ecdsa") and said in HASHES and said != digest:
        raise NotChecked("signature-malformed", name)  # two digests, of which one may be weak
    return name, digest, None


def _verify(
    certificate: x509.Certificate, value: bytes, signed: bytes, kind: str, pss: Any, *, is_digest: bool
) -> bool | None:
    made = HASHES.get(kind)
    if made is None:
        return None
    key: Any = certificate.public_key()
    algorithm: Any = made()
    if is_digest:
        algorithm = Prehashed(algorithm)
    if not isinstance(
        key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | ed448.Ed448PublicKey
    ):
        return None
    if is_digest and isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
        return None
    return verify_with(key, value, signed, algorithm, pss)


def _signer_of(info: cms.SignerInfo, held: list[x509.Certificate]) -> x509.Certificate | None:
    wanted = info["sid"].chosen
    if isinstance(wanted, cms.IssuerAndSerialNumber):
        serial, issuer = wanted["serial_number"].native, wanted["issuer"].dump()
        fitting = [one for one in held if one.serial_number == serial]
        exact = [one for one in fitting if one.issuer.public_bytes() == issuer]
        return next(iter(exact or fitting), None)
    for one in held:
        try:
            known = one.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
        except x509.ExtensionNotFound:
            continue
        if known == wanted.native:
            return one
    return None


def _token(info: cms.SignerInfo) -> tuple[bytes | None, bool]:
    """The signature time-stamp, and whether there are several."""
    found = [
        value.dump()
        for one in info["unsigned_attrs"] or ()
        if one["type"].native == "signature_time_stamp_token"
        for value in one["values"]
    ]
    return (found[0] if found else None), len(found) > 1


def _names_certificate(attributes: dict[str, Any], certificate: x509.Certificate) -> bool:
    """Whether the signed attributes bind the certificate (ESS signing-certificate, RFC 5035)."""
    for kind, default in (("signing_certificate_v2", None), ("signing_certificate", "sha1")):
        values = attributes.get(kind)
        if values is None or len(values) != 1 or not len(values[0]["certs"]):
            continue
        first = values[0]["certs"][0]
        name = default or str(first["hash_algorithm"]["algorithm"].native)
        digest = hashlib.new(name, certificate.public_bytes(Encoding.DER), usedforsecurity=False).digest()
        return bool(first["cert_hash"].native == digest)
    return False


def revocation_in(contents: bytes) -> tuple[list[bytes], list[bytes]]:
    """Lists and responses that a signature carries itself, beside its certificates or as an attribute."""
    lists, responses = [], []
    try:
        data = cms.ContentInfo.load(contents)["content"]
        lists += [one.chosen.dump() for one in data["crls"] or () if one.name == ""]
        for one in data["signer_infos"][0]["signed_attrs"] or ():
            if one["type"].native == "adobe_revocation_info_archival":
                archive = one["values"][0]
                lists += [crl.dump() for crl in archive["crl"] or ()]
                responses += [response.dump() for response in archive["ocsp"] or ()]
    except MALFORMED:
        pass
    return lists[:20], responses[:20]


def check_token(
    material: Material, token: bytes, digest_of: Callable[[str], bytes], at: datetime
) -> Stamp | Problem:
    """Check a token over what ``digest_of`` digests: imprint, signature, and its authority as of ``at``."""
    try:
        data = cms.ContentInfo.load(token)["content"]
        inner = data["encap_content_info"]
        if inner["content_type"].native != "tst_info":
            return Problem("timestamp-broken", "content")
        content: tsp.TSTInfo = inner["content"].parsed
        written = bytes(inner["content"])
        imprint = content["message_imprint"]
        algorithm = str(imprint["hash_algorithm"]["algorithm"].native)
        if algorithm not in HASHES:
            return Problem("timestamp-algorithm", algorithm)
        if digest_of(algorithm) != imprint["hashed_message"].native:
            return Problem("timestamp-differs")
        signed = check(token, lambda name: hashlib.new(name, written).digest(), content_type="tst_info")
        if not signed.intact or not signed.names_certificate:
            return Problem("timestamp-broken", "" if signed.intact is False else signed.algorithm)
        if (weak := signed.weakness(at) or weakness(at, [algorithm])) is not None:
            return Problem("timestamp-algorithm", weak)
        stamped_at = utc(content["gen_time"].native)
    except NotChecked as error:
        return Problem("timestamp-broken", error.problem.code)
    except MALFORMED as error:
        return Problem("timestamp-broken", type(error).__name__)
    if stamped_at > at + _CLOCKS_DIFFER:
        return Problem("timestamp-from-future", f"{stamped_at:%Y-%m-%d %H:%M:%S}Z")
    certificate = signed.certificate
    if not certificate.not_valid_before_utc <= stamped_at <= certificate.not_valid_after_utc:
        return Problem("timestamp-outside-certificate", common_name(certificate))
    trust = check_trust(material, certificate, signed.others, at, is_tsa=True)
    return Stamp(stamped_at, common_name(certificate), trust)
