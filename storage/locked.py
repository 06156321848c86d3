"""One object in a bucket that nobody can rewrite before its time (S3 Object Lock, compliance mode)."""

from __future__ import annotations

import io
from datetime import datetime

from minio.commonconfig import COMPLIANCE
from minio.error import S3Error
from minio.retention import Retention

from storage.errors import StorageUnavailable
from storage.s3 import explained, s3_client


def put_locked(url: str, setting: str, name: str, data: bytes, until: datetime) -> str:
    """Put ``data`` under ``name``, locked until a moment. Returns the id of the version.

    An object of this name that holds these very bytes stays as it is. One of other bytes gets a
    version on top, and the older stays under its lock. Raises SettingUnusable for a URL that is
    wrong, StorageUnavailable where the bucket has no lock or the server does not answer.
    """
    client, bucket = s3_client(url, setting)
    with explained(name):
        try:
            client.get_object_lock_config(bucket)
        except S3Error as error:
            if error.code != "ObjectLockConfigurationNotFoundError":
                raise
            raise StorageUnavailable(reason=f"the bucket {bucket} has no Object Lock") from error
        try:
            there = client.get_object(bucket, name)
            try:
                if there.data == data:
                    return str(there.headers.get("x-amz-version-id", ""))
            finally:
                there.close()
                there.release_conn()
        except S3Error as error:
            if error.code != "NoSuchKey":
                raise
        written = client.put_object(
            bucket,
            name,
            io.BytesIO(data),
            len(data),
            content_type="application/json",
            retention=Retention(COMPLIANCE, until.replace(microsecond=0)),
        )
    return str(written.version_id)
