"""Errors of the object store."""

from __future__ import annotations

from core.errors import VermilionError


class ObjectMissing(VermilionError):
    """No object of this digest is in the store. Context: ``digest``."""

    code = "object-missing"
    status = 404


class ObjectDamaged(VermilionError):
    """The bytes in the store are not those that the digest names. Context: ``digest``."""

    code = "object-damaged"
    status = 500


class ObjectTooLarge(VermilionError):
    """A stream went on beyond its limit; nothing was kept. Context: ``limit`` (bytes)."""

    code = "object-too-large"
    status = 413


class ObjectRetained(VermilionError):
    """Retention or a legal hold forbids deletion. Context: ``digest``."""

    code = "object-retained"
    status = 409


class StorageFull(VermilionError):
    """There is no room left; nothing was kept, and a retry works once there is."""

    code = "storage-full"
    status = 507


class StorageUnavailable(VermilionError):
    """The store does not answer; nothing was kept, and a retry works once it does. Context: ``reason``."""

    code = "storage-unavailable"
    status = 503
