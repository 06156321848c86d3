"""Every object back-end, each on its real server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from core.ids import new_id
from storage.folder import FolderObjects
from storage.objects import Objects
from storage.s3 import S3Objects, s3_client
from tests import servers

SETTING = "VERMILION_OBJECTS_URL"
LOCKED = ("seaweedfs-lock", "minio-lock")
BACK_ENDS = ("folder", "seaweedfs", "minio", *LOCKED)


@pytest.fixture(scope="session")
def bucket_url() -> Iterator[Callable[[str], str]]:
    """The URL of a bucket of the named server, started when it is first asked for."""
    urls: dict[str, str] = {}
    with ExitStack() as running:

        def url_of(name: str) -> str:
            if name not in urls:
                start = servers.s3_server if name.startswith("seaweedfs") else servers.minio_server
                urls[name] = running.enter_context(start(lock=name.endswith("-lock")))
            return urls[name]

        yield url_of


def open_bucket(url: str) -> S3Objects:
    """The bucket's objects below a prefix of the test's own."""
    client, bucket = s3_client(url, SETTING)
    return S3Objects(client, bucket, f"{new_id()}/")


@pytest.fixture(params=[pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in BACK_ENDS])
def objects(request: pytest.FixtureRequest, tmp_path: Path, bucket_url: Callable[[str], str]) -> Objects:
    """An empty place for objects, of each kind in turn."""
    if request.param == "folder":
        return FolderObjects(tmp_path / "objects")
    return open_bucket(bucket_url(request.param))


@pytest.fixture(params=[pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in LOCKED])
def locked_objects(request: pytest.FixtureRequest, bucket_url: Callable[[str], str]) -> S3Objects:
    """An empty place for objects in a bucket with Object Lock."""
    return open_bucket(bucket_url(request.param))
