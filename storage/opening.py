"""Opens the object back-end that a URL names."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from core.errors import SettingUnusable
from storage.errors import StorageUnavailable
from storage.folder import FolderObjects
from storage.objects import Objects


def open_objects(url: str, setting: str = "VERMILION_OBJECTS_URL") -> Objects:
    """The back-end of ``file:FOLDER`` or ``s3://…``. Raises SettingUnusable when it cannot be used."""
    scheme = urlsplit(url).scheme
    if scheme == "file":
        try:
            return FolderObjects(folder_of(url))
        except StorageUnavailable as error:
            raise SettingUnusable(setting=setting, reason=str(error.context["reason"])) from error
    if scheme in ("s3", "s3+http"):
        from storage.s3 import S3Objects, require_bucket, s3_client  # takes long to import

        client, bucket = s3_client(url, setting)
        require_bucket(client, bucket, setting)
        return S3Objects(client, bucket)
    raise SettingUnusable(setting=setting, reason=f"'{scheme}' is not file or s3")


def folder_of(url: str) -> Path:
    """The folder that a ``file:`` URL names."""
    return Path(unquote(urlsplit(url).path))
