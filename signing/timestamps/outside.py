"""Asking an outside time-stamp authority (RFC 3161 over HTTP, 3.4), and believing nothing it says.

Each answer is checked whole before it is used: that it is for our digest, our nonce and our policy,
that its signature, its certificate and its time are good, and that the certificate may stamp.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import urllib3
from asn1crypto import algos, cms, tsp, x509
from pyhanko.sign.general import find_unique_cms_attribute
from pyhanko.sign.validation.generic_cms import validate_sig_integrity
from pyhanko_certvalidator import CertificateValidator, ValidationContext

from core.clock import Clock
from signing.coroutines import finish
from signing.timestamp import TOKEN_BYTES
from signing.timestamps.address import Address
from signing.timestamps.answering import MEDIA_TYPE, QUERY_MEDIA_TYPE, Response

MOST_BYTES: Final = 64 * 1024
_TOLERANCE: Final = timedelta(minutes=5)
"""How far an authority's clock and ours may differ."""
_GRANTED: Final = ("granted", "granted_with_mods")
_CHUNK: Final = 8192


class AnswerRefused(Exception):
    """The authority did not answer, or with something that cannot be used. The text says what."""


class OutsideAuthority:
    """One authority. Safe for many threads."""

    def __init__(self, address: Address, clock: Clock, seconds: float) -> None:
        self.address = address
        self._clock = clock
        self._seconds = seconds
        options: dict[str, Any] = {"ca_certs": address.tls} if address.tls else {}
        self._pool = urllib3.PoolManager(num_pools=2, maxsize=8, retries=False, **options)

    def stamp(
        self, digest: bytes, algorithm: str, roots: Callable[[], Sequence[bytes]], seconds: float
    ) -> bytes:
        """A token (DER of a ContentInfo) over a digest, within ``seconds``. Raises AnswerRefused.

        ``roots`` gives those that are trusted for time-stamps where the address names none.
        """
        nonce = secrets.randbits(63) | 1
        request: dict[str, Any] = {
            "version": "v1",
            "message_imprint": {
                "hash_algorithm": algos.DigestAlgorithm({"algorithm": algorithm}),
                "hashed_message": digest,
            },
            "nonce": nonce,
            "cert_req": True,
        }
        if self.address.policy is not None:
            request["req_policy"] = self.address.policy
        body = self._post(tsp.TimeStampReq(request).dump(), min(seconds, self._seconds))
        trusted = self.address.trust or tuple(roots())
        return checked(body, digest, algorithm, nonce, self.address.policy, self._clock.now(), trusted)

    def _post(self, body: bytes, seconds: float) -> bytes:
        """What the authority answers. Redirects are not followed; a drip does not hold us up."""
        headers = {"Content-Type": QUERY_MEDIA_TYPE, "Accept": MEDIA_TYPE}
        if self.address.credentials is not None:
            headers |= urllib3.make_headers(basic_auth=self.address.credentials)
        deadline = time.monotonic() + seconds
        try:
            answer = self._pool.request(
                "POST", self.address.url, body=body, headers=headers, preload_content=False,
                redirect=False, timeout=urllib3.Timeout(total=seconds), decode_content=False,
            )  # fmt: skip
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise AnswerRefused(type(error).__name__) from error
        try:
            if answer.status != 200:
                raise AnswerRefused(f"HTTP {answer.status}")
            if answer.headers.get("Content-Type", "").split(";")[0].strip().lower() != MEDIA_TYPE:
                raise AnswerRefused("Content-Type")
            found = bytearray()
            while piece := answer.read1(_CHUNK):
                found += piece
                if len(found) > MOST_BYTES:
                    raise AnswerRefused("too long")
                if time.monotonic() > deadline:
                    raise AnswerRefused("too slow")
            answer.release_conn()
            return bytes(found)
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise AnswerRefused(type(error).__name__) from error
        finally:
            answer.close()


def checked(
    body: bytes,
    digest: bytes,
    algorithm: str,
    nonce: int,
    policy: str | None,
    now: datetime,
    roots: Sequence[bytes],
) -> bytes:
    """The token of a response that is good in every respect. Raises AnswerRefused."""
    try:
        return _checked(body, digest, algorithm, nonce, policy, now, roots)
    except AnswerRefused:
        raise
    except Exception as error:  # whatever the libraries raise for what a stranger sends
        raise AnswerRefused(f"malformed: {type(error).__name__}") from error


def _checked(
    body: bytes,
    digest: bytes,
    algorithm: str,
    nonce: int,
    policy: str | None,
    now: datetime,
    roots: Sequence[bytes],
) -> bytes:
    response = Response.load(body, strict=True)
    status = response["status"]
    if status["status"].native not in _GRANTED:
        failures = ", ".join(sorted(status["fail_info"].native or ()))
        raise AnswerRefused(f"{status['status'].native}: {failures}" if failures else status["status"].native)
    token = response["time_stamp_token"]
    _require(token["content_type"].native == "signed_data", "no signed data")
    signed = token["content"]
    _require(signed["encap_content_info"]["content_type"].native == "tst_info", "no TSTInfo")
    info = signed["encap_content_info"]["content"].parsed
    _require(info["version"].native == "v1", "version")
    imprint = info["message_imprint"]
    _require(imprint["hash_algorithm"]["algorithm"].native == algorithm, "another algorithm")
    _require(imprint["hashed_message"].native == digest, "another imprint")
    _require(info["nonce"].native == nonce, "another nonce")
    _require(policy is None or info["policy"].dotted == policy, "another policy")
    moment: datetime = info["gen_time"].native
    _require(abs(moment - now) <= _TOLERANCE, f"its clock says {moment:%Y-%m-%d %H:%M:%S}")
    _check_signer(signed, moment, roots)
    der = bytes(token.dump())
    _require(len(der) <= TOKEN_BYTES, f"its token takes {len(der)} bytes")
    return der


def _check_signer(signed: cms.SignedData, moment: datetime, roots: Sequence[bytes]) -> None:
    """The one signature of a token, and the certificate behind it (RFC 3161, 2.3 and 2.4.2)."""
    _require(len(signed["signer_infos"]) == 1, "not one signer")
    signer = signed["signer_infos"][0]
    others = [one.chosen for one in signed["certificates"] if one.name == "certificate"]
    certificate = _certificate_of(signer, others)
    content = signed["encap_content_info"]["content"]
    method = signer["digest_algorithm"]["algorithm"].native
    _require(method in ("sha256", "sha384", "sha512"), f"digest {method}")
    intact, valid = validate_sig_integrity(
        signer, certificate, "tst_info", hashlib.new(method, content.parsed.dump()).digest()
    )
    _require(bool(intact and valid), "its signature is broken")
    _require(_names(signer, certificate), "it does not name its certificate")
    usage = certificate.extended_key_usage_value
    _require(usage is not None and usage.native == ["time_stamping"], "its certificate is not for stamping")
    critical = certificate.critical_extensions
    _require("extended_key_usage" in critical, "its certificate is not for stamping only")
    begin, end = (
        certificate["tbs_certificate"]["validity"][name].native for name in ("not_before", "not_after")
    )
    _require(begin <= moment <= end, "its certificate is over")
    if roots:
        _check_path(certificate, others, moment, roots)


def _check_path(
    certificate: x509.Certificate,
    others: Sequence[x509.Certificate],
    moment: datetime,
    roots: Sequence[bytes],
) -> None:
    """Revocation is not asked for here: nothing is fetched from addresses that an answer names."""
    context = ValidationContext(
        trust_roots=[x509.Certificate.load(der) for der in roots],
        moment=moment,
        allow_fetching=False,
        revocation_mode="soft-fail",
    )
    try:
        validator = CertificateValidator(certificate, list(others), validation_context=context)
        finish(validator.async_validate_usage(set(), {"time_stamping"}))
    except Exception as error:
        raise AnswerRefused(f"its certificate leads to no trusted root: {type(error).__name__}") from error


def _certificate_of(signer: cms.SignerInfo, others: Sequence[x509.Certificate]) -> x509.Certificate:
    wanted = signer["sid"]
    for one in others:
        if wanted.name == "issuer_and_serial_number":
            chosen = wanted.chosen
            if (one.issuer, one.serial_number) == (chosen["issuer"], chosen["serial_number"].native):
                return one
        elif one.key_identifier == wanted.chosen.native:
            return one
    raise AnswerRefused("its certificate is missing")


def _names(signer: cms.SignerInfo, certificate: x509.Certificate) -> bool:
    """Whether ESS signing-certificate (RFC 2634) or -v2 (RFC 5035) is signed and fits."""
    attributes = signer["signed_attrs"]
    for name in ("signing_certificate_v2", "signing_certificate"):
        try:
            first = find_unique_cms_attribute(attributes, name)["certs"][0]
        except Exception:  # noqa: S112  # absent or doubled: the library has an error class for each
            continue
        method = "sha1" if name == "signing_certificate" else first["hash_algorithm"]["algorithm"].native
        return bool(first["cert_hash"].native == hashlib.new(method, certificate.dump()).digest())
    return False


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise AnswerRefused(what)
