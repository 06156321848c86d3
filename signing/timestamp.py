"""The built-in time-stamp authority (RFC 3161), in the same process.

It issues through pyHanko's ``TimeStamper`` interface, so that an outside authority can take its
place without the signer knowing. The key stays loaded; what is constant in a token is built once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from asn1crypto import cms, tsp, x509
from pyhanko.sign.timestamps import TimeStamper

from core.clock import Clock
from signing.coroutines import finish
from signing.pki import TIMESTAMP_POLICY
from signing.signed_data import PrivateKey, TokenTemplate

POLICY: Final = TIMESTAMP_POLICY.dotted_string
"""Time-stamp policy of the built-in authority: the system clock of the host, to the second."""
ACCURACY_SECONDS: Final = 1
TOKEN_BYTES: Final = 8192
"""Room for a token of another authority: with a chain of RSA certificates it takes 4 to 7 KiB."""


class InternalTimeStamper(TimeStamper):
    """Issues tokens, signed over ``digest``. Safe for many threads."""

    def __init__(
        self,
        certificate: x509.Certificate,
        key: PrivateKey,
        clock: Clock,
        chain: Sequence[x509.Certificate] = (),
        digest: str = "sha256",
    ) -> None:
        super().__init__(include_nonce=False)  # type: ignore[no-untyped-call]
        self._template = TokenTemplate(key, certificate, chain, POLICY, ACCURACY_SECONDS, digest)
        self._clock = clock

    @property
    def longest(self) -> int:
        """The most bytes that a token takes."""
        return self._template.longest

    def stamp(self, digest: bytes, algorithm: str, nonce: int | None = None) -> bytes:
        """A token over ``digest``, as DER. ``algorithm`` is a name such as ``sha256``.

        Raises DigestUnknown.
        """
        return self._template.token(digest, algorithm, self._clock.now(), nonce)

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        """Answer a request; an authority in the same process cannot refuse a well-formed one."""
        imprint = req["message_imprint"]
        token = self._template.token(
            imprint["hashed_message"].native,
            imprint["hash_algorithm"]["algorithm"].native,
            self._clock.now(),
            req["nonce"].native,
        )
        return tsp.TimeStampResp(
            {"status": {"status": "granted"}, "time_stamp_token": cms.ContentInfo.load(token)}
        )

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> cms.ContentInfo:
        """A token without the round of request, nonce and response checks that a network needs."""
        return cms.ContentInfo.load(self.stamp(message_digest, md_algorithm))


def stamped(timestamper: TimeStamper, digest: bytes, algorithm: str) -> bytes:
    """A token over ``digest`` as DER, of whichever authority it is."""
    if isinstance(timestamper, InternalTimeStamper):
        return timestamper.stamp(digest, algorithm)
    return bytes(finish(timestamper.async_timestamp(digest, algorithm)).dump())
