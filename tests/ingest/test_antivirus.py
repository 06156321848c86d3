"""ClamAV looks at files: over its own protocol with a server that plays it, and with the real one."""

from __future__ import annotations

import shutil
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import SettingUnusable
from ingest.antivirus import Antivirus
from ingest.errors import FileInfected, FileNotScanned, ScannerUnavailable

EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
CLAMD = shutil.which("clamd", path="/usr/sbin:/usr/bin:/usr/local/sbin")


class Scanner:
    """Speaks clamd's protocol on a socket; says what it is told to say."""

    def __init__(self, path: Path) -> None:
        self.answer: bytes | None = None
        self.limit = 1 << 30
        self.received = b""
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(path))
        self._socket.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection, connection.makefile("rwb") as stream:
                self._talk(stream)

    def _talk(self, stream: object) -> None:
        read, write = stream.read, stream.write  # type: ignore[attr-defined]
        command = b""
        while not command.endswith(b"\0"):
            command += read(1)
        if command == b"zPING\0":
            write(self.answer or b"PONG\0")
            return
        assert command == b"zINSTREAM\0"
        self.received = b""
        while length := struct.unpack(">L", read(4))[0]:
            self.received += read(length)
            if len(self.received) > self.limit:
                write(b"INSTREAM size limit exceeded. ERROR\0")
                return
        is_known = EICAR in self.received
        write(self.answer or (b"stream: Eicar-Test-Signature FOUND\0" if is_known else b"stream: OK\0"))

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def scanner(tmp_path: Path) -> Iterator[Scanner]:
    made = Scanner(tmp_path / "clamd.sock")
    yield made
    made.close()


@pytest.fixture
def antivirus(tmp_path: Path, scanner: Scanner) -> Antivirus:
    return Antivirus(f"unix:{tmp_path}/clamd.sock", seconds=5)


def file(folder: Path, data: bytes) -> Path:
    path = folder / "file"
    path.write_bytes(data)
    return path


def test_a_clean_file_passes_whole(tmp_path: Path, scanner: Scanner, antivirus: Antivirus) -> None:
    data = bytes(range(256)) * 4000
    antivirus.ping()
    antivirus.scan(file(tmp_path, data))
    assert scanner.received == data


def test_an_infected_file_is_refused_by_name(tmp_path: Path, antivirus: Antivirus) -> None:
    with pytest.raises(FileInfected) as refusal:
        antivirus.scan(file(tmp_path, EICAR))
    assert refusal.value.context["signature"] == "Eicar-Test-Signature"


def test_a_file_beyond_the_scanners_limit_is_not_taken_for_clean(
    tmp_path: Path, scanner: Scanner, antivirus: Antivirus
) -> None:
    scanner.limit = 1000
    with pytest.raises(FileNotScanned):
        antivirus.scan(file(tmp_path, b"x" * 20_000_000))


@pytest.mark.parametrize("answer", [b"stream: Can't allocate memory ERROR\0", b"\0", b"nonsense\0"])
def test_any_other_answer_is_an_error_to_be_tried_again(
    answer: bytes, tmp_path: Path, scanner: Scanner, antivirus: Antivirus
) -> None:
    scanner.answer = answer
    with pytest.raises(ScannerUnavailable):
        antivirus.scan(file(tmp_path, b"x"))
    with pytest.raises(ScannerUnavailable):
        antivirus.ping()


def test_a_scanner_that_is_away_is_an_error_to_be_tried_again(tmp_path: Path) -> None:
    for url in (f"unix:{tmp_path}/nobody.sock", "tcp://127.0.0.1:1"):
        with pytest.raises(ScannerUnavailable):
            Antivirus(url).scan(file(tmp_path, b"x"))


def test_without_an_address_nothing_is_scanned(tmp_path: Path) -> None:
    antivirus = Antivirus("")
    antivirus.ping()
    antivirus.scan(tmp_path / "is not even there")
    assert not antivirus.is_on


@pytest.mark.parametrize(
    "url", ["http://localhost", "tcp://localhost", "unix:relative", "tcp://localhost:x", "nonsense"]
)
def test_an_address_that_cannot_work_is_named(url: str) -> None:
    with pytest.raises(SettingUnusable):
        Antivirus(url)


@pytest.fixture
def clamd(tmp_path: Path) -> Iterator[str]:
    """A real daemon with one signature of our own."""
    if CLAMD is None:
        pytest.skip("clamd is not on this machine")
    database = tmp_path / "database"
    database.mkdir()
    (database / "eicar.ndb").write_text(f"Eicar-Own:0:*:{EICAR.hex()}\n")
    (tmp_path / "clamd.conf").write_text(
        f"DatabaseDirectory {database}\nLocalSocket {tmp_path}/real.sock\nForeground yes\n"
        f"TemporaryDirectory {tmp_path}\nStreamMaxLength 1M\nUser {_me()}\n"
    )
    daemon = subprocess.Popen(
        [CLAMD, "-c", str(tmp_path / "clamd.conf")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 30
        while not (tmp_path / "real.sock").exists():
            if daemon.poll() is not None or time.monotonic() > deadline:
                pytest.skip("clamd does not start here")
            time.sleep(0.1)
        yield f"unix:{tmp_path}/real.sock"
    finally:
        daemon.terminate()
        daemon.wait(20)


def _me() -> str:
    import getpass

    return getpass.getuser()


def test_the_real_clamav_is_understood(clamd: str, tmp_path: Path) -> None:
    antivirus = Antivirus(clamd)
    antivirus.ping()
    antivirus.scan(file(tmp_path, b"harmless"))
    with pytest.raises(FileInfected) as refusal:
        antivirus.scan(file(tmp_path, EICAR))
    assert "Eicar-Own" in str(refusal.value.context["signature"])
    with pytest.raises(FileNotScanned):
        antivirus.scan(file(tmp_path, b"x" * 3_000_000))
