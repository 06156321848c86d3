"""Backups in a bucket of an S3 server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from minio import Minio

from retention.errors import BackupMissing, BackupStoreUnavailable
from storage.errors import ObjectMissing, StorageFull, StorageUnavailable
from storage.objects import CHUNK
from storage.s3 import explained, require_bucket, s3_client


def open_bucket(url: str, setting: str) -> S3Store:
    """The store of ``s3://…``. Raises SettingUnusable."""
    client, bucket = s3_client(url, setting)
    require_bucket(client, bucket, setting)
    return S3Store(client, bucket)


class S3Store:
    """Backups in a bucket, below ``backups/``."""

    def __init__(self, client: Minio, bucket: str, prefix: str = "backups/") -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = prefix

    def put(self, name: str, source: Path) -> None:
        with _explained(name):
            self._client.fput_object(self._bucket, self._prefix + name, str(source), part_size=16 * CHUNK)

    def chunks(self, name: str) -> Iterator[bytes]:
        with _explained(name):
            answer = self._client.get_object(self._bucket, self._prefix + name)
            try:
                yield from answer.stream(CHUNK)
            finally:
                answer.close()
                answer.release_conn()

    def sizes(self) -> dict[str, int]:
        with _explained(""):
            found = self._client.list_objects(self._bucket, prefix=self._prefix, recursive=True)
            sizes = {(one.object_name or "").removeprefix(self._prefix): int(one.size or 0) for one in found}
        return dict(sorted(sizes.items()))

    def delete(self, name: str) -> None:
        with _explained(name):
            self._client.remove_object(self._bucket, self._prefix + name)


@contextmanager
def _explained(name: str) -> Iterator[None]:
    try:
        with explained(name):
            yield
    except ObjectMissing as error:
        raise BackupMissing(name=name) from error
    except StorageFull as error:
        raise BackupStoreUnavailable(reason="full") from error
    except StorageUnavailable as error:
        raise BackupStoreUnavailable(reason=error.context["reason"]) from error
