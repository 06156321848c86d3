"""What can go wrong at the edge, before a service is asked."""

from __future__ import annotations

from core.errors import VermilionError


class ScopeMissing(VermilionError):
    """The token does not carry the scope that the call needs. Context: ``scope``."""

    code = "scope-missing"
    status = 403


class CsrfTokenWrong(VermilionError):
    """A call with the session cookie does not carry the session's token in ``X-CSRF-Token``."""

    code = "csrf-token-wrong"
    status = 403


class BodyTooLarge(VermilionError):
    """More bytes came than the call takes. Context: ``limit`` (bytes)."""

    code = "body-too-large"
    status = 413


class TooManyFiles(VermilionError):
    """Context: ``limit``."""

    code = "too-many-files"
    status = 422


class TooManyRequests(VermilionError):
    """The caller is faster than allowed. Context: ``wait_seconds``."""

    code = "too-many-requests"
    status = 429


class PreconditionFailed(VermilionError):
    """``If-Match`` names a state that is not the current one. Context: ``current``."""

    code = "precondition-failed"
    status = 412


class IdempotencyKeyInvalid(VermilionError):
    """The ``Idempotency-Key`` is empty, too long or not printable. Context: ``limit``."""

    code = "idempotency-key-invalid"
    status = 422


class IdempotencyKeyReused(VermilionError):
    """The key stands for another request."""

    code = "idempotency-key-reused"
    status = 422


class IdempotencyConflict(VermilionError):
    """The first call with this key is still running, or its outcome is unknown."""

    code = "idempotency-conflict"
    status = 409


class NotForOutside(VermilionError):
    """The address answers only on this machine, or to an administrator's token."""

    code = "not-for-outside"
    status = 403


class BodyUnreadable(VermilionError):
    """The body is not what its Content-Type says."""

    code = "body-unreadable"
    status = 400


class MethodNotAllowed(VermilionError):
    """The address exists, but does not know this method."""

    code = "method-not-allowed"
    status = 405
