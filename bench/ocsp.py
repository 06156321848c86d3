"""How long an OCSP answer takes, beside cryptography's own builder with the same key and certificates.

One thread, processor time, from the bytes of a request to the bytes of the answer. The rival knows the
status beforehand; ours looks it up in the database. With a nonce every answer is signed anew; without one
(as RFC 5019 has it) an answer is handed out again for a minute.
"""

from __future__ import annotations

import logging
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from bench import Figure, run
from bench.signing import milliseconds
from core.models import Organisation
from core.runtime import Runtime
from core.settings import Settings
from signing.keys import fitting_hash
from signing.members import Member
from signing.models import CertificateRole
from signing.service import SigningService
from vermilion import assembly
from vermilion.first_start import SetUp, open_home

BUILDER: Final = "cryptography's builder"


class Rival:
    """A responder made of the library's own parts."""

    def __init__(self, responder: Member, issuer: x509.Certificate, asked: x509.Certificate) -> None:
        self._responder = responder
        self._issuer = issuer
        self._asked = asked

    def answer(self, request: bytes, runtime: Runtime) -> bytes:
        """A good answer to the request."""
        wanted, now = ocsp.load_der_ocsp_request(request), runtime.clock.now()
        if wanted.serial_number != self._asked.serial_number:
            raise SystemExit("another certificate")
        builder = (
            ocsp.OCSPResponseBuilder()
            .add_response(
                self._asked, self._issuer, wanted.hash_algorithm, ocsp.OCSPCertStatus.GOOD, now,
                now + timedelta(hours=1), None, None,
            )
            .responder_id(ocsp.OCSPResponderEncoding.HASH, self._responder.certificate)
            .certificates([self._responder.certificate])
        )  # fmt: skip
        for one in wanted.extensions:
            builder = builder.add_extension(one.value, critical=False)
        key = self._responder.key
        return builder.sign(key, fitting_hash(key)).public_bytes(Encoding.DER)  # type: ignore[arg-type]


def measure(*, quick: bool) -> list[Figure]:
    """The figures of this run."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(home=Path(folder))
        runtime = assembly.build(settings, open_home(settings).master_key)
        try:
            runtime.get(SetUp).make_organisation("测量", is_demo=False)
            with runtime.database.write() as session:
                session.add(Organisation(id=1, name="测量", is_demo=False, created_at=runtime.clock.now()))
            return _measured(runtime, 100 if quick else 1000)
        finally:
            assembly.close(runtime)


def _measured(runtime: Runtime, times: int) -> list[Figure]:
    signing = runtime.get(SigningService)
    members = signing.authority.members
    issuing = next(one for one in members.entries() if one.role is CertificateRole.ISSUING)
    asked = signing.authority.member(CertificateRole.TSA).certificate
    responder = members.newest(CertificateRole.OCSP, issuing.id)
    if responder is None:
        raise SystemExit("there is no responder")
    rival, figures = Rival(responder, issuing.certificate, asked), []
    builder = ocsp.OCSPRequestBuilder().add_certificate(asked, issuing.certificate, hashes.SHA1())
    for case, request in (
        ("with a nonce", builder.add_extension(x509.OCSPNonce(bytes(range(32))), critical=False)),
        ("without a nonce", builder),
    ):
        der = request.build().public_bytes(Encoding.DER)
        for made in (signing.responder.answer(der).der, rival.answer(der, runtime)):
            answer = ocsp.load_der_ocsp_response(made)
            if answer.certificate_status is not ocsp.OCSPCertStatus.GOOD:
                raise SystemExit(f"not as expected: {answer.certificate_status}")
        mine = milliseconds(lambda der=der: signing.responder.answer(der), times)  # type: ignore[misc]
        theirs = milliseconds(lambda der=der: rival.answer(der, runtime), times)  # type: ignore[misc]
        figures.append(Figure("ocsp", f"one certificate, {case}", mine, theirs, BUILDER, "ms"))
    return figures


def main() -> None:
    """``python -m bench.ocsp [--quick] [--json]``"""
    logging.disable()
    run(measure, __doc__)


if __name__ == "__main__":
    main()
