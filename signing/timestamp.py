"""The built-in time-stamp authority (RFC 3161), in the same process.

It issues through pyHanko's ``TimeStamper`` interface, so that an outside authority can take its
place without the signer knowing. The key stays loaded; what is constant in a token is built once.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from typing import Final

from asn1crypto import algos, cms, core, tsp, x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from pyhanko.sign.general import as_signing_certificate_v2, simple_cms_attribute
from pyhanko.sign.timestamps import TimeStamper

from core.clock import Clock
from signing.pki import PrivateKey

POLICY: Final = "2.25.283917088696411911336927877945094127697.1"
"""Time-stamp policy of the built-in authority: the system clock of the host, to the second."""
TOKEN_BYTES: Final = 4096
"""Room for one token in a signature: certificate, attributes and signature take under 2 KiB."""


class InternalTimeStamper(TimeStamper):
    """Issues tokens with SHA-256 over P-256. Safe for many threads."""

    def __init__(
        self,
        certificate: x509.Certificate,
        key: PrivateKey,
        clock: Clock,
        chain: Sequence[x509.Certificate] = (),
    ) -> None:
        super().__init__(include_nonce=False)  # type: ignore[no-untyped-call]
        self._certificates = [certificate, *chain]
        self._key = key
        self._clock = clock
        self._identifier = simple_cms_attribute(
            "signing_certificate_v2", as_signing_certificate_v2(certificate, "sha256")
        )
        self._signer_id = cms.SignerIdentifier(
            {
                "issuer_and_serial_number": cms.IssuerAndSerialNumber(
                    {"issuer": certificate.issuer, "serial_number": certificate.serial_number}
                )
            }
        )

    def token(self, digest: bytes, algorithm: str, nonce: int | None = None) -> cms.ContentInfo:
        """A token over ``digest``. ``algorithm`` is asn1crypto's name, such as ``sha256``."""
        now = self._clock.now()
        facts = {
            "version": "v1",
            "policy": POLICY,
            "message_imprint": {"hash_algorithm": {"algorithm": algorithm}, "hashed_message": digest},
            "serial_number": int.from_bytes(b"\x01" + os.urandom(15), "big"),
            "gen_time": now,
            "accuracy": {"seconds": 1},
        }
        if nonce is not None:
            facts["nonce"] = nonce
        content = tsp.TSTInfo(facts).dump()
        attributes = cms.CMSAttributes(
            [
                simple_cms_attribute("content_type", "tst_info"),
                simple_cms_attribute(
                    "signing_time", cms.Time({"utc_time": core.UTCTime(now.replace(microsecond=0))})
                ),
                self._identifier,
                simple_cms_attribute("message_digest", hashlib.sha256(content).digest()),
            ]
        )
        sha256 = algos.DigestAlgorithm({"algorithm": "sha256"})
        signer = cms.SignerInfo(
            {
                "version": "v1",
                "sid": self._signer_id,
                "digest_algorithm": sha256,
                "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"}),
                "signed_attrs": attributes,
                "signature": self._key.sign(attributes.dump(), ec.ECDSA(hashes.SHA256())),
            }
        )
        signed = cms.SignedData(
            {
                "version": "v3",
                "digest_algorithms": cms.DigestAlgorithms((sha256,)),
                "encap_content_info": {
                    "content_type": "tst_info",
                    "content": cms.ParsableOctetString(content),
                },
                "certificates": self._certificates,
                "signer_infos": [signer],
            }
        )
        return cms.ContentInfo({"content_type": "signed_data", "content": signed})

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        """Answer a request; an authority in the same process cannot refuse a well-formed one."""
        imprint = req["message_imprint"]
        token = self.token(
            imprint["hashed_message"].native,
            imprint["hash_algorithm"]["algorithm"].native,
            req["nonce"].native,
        )
        return tsp.TimeStampResp({"status": {"status": "granted"}, "time_stamp_token": token})

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> cms.ContentInfo:
        """A token without the round of request, nonce and response checks that a network needs."""
        return self.token(message_digest, md_algorithm)
