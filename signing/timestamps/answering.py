"""The built-in time-stamp authority as others ask it (RFC 3161, 2.4): a request in, a response out.

What is wrong with a request is said in the response, as the RFC has it; only what is no request at
all, or too large, is refused before.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

from asn1crypto import cms, core, tsp

from signing.timestamp import POLICY, InternalTimeStamper

MEDIA_TYPE: Final = "application/timestamp-reply"
QUERY_MEDIA_TYPE: Final = "application/timestamp-query"
MOST_BYTES: Final = 4096
"""A request with a SHA-512 imprint, a nonce and a policy takes under 200 bytes."""
DIGESTS: Final = ("sha256", "sha384", "sha512")
MALFORMED: Final = (
    ValueError, TypeError, KeyError, IndexError, AttributeError, ArithmeticError, RecursionError
)  # fmt: skip
"""What the library raises for bytes that are not the structure they should be."""
_LONGEST_NONCE: Final = 2**512


class Response(core.Sequence):  # type: ignore[misc]
    """TimeStampResp (2.4.2): the token is there only when it was granted."""

    _fields = [
        ("status", tsp.PKIStatusInfo),
        ("time_stamp_token", cms.ContentInfo, {"optional": True}),
    ]


class _Rejected(Exception):
    """The request cannot be granted; the arguments are a name of PKIFailureInfo and a text."""


def answer(stamper: InternalTimeStamper, request: bytes) -> bytes:
    """A TimeStampResp (DER). Never raises for what is in the request."""
    try:
        token = _token(stamper, request)
    except _Rejected as rejected:
        failure, text = rejected.args
        status = {"status": "rejection", "status_string": [text], "fail_info": {failure}}
        return bytes(Response({"status": status}).dump())
    return bytes(Response({"status": {"status": "granted"}, "time_stamp_token": token}).dump())


def _token(stamper: InternalTimeStamper, der: bytes) -> cms.ContentInfo:
    request = _parsed(der)
    if request["version"].native != "v1":
        raise _Rejected("bad_request", "version")
    if request["extensions"].native:
        raise _Rejected("unaccepted_extensions", "no extensions are accepted")
    imprint = request["message_imprint"]
    algorithm: str = imprint["hash_algorithm"]["algorithm"].native
    if algorithm not in DIGESTS:
        raise _Rejected("bad_alg", f"the imprint is none of {', '.join(DIGESTS)}")
    digest: bytes = imprint["hashed_message"].native
    if len(digest) != hashlib.new(algorithm).digest_size:
        raise _Rejected("bad_data_format", "the imprint is not as long as its algorithm has it")
    if imprint["hash_algorithm"]["parameters"].native is not None:
        raise _Rejected("bad_data_format", "the imprint's algorithm takes no parameters")
    if request["req_policy"].native is not None and request["req_policy"].dotted != POLICY:
        raise _Rejected("unaccepted_policy", f"the policy is {POLICY}")
    nonce = request["nonce"].native
    if nonce is not None and abs(nonce) > _LONGEST_NONCE:
        raise _Rejected("bad_request", "the nonce is longer than 64 bytes")
    token = cms.ContentInfo.load(stamper.stamp(digest, algorithm, nonce))
    if request["cert_req"].native:
        return token
    signed = token["content"]
    del signed["certificates"]  # they must not be there then (2.4.1); no signature covers them
    return cms.ContentInfo({"content_type": "signed_data", "content": signed})


def _parsed(der: bytes) -> Any:
    try:
        request = tsp.TimeStampReq.load(der, strict=True)
        request.native  # noqa: B018  # the library parses late; this finds what does not parse
    except MALFORMED as error:
        raise _Rejected("bad_data_format", "not a TimeStampReq") from error
    return request
