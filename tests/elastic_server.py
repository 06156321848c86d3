"""Real Elasticsearch servers for tests, on loopback, ended after use.

The server is the cut-down distribution that its makers publish for integration tests; it comes from
Maven into ``.cache/elasticsearch`` once. Without Java or Maven the tests that need it are skipped with
that reason.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
from elasticsearch import Elasticsearch

from search.elastic_address import Access
from search.index import Lookup
from search.opening import open_index
from tests.loopback import certificate
from tests.servers import ROOT, free_port

VERSION: Final = "8.19.21"
SHA256: Final = "215d5f3dbf0609a149f6218a9e47b6ae2df34ebbff3c5754e35f15a5e5393c8a"
FOLDER: Final = ROOT / ".cache" / "elasticsearch"
_ARTIFACT: Final = f"org.elasticsearch.distribution.integ-test-zip:elasticsearch:{VERSION}:zip"
_ARCHIVE: Final = FOLDER / f"elasticsearch-{VERSION}.zip"
_HOME: Final = FOLDER / f"elasticsearch-{VERSION}"
_NOBODY: Final = 65534
_START: Final = 600
USER, PASSWORD = "archive", "correct horse: battery/staple@7"


def prepare() -> str | None:
    """Fetch and unpack the server where that was not done yet; returns why it is not to be had, or None."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # test processes run side by side
        if shutil.which("java") is None:
            return "Elasticsearch needs java"
        if _HOME.is_dir():
            return None
        if not _ARCHIVE.exists():
            if shutil.which("mvn") is None:
                return "Elasticsearch needs mvn"
            command = ["mvn", "-q", "-B", "dependency:copy", f"-Dartifact={_ARTIFACT}"]
            done = subprocess.run(
                [*command, f"-DoutputDirectory={FOLDER}"],
                capture_output=True, text=True, timeout=900, check=False,
            )  # fmt: skip
            if done.returncode:
                return f"Elasticsearch is not to be had: {(done.stdout + done.stderr).strip()[:300]}"
        if hashlib.sha256(_ARCHIVE.read_bytes()).hexdigest() != SHA256:
            _ARCHIVE.unlink()
            return "Elasticsearch is not what it should be: its digest is another"
        _unpack(_HOME)
    return None


def _unpack(home: Path) -> None:
    """The server in a folder of its own, whole or not at all."""
    waiting = home.with_name(f".{home.name}.unpacking")
    shutil.rmtree(waiting, ignore_errors=True)
    with zipfile.ZipFile(_ARCHIVE) as archive:
        archive.extractall(waiting)
    (unpacked,) = waiting.iterdir()
    for program in (unpacked / "bin").iterdir():
        program.chmod(0o755)
    unpacked.rename(home)
    waiting.rmdir()


@dataclass(frozen=True)
class Machine:
    """How a server is to use the machine."""

    heap: str
    java: tuple[str, ...]
    settings: dict[str, str]


_QUICK_START: Final = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
# So that it does within a test.
_PUSHING_BACK: Final = {"indexing_pressure.memory.limit": "2mb", "http.max_content_length": "2mb"}
FOR_TESTS: Final = Machine("512m", _QUICK_START, _PUSHING_BACK)
"""Quick to start and small, rather than quick after an hour."""
_ONE_OF_THREE: Final = Machine("320m", _QUICK_START, _PUSHING_BACK)
FOR_MEASURING: Final = Machine("3g", ("-XX:+UseG1GC",), {})


@dataclass
class Node:
    """A server process and its folder."""

    folder: Path
    home: Path
    settings: dict[str, str]
    machine: Machine
    http: int = field(default_factory=free_port)
    pid: int = 0
    launcher: subprocess.Popen[bytes] | None = None

    def begin(self) -> None:
        """Start it; the launcher ends once the server answers, or with an error."""
        config = self.folder / "config"
        (self.folder / "tmp").mkdir(exist_ok=True)
        if not config.exists():
            shutil.copytree(self.home / "config", config)
        lines = {
            "network.host": "127.0.0.1",
            "http.port": str(self.http),
            "path.data": str(self.folder / "data"),
            "path.logs": str(self.folder / "logs"),
            "cluster.routing.allocation.disk.threshold_enabled": "false",
            "action.destructive_requires_name": "false",
            "xpack.security.enabled": "false",
            **self.machine.settings,
            **self.settings,
        }
        (config / "elasticsearch.yml").write_text("".join(f"{k}: {v}\n" for k, v in lines.items()))
        heap = self.machine.heap
        java = [*self.machine.java, "-XX:-AlwaysPreTouch", "-Xshare:auto"]
        java += [f"-Xms{heap}", f"-Xmx{heap}", f"-Djava.io.tmpdir={self.folder / 'tmp'}"]
        (config / "jvm.options").write_text("\n".join(java) + "\n")
        command = [str(self.home / "bin" / "elasticsearch"), "-d", "-p", str(self.folder / "pid")]
        if os.geteuid() == 0:  # it refuses to run as root
            _give(self.folder)
            command = ["setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups", *command]
        with (self.folder / "start.log").open("wb") as log:
            self.launcher = subprocess.Popen(
                command,
                cwd=self.folder,
                env=self._environment(),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def await_start(self) -> None:
        """Wait until it answers."""
        assert self.launcher is not None
        code = self.launcher.wait(_START)
        if code:
            told = (self.folder / "start.log").read_text(errors="replace")
            raise RuntimeError(f"Elasticsearch ended with {code}: {told[-2000:]}")
        self.pid = int((self.folder / "pid").read_text())

    def _environment(self) -> dict[str, str]:
        java = Path(str(shutil.which("java"))).resolve().parents[1]
        return {
            "PATH": os.environ["PATH"],
            "LC_ALL": "C.UTF-8",
            "ES_JAVA_HOME": str(java),
            "ES_PATH_CONF": str(self.folder / "config"),
            "ES_TMPDIR": str(self.folder / "tmp"),
        }

    def kill(self) -> None:
        """``kill -9``, launcher and all, and wait until it is gone."""
        if self.launcher is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.launcher.pid, signal.SIGKILL)
        self.launcher.wait()
        self.launcher = None
        for _ in range(200):
            if not self.pid or _is_gone(self.pid):
                break
            time.sleep(0.02)


@dataclass(frozen=True)
class ElasticServer:
    """A server or cluster that answers at loopback ports."""

    ports: tuple[int, ...]
    access: Access = field(default_factory=Access)
    user: str | None = None

    def url(self, prefix: str, ports: tuple[int, ...] = ()) -> str:
        """``VERMILION_SEARCH_URL`` for indices that begin with ``prefix``; the password is in ``access``."""
        scheme = "elasticsearch+https" if self.access.ca_file else "elasticsearch+http"
        hosts = ",".join(f"127.0.0.1:{port}" for port in ports or self.ports)
        return f"{scheme}://{f'{self.user}@' if self.user else ''}{hosts}/{prefix}"


@contextmanager
def elastic_server(machine: Machine = FOR_TESTS) -> Iterator[ElasticServer]:
    """One node with TLS and a password, whose user has no more rights than docs/administrator.md names."""
    with ExitStack() as stack:
        home = stack.enter_context(_readable_home())
        folder = stack.enter_context(_folder())
        node = Node(folder, home, {"discovery.type": "single-node", **_secured()}, machine)
        access = _secrets(node)
        stack.callback(node.kill)
        node.begin()
        node.await_start()
        yield ElasticServer((node.http,), access, USER)


@contextmanager
def elastic_cluster(size: int = 3) -> Iterator[tuple[ElasticServer, list[Node]]]:
    """A cluster without TLS or passwords; its nodes can be killed."""
    with ExitStack() as stack:
        home = stack.enter_context(_readable_home())
        ports = [free_port() for _ in range(size)]
        common = {
            "cluster.name": "archive",
            "discovery.seed_hosts": str([f"127.0.0.1:{port}" for port in ports]),
            "cluster.initial_master_nodes": str([f"node{n}" for n in range(size)]),
        }
        nodes = [
            Node(
                stack.enter_context(_folder()),
                home,
                {**common, "node.name": f"node{n}", "transport.port": str(port)},
                _ONE_OF_THREE,
            )
            for n, port in enumerate(ports)
        ]
        for node in nodes:
            stack.callback(node.kill)
        for node in nodes:
            node.begin()
        for node in nodes:
            node.await_start()
        yield ElasticServer(tuple(node.http for node in nodes)), nodes


def _secured() -> dict[str, str]:
    return {
        "xpack.security.enabled": "true",
        "xpack.security.http.ssl.enabled": "true",
        "xpack.security.http.ssl.key": "node.key",
        "xpack.security.http.ssl.certificate": "node.crt",
    }


def _secrets(node: Node) -> Access:
    """Give the node a certificate and a user; returns what opens it."""
    config = node.folder / "config"
    shutil.copytree(node.home / "config", config)
    made = certificate()
    (config / "node.key").write_bytes(made.key)
    (config / "node.crt").write_bytes(made.chain)
    salt = os.urandom(32)
    digest = hashlib.pbkdf2_hmac("sha512", PASSWORD.encode(), salt, 10_000, 32)
    told = f"{{PBKDF2}}10000${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"
    (config / "users").write_text(f"{USER}:{told}\n")
    (config / "users_roles").write_text(f"vermilion:{USER}\n")
    (config / "roles.yml").write_text(ROLE)
    access = Access(ca_file=node.folder / "ca.crt", password_file=node.folder / "password")
    (node.folder / "ca.crt").write_bytes(made.authority)
    (node.folder / "password").write_text(f"{PASSWORD}\n")
    return access


ROLE: Final = """\
vermilion:
  cluster: [monitor, manage_index_templates]
  indices:
    - names: ["vermilion-*"]
      privileges: [all]
"""
"""All that the product's user needs; docs/administrator.md says the same."""


def _is_gone(pid: int) -> bool:
    """Whether a process has ended, even where nobody has asked for its status yet."""
    try:
        return "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return True


@contextmanager
def _readable_home() -> Iterator[Path]:
    """The unpacked server where another user can read it; skips the test where there is none."""
    reason = prepare()
    if reason:
        pytest.skip(reason)
    if os.geteuid() != 0 or all(folder.stat().st_mode & 0o005 == 0o005 for folder in _HOME.parents):
        yield _HOME
        return
    with _folder() as folder:
        _unpack(folder / "home")
        yield folder / "home"


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="vermilion-elastic-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _give(folder: Path) -> None:
    """Let the server's user own a folder and all in it."""
    for path in (folder, *folder.rglob("*")):
        os.chown(path, _NOBODY, _NOBODY)


def client_of(server: ElasticServer) -> Elasticsearch:
    """A client of its own, beside the product's."""
    scheme = "https" if server.access.ca_file else "http"
    options: dict[str, Any] = {}
    if server.access.ca_file:
        options = {"ca_certs": str(server.access.ca_file), "basic_auth": (USER, PASSWORD)}
    hosts = [f"{scheme}://127.0.0.1:{port}" for port in server.ports]
    return Elasticsearch(hosts, request_timeout=60, **options)


def make_empty(server: ElasticServer, prefix: str, most: int = 500) -> bool:
    """Have an index as if it were new: empty and incomplete, without a rebuild under way.

    Much quicker than to make one. False where there is more in it than is worth the while.
    """
    index = open_index(server.url(prefix), server.access)
    try:
        if index.count() > most:
            return False
        index.apply([], list(index.keys(Lookup(access=None))))
    finally:
        index.close()
    with client_of(server) as client:
        told = client.indices.get_alias(index=f"{prefix}-*")
        names = {alias for index_told in told.values() for alias in index_told["aliases"]}
        marks = [name for name in names if name.startswith((f"{prefix}-complete-", f"{prefix}-building-"))]
        if marks:
            removals = [{"remove": {"index": f"{prefix}-*", "alias": name}} for name in marks]
            client.indices.update_aliases(actions=removals)
    return True


def remove_all(server: ElasticServer, prefix: str) -> None:
    """Delete the indices and templates that begin with a prefix."""
    with client_of(server) as client:
        client.indices.delete(index=f"{prefix}-*")
        client.options(ignore_status=404).indices.delete_index_template(name=f"{prefix}-*")
