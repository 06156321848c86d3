"""Files shown to ClamAV before they are taken in, where there is one (``VERMILION_CLAMAV_URL``).

Speaks clamd's protocol: ``zPING``, and ``zINSTREAM`` with chunks that begin with their length
(clamd(8)). A scanner that does not answer is an error to be tried again, never a yes.
"""

from __future__ import annotations

import socket
import struct
from contextlib import closing
from pathlib import Path
from typing import BinaryIO, Final
from urllib.parse import urlsplit

from core.errors import SettingUnusable
from ingest.errors import FileInfected, FileNotScanned, ScannerUnavailable

SECONDS: Final = 60.0
"""The longest silence of the scanner; it answers when it has read all of a file."""
_CHUNK: Final = 256 * 1024
_LONGEST_ANSWER: Final = 4096


class Antivirus:
    """One ClamAV daemon. ``url`` is ``unix:/path``, ``tcp://host:port``, or empty: nothing is scanned."""

    def __init__(self, url: str, seconds: float = SECONDS) -> None:
        self._address = address(url) if url else None
        self._seconds = seconds

    @property
    def is_on(self) -> bool:
        return self._address is not None

    def ping(self) -> None:
        """Raise ScannerUnavailable unless the daemon answers."""
        if self._address is None:
            return
        try:
            with closing(self._connect()) as connection:
                connection.sendall(b"zPING\0")
                said = _answer(connection)
        except OSError as error:
            raise ScannerUnavailable(reason=error.strerror or str(error)) from error
        if said != "PONG":
            raise ScannerUnavailable(reason=said[:200] or "no answer")

    def scan(self, path: Path) -> None:
        """Show one file. Raises FileInfected, FileNotScanned (the file is too large for the scanner),
        ScannerUnavailable (to be tried again)."""
        if self._address is None:
            return
        try:
            with closing(self._connect()) as connection, path.open("rb") as file:
                said = _stream(connection, file)
        except OSError as error:
            raise ScannerUnavailable(reason=error.strerror or str(error)) from error
        _judge(said)

    def _connect(self) -> socket.socket:
        if isinstance(self._address, Path):
            connection = socket.socket(socket.AF_UNIX)
            connection.settimeout(self._seconds)
            try:
                connection.connect(str(self._address))
            except OSError:
                connection.close()
                raise
            return connection
        assert self._address is not None
        return socket.create_connection(self._address, self._seconds)


def address(url: str) -> Path | tuple[str, int]:
    """Where the daemon listens. Raises SettingUnusable."""
    parts = urlsplit(url)
    if parts.scheme == "unix" and parts.path.startswith("/"):
        return Path(parts.path)
    try:
        port = parts.port
    except ValueError:
        port = None
    if parts.scheme == "tcp" and parts.hostname and port:
        return parts.hostname, port
    raise SettingUnusable(
        setting="VERMILION_CLAMAV_URL", reason=f"'{url}' is neither unix:/path nor tcp://host:port"
    )


def _stream(connection: socket.socket, file: BinaryIO) -> str:
    try:
        connection.sendall(b"zINSTREAM\0")
        while piece := file.read(_CHUNK):
            connection.sendall(struct.pack(">L", len(piece)) + piece)
        connection.sendall(struct.pack(">L", 0))
    except (BrokenPipeError, ConnectionResetError):
        # beyond its size limit clamd says so and hangs up while we still send
        said = _answer(connection)
        if not said:
            raise
        return said
    return _answer(connection)


def _answer(connection: socket.socket) -> str:
    received = b""
    while b"\0" not in received and len(received) < _LONGEST_ANSWER:
        piece = connection.recv(_LONGEST_ANSWER)
        if not piece:
            break
        received += piece
    return received.split(b"\0", 1)[0].decode("utf-8", "replace").strip()


def _judge(said: str) -> None:
    """``stream: OK``, ``stream: NAME FOUND``, or an error (clamd(8))."""
    outcome = said.removeprefix("stream: ")
    if outcome == "OK":
        return
    if outcome.endswith(" FOUND"):
        raise FileInfected(signature=outcome.removesuffix(" FOUND")[:200])
    if "size limit exceeded" in outcome:
        raise FileNotScanned(reason=outcome[:200])
    raise ScannerUnavailable(reason=outcome[:200] or "no answer")
