"""Time-stamp authorities of others, on loopback: a good one, and each kind of bad one."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from asn1crypto import tsp
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from core.clock import Clock, FixedClock, SystemClock
from signing import pki
from signing.timestamp import InternalTimeStamper
from signing.timestamps import answering

Answer = Callable[[bytes], bytes]


class Stamping:
    """An authority that knows nothing of the installation under test: its own root, its own key."""

    def __init__(
        self, clock: Clock | None = None, *, is_stamper: bool = True, algorithm: str = "P-256"
    ) -> None:
        now = datetime.now(UTC) - timedelta(days=1)
        self.root_key, self.key = pki.new_key(), pki.new_key(algorithm)
        self.root = pki.make_root(pki.Identity("Other Root", "Other"), self.root_key, now)
        issuer = pki.Issuer(self.root, self.root_key, "http://127.0.0.1:9/a.crl", "http://127.0.0.1:9/a.crt")
        make = pki.make_tsa if is_stamper else pki.make_signer
        self.certificate = make(pki.Identity("Other TSA", "Other"), self.key, issuer, now)
        self.stamper = InternalTimeStamper(_asn1(self.certificate), self.key, clock or SystemClock(), ())

    @property
    def root_der(self) -> bytes:
        return self.root.public_bytes(Encoding.DER)

    def answer(self, request: bytes) -> bytes:
        return answering.answer(self.stamper, request)


def _asn1(certificate: x509.Certificate) -> asn1.Certificate:
    return asn1.Certificate.load(certificate.public_bytes(Encoding.DER))


def changed(stamping: Stamping, **changes: object) -> Answer:
    """Answers for another request than was sent."""

    def answer(request: bytes) -> bytes:
        asked = tsp.TimeStampReq.load(request)
        for name, value in changes.items():
            asked[name] = value
        return stamping.answer(asked.dump(force=True))

    return answer


def damaged(stamping: Stamping) -> Answer:
    """Answers with one byte of the signature changed."""

    def answer(request: bytes) -> bytes:
        body = bytearray(stamping.answer(request))
        body[-3] ^= 1
        return bytes(body)

    return answer


def late(minutes: int) -> Stamping:
    """An authority whose clock is wrong, and stands: by more minutes than a run of all tests takes."""
    return Stamping(FixedClock(datetime.now(UTC) + timedelta(minutes=minutes)))


@dataclass
class Authority:
    """A running server. What it does can be changed while it runs."""

    answer: Answer
    status: int = 200
    media_type: str = answering.MEDIA_TYPE
    delay: float = 0.0
    drip: bool = False
    password: str | None = None  # name:password
    address: str = ""
    asked: list[bytes] = field(default_factory=list)

    def is_let_in(self, header: str | None) -> bool:
        if self.password is None:
            return True
        return header == "Basic " + base64.b64encode(self.password.encode()).decode()


@contextmanager
def running(authority: Authority) -> Iterator[Authority]:
    """Serve until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            authority.asked.append(body)
            time.sleep(authority.delay)
            status = authority.status if authority.is_let_in(self.headers.get("Authorization")) else 401
            data = authority.answer(body)
            self.send_response(status)
            self.send_header("Content-Type", authority.media_type)
            self.send_header("Content-Length", str(len(data)))
            if status in (301, 307):
                self.send_header("Location", authority.address)
            self.end_headers()
            try:
                if not authority.drip:
                    self.wfile.write(data)
                    return
                for one in data:
                    self.wfile.write(bytes([one]))
                    self.wfile.flush()
                    time.sleep(0.2)
            except OSError:
                pass

        def log_message(self, *_words: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    authority.address = f"http://127.0.0.1:{server.server_port}/tsr"
    try:
        yield authority
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
