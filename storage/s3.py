"""Objects in an S3 bucket, through the MinIO SDK. Any S3 server will do."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

import urllib3
from minio import Minio
from minio.commonconfig import COMPLIANCE
from minio.error import MinioException, S3Error
from minio.retention import Retention

from core.errors import SettingUnusable
from storage.errors import ObjectMissing, ObjectRetained, StorageFull, StorageUnavailable
from storage.objects import CHUNK, Stat

_MISSING: Final = frozenset({"NoSuchKey", "NoSuchVersion", "NoSuchObject"})
_FULL: Final = frozenset({"XMinioStorageFull", "EntityTooLarge", "QuotaExceeded", "InsufficientCapacity"})
_PART: Final = 16 * 1024 * 1024


class S3Objects:
    """The S3 back-end. Objects are keys ``objects/<2>/<2>/<digest>``.

    S3 shows an upload whole or not at all. Where the bucket has versions, the id of the version
    that was written is kept, so that deleting removes just that one.
    """

    def __init__(self, client: Minio, bucket: str, prefix: str = "objects/") -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = prefix

    def put(self, digest: str, source: Path) -> Stat:
        there = self.stat(digest)
        if there is not None:
            return there
        with explained(digest):
            written = self._client.fput_object(
                self._bucket,
                self._key(digest),
                str(source),
                content_type="application/octet-stream",
                part_size=_PART,
            )
        return Stat(digest, source.stat().st_size, written.version_id)

    def read(self, digest: str) -> bytes:
        return b"".join(self.chunks(digest))

    def chunks(self, digest: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        if length == 0:
            if self.stat(digest) is None:
                raise ObjectMissing(digest=digest)
            return iter(())
        try:
            with explained(digest):
                answer = self._client.get_object(
                    self._bucket, self._key(digest), offset=start, length=length or 0
                )
        except _BeyondEnd:
            return iter(())
        return pieces(answer, digest)

    def stat(self, digest: str) -> Stat | None:
        try:
            with explained(digest):
                found = self._client.stat_object(self._bucket, self._key(digest))
        except ObjectMissing:
            return None
        return Stat(digest, int(found.size or 0), found.version_id)

    def retain(self, digest: str, until: datetime) -> bool:
        """Object Lock in compliance mode: nobody shortens it, not even the bucket's owner."""
        try:
            with explained(digest):
                self._client.set_object_retention(
                    self._bucket, self._key(digest), Retention(COMPLIANCE, until)
                )
        except StorageUnavailable:
            if self._has_lock():
                raise
            return False
        return True

    def set_legal_hold(self, digest: str, on: bool) -> bool:
        change = self._client.enable_object_legal_hold if on else self._client.disable_object_legal_hold
        try:
            with explained(digest):
                change(self._bucket, self._key(digest))
        except StorageUnavailable:
            if self._has_lock():
                raise
            return False
        return True

    def _has_lock(self) -> bool:
        try:
            self._client.get_object_lock_config(self._bucket)
        except S3Error:
            return False
        return True

    def delete(self, digest: str) -> None:
        """Where there are versions, all of them go: two puts at one moment leave two."""
        there = self.stat(digest)
        if there is None:
            return
        try:
            with explained(digest):
                for version_id in self._versions(there):
                    self._client.remove_object(self._bucket, self._key(digest), version_id=version_id)
        except StorageUnavailable as error:
            # Servers do not agree on the code of a refused deletion; whether a lock is on tells it.
            if there.version_id and self._is_locked(digest):
                raise ObjectRetained(digest=digest) from error
            raise

    def _versions(self, there: Stat) -> Iterator[str | None]:
        yield there.version_id
        if there.version_id is not None:
            key = self._key(there.digest)
            for found in self._client.list_objects(self._bucket, prefix=key, include_version=True):
                if found.version_id != there.version_id:
                    yield found.version_id

    def _is_locked(self, digest: str) -> bool:
        key = self._key(digest)
        # Some servers answer the question for a hold or a period that was never set with an error.
        with suppress(MinioException):
            if self._client.is_object_legal_hold_enabled(self._bucket, key):
                return True
        with suppress(MinioException):
            retention = self._client.get_object_retention(self._bucket, key)
            return retention is not None and retention.retain_until_date > datetime.now(UTC)
        return False

    def list(self) -> Iterator[Stat]:
        with explained(""):
            for found in self._client.list_objects(self._bucket, prefix=self._prefix, recursive=True):
                name = (found.object_name or "").rsplit("/", 1)[-1]
                if len(name) == 64:
                    yield Stat(name, int(found.size or 0), found.version_id)

    def _key(self, digest: str) -> str:
        if len(digest) != 64 or not all(letter in "0123456789abcdef" for letter in digest):
            raise ObjectMissing(digest=digest)
        return f"{self._prefix}{digest[:2]}/{digest[2:4]}/{digest}"


class _BeyondEnd(Exception):
    """A range that begins after the last byte."""


def pieces(answer: Any, digest: str) -> Iterator[bytes]:
    """The body of an answer in pieces; the connection goes back at the end."""
    try:
        with explained(digest):
            yield from answer.stream(CHUNK)
    finally:
        answer.close()
        answer.release_conn()


@contextmanager
def explained(digest: str) -> Iterator[None]:
    """Turn what the SDK raises into the store's own errors."""
    try:
        yield
    except S3Error as error:
        if error.code in _MISSING:
            raise ObjectMissing(digest=digest) from error
        if error.code == "InvalidRange":
            raise _BeyondEnd from error
        if error.code in _FULL:
            raise StorageFull() from error
        raise StorageUnavailable(reason=f"{error.code}: {error.message}") from error
    except (MinioException, urllib3.exceptions.HTTPError, ValueError) as error:
        raise StorageUnavailable(reason=_reason(error)) from error
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise StorageFull() from error
        raise StorageUnavailable(reason=error.strerror or str(error)) from error


def _reason(error: Exception) -> str:
    """What went wrong, without the layers of the HTTP client around it."""
    while isinstance(error, urllib3.exceptions.MaxRetryError) and error.reason is not None:
        error = error.reason
    lines = str(error).splitlines() or [type(error).__name__]
    return re.sub(r"^.*\[Errno -?\d+\] ", "", lines[0])[:200]


def s3_client(url: str, setting: str) -> tuple[Minio, str]:
    """Client and bucket of ``s3://KEY:SECRET@HOST[:PORT]/BUCKET[?secure=0&region=…]``.

    ``setting`` is the setting that the URL came from, for the error. Raises SettingUnusable.
    """
    parts = urlsplit(url)
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    bucket = parts.path.strip("/")
    if not parts.hostname or not bucket or "/" in bucket or not parts.username or not parts.password:
        raise SettingUnusable(setting=setting, reason="s3://KEY:SECRET@HOST/BUCKET is what it looks like")
    secure = parts.scheme != "s3+http" and query.get("secure", "1") not in ("0", "false", "no")
    host = f"{parts.hostname}:{parts.port}" if parts.port else parts.hostname
    client = Minio(
        host,
        access_key=unquote(parts.username),
        secret_key=unquote(parts.password),
        secure=secure,
        region=query.get("region", "us-east-1"),
        http_client=urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=5, read=60),
            maxsize=32,
            retries=urllib3.Retry(total=2, backoff_factor=0.2, status_forcelist=[502, 503, 504]),
        ),
    )
    return client, bucket


def require_bucket(client: Minio, bucket: str, setting: str) -> None:
    """Raise SettingUnusable when the server does not answer or the bucket cannot be had."""
    try:
        with explained(""):
            if not client.bucket_exists(bucket):
                client.make_bucket(bucket)
    except (StorageUnavailable, ObjectMissing) as error:
        reason = str(error.context.get("reason") or f"no bucket {bucket}")
        raise SettingUnusable(setting=setting, reason=reason) from error
