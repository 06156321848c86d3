"""A gateway to the tax platform, played on loopback: it answers as it is told and keeps what it was asked."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass
class Asked:
    """One request as it came."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        data: dict[str, Any] = json.loads(self.body)
        return data

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode()))


@dataclass
class Gateway:
    """Answers: ``replies`` in order, the last one again and again; ``(status, body or JSON)``."""

    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    replies: list[tuple[int, Any]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0  # before each piece of an answer
    tokens: int = 0

    def answer(self, *replies: tuple[int, Any]) -> None:
        self.replies = list(replies)

    def next_reply(self) -> tuple[int, Any]:
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


@contextmanager
def open_gateway() -> Iterator[Gateway]:
    gateway = Gateway()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked = Asked(self.command, parts.path, dict(parse_qsl(parts.query)), dict(self.headers), body)
            if parts.path == "/token":
                gateway.tokens += 1
                status, reply = 200, {"data": {"access_token": f"token-{gateway.tokens}", "expires": "3600"}}
            else:
                gateway.asked.append(asked)
                status, reply = gateway.next_reply()
            data = reply if isinstance(reply, bytes) else json.dumps(reply).encode()
            try:
                self.send_response(status)
                for name, value in gateway.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                if not gateway.seconds:
                    self.wfile.write(data)
                    return
                for place in range(len(data)):  # drip
                    time.sleep(gateway.seconds)
                    self.wfile.write(data[place : place + 1])
                    self.wfile.flush()
            except OSError:
                pass  # the client gave up

        do_GET = do_POST = _answer

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    gateway.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield gateway
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
