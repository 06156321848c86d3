"""A commercial gateway to the tax platform, spoken to as its mapping file says.

TLS is verified, redirects are not followed, an answer has a largest size and a last moment. Secrets
enter the request and nothing else: no message, no log line, no stored answer holds one.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import secrets
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from core.clock import Clock
from core.settings import Settings
from ingest.invoices.checking import Answer, Inquiry, InvoiceVerifier
from ingest.invoices.errors import GatewayRefused, GatewayUnavailable
from ingest.invoices.gateway_mapping import (
    Mapping_,
    SignAuth,
    TokenAuth,
    as_text,
    at,
    fill,
    read_mapping,
    secrets_of,
    values_of,
)
from ingest.invoices.models import CheckOutcome

MOST_BYTES: Final = 256 * 1024
"""The largest answer that is read."""
_PIECE: Final = 16 * 1024
_LONGEST_MESSAGE: Final = 500
_TOKEN_LASTS: Final = 600.0
_TOKEN_EARLY: Final = 60.0
_UNAUTHORISED: Final = 401
_HIDDEN: Final = "***"


@dataclass(frozen=True)
class _Reply:
    status: int
    body: bytes


class HttpVerifier:
    """Asks over HTTP. Safe to use from several threads."""

    def __init__(self, mapping: Mapping_, clock: Clock) -> None:
        """Raises SettingUnusable when a secret is not in the environment."""
        self._mapping = mapping
        self._clock = clock
        self._secrets = sorted(set(secrets_of(mapping)), key=len, reverse=True)
        self._tls = ssl.create_default_context(cafile=str(mapping.ca_file) if mapping.ca_file else None)
        self._guard = threading.Lock()
        self._token: tuple[str, float] | None = None  # and until when, on the monotonic clock

    @property
    def name(self) -> str:
        """The gateway's name in the mapping file."""
        return self._mapping.name

    def verify(self, inquiry: Inquiry) -> Answer:
        """Ask once. Raises GatewayUnavailable, GatewayRefused."""
        reply = self._ask(inquiry)
        if reply.status == _UNAUTHORISED and isinstance(self._mapping.auth, TokenAuth):
            self._token = None  # it ended early: once with a new one
            reply = self._ask(inquiry)
        try:
            return self._judge(self._read(reply))
        except RecursionError:
            raise GatewayRefused(reason="answer nests too deep", raw=None) from None

    # asking

    def _ask(self, inquiry: Inquiry) -> _Reply:
        mapping, shape = self._mapping, self._mapping.request
        now = self._clock.now()
        values = {
            **values_of(mapping, inquiry),
            "timestamp": str(int(now.timestamp())),
            "milliseconds": str(int(now.timestamp() * 1000)),
            "nonce": secrets.token_hex(16),
        }
        fields = fill({**shape.fields, **shape.kinds.get(inquiry.kind, {})}, values, inquiry)
        headers = fill(mapping.headers, values, inquiry)
        query: dict[str, str] = {}
        if isinstance(mapping.auth, SignAuth):
            signature = sign(mapping.auth, fields)
            place = {"body": fields, "query": query, "header": headers}[mapping.auth.place]
            place[mapping.auth.field] = signature
        elif isinstance(mapping.auth, TokenAuth):
            headers[mapping.auth.header] = mapping.auth.prefix + self._fetch_token(mapping.auth)
        if shape.format == "query":
            query = {**fields, **query}
            return self._send(mapping.method, mapping.url, query, headers, b"", "")
        body, kind = _body(shape.format, fields)
        return self._send(mapping.method, mapping.url, query, headers, body, kind)

    def _fetch_token(self, auth: TokenAuth) -> str:
        with self._guard:
            if self._token is not None and time.monotonic() < self._token[1]:
                return self._token[0]
            body, kind = _body(auth.format, fill(auth.fields, {}, None))
            data = self._read(self._send("POST", auth.url, {}, {}, body, kind))
            token = as_text(at(data, auth.token))
            if not token or not token.isprintable():
                raise GatewayRefused(reason="no token", raw=None)
            lasts = _TOKEN_LASTS
            if auth.expires_in is not None:
                try:
                    lasts = float(as_text(at(data, auth.expires_in)) or _TOKEN_LASTS)
                except ValueError:
                    lasts = _TOKEN_LASTS
            self._token = (token, time.monotonic() + max(0.0, min(lasts, 86_400.0) - _TOKEN_EARLY))
            return token

    def _send(
        self,
        method: str,
        url: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: bytes,
        kind: str,
    ) -> _Reply:
        """One request and its whole answer in time. Raises GatewayUnavailable, GatewayRefused."""
        parts = urlsplit(url)
        target = parts.path or "/"
        asked = "&".join(one for one in (parts.query, urlencode(query)) if one)
        target = f"{target}?{asked}" if asked else target
        seconds = self._mapping.timeout_seconds
        connection = self._connection(parts.scheme, parts.hostname or "", parts.port, seconds)
        is_late = threading.Event()
        watch: threading.Timer | None = None
        try:
            connection.connect()
            # A timeout of the socket begins anew with every byte; this one does not.
            watch = threading.Timer(seconds, _cut, [connection.sock, is_late])
            watch.daemon = True
            watch.start()
            sent = {"Accept": "application/json", "User-Agent": "Vermilion", **headers}
            if kind:
                sent["Content-Type"] = kind
            connection.request(method, target, body=body or None, headers=sent)
            response = connection.getresponse()
            reply = _Reply(response.status, _whole(response))
            if is_late.is_set():
                raise TimeoutError
            return reply
        except (OSError, http.client.HTTPException) as error:
            raise GatewayUnavailable(reason=type(error).__name__) from None  # its text may hold the address
        except ValueError:
            raise GatewayRefused(reason="request", raw=None) from None
        finally:
            if watch is not None:
                watch.cancel()
            connection.close()

    def _connection(
        self, scheme: str, host: str, port: int | None, seconds: float
    ) -> http.client.HTTPConnection:
        if scheme == "https":
            return http.client.HTTPSConnection(host, port, timeout=seconds, context=self._tls)
        return http.client.HTTPConnection(host, port, timeout=seconds)

    # understanding

    def _read(self, reply: _Reply) -> Any:
        """The answer as JSON. What the gateway says of itself comes first: its status."""
        if reply.status >= 500 or reply.status in (408, 429):
            raise GatewayUnavailable(reason=f"HTTP {reply.status}")
        if reply.status >= 300:
            raise GatewayRefused(reason=f"HTTP {reply.status}", raw=self._kept(reply.body))
        if len(reply.body) > MOST_BYTES:
            raise GatewayRefused(reason="answer too large", raw=None)
        try:
            return json.loads(reply.body)
        except (ValueError, RecursionError):
            raise GatewayRefused(reason="answer is not JSON", raw=self._kept(reply.body)) from None

    def _judge(self, data: Any) -> Answer:
        raw = self._hide(data)
        message = ""
        if self._mapping.response.message is not None:
            message = (as_text(at(raw, self._mapping.response.message)) or "")[:_LONGEST_MESSAGE]
        for rule in self._mapping.response.outcomes:
            if as_text(at(data, rule.path)) not in rule.values:
                continue
            if rule.outcome == "try-later":
                raise GatewayUnavailable(reason=message or "busy")
            if rule.outcome == "refused":
                raise GatewayRefused(reason=message or "refused", raw=raw)
            return Answer(CheckOutcome(rule.outcome), raw, message)
        raise GatewayRefused(reason=message or "unknown answer", raw=raw)

    def _kept(self, body: bytes) -> str:
        return str(self._hide(body[:4096].decode("utf-8", "replace")))

    def _hide(self, data: Any) -> Any:
        """The answer without secrets that it repeats, and without what databases do not take."""
        if isinstance(data, str):
            for secret in self._secrets:
                data = data.replace(secret, _HIDDEN)
            if self._token is not None:
                data = data.replace(self._token[0], _HIDDEN)
            return data.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
        if isinstance(data, list):
            return [self._hide(one) for one in data]
        if isinstance(data, dict):
            return {self._hide(str(key)): self._hide(one) for key, one in data.items()}
        if isinstance(data, float) and data - data != 0:  # NaN and infinity are no JSON
            return str(data)
        return data


def sign(auth: SignAuth, fields: Mapping[str, str]) -> str:
    """The signature over the fields, sorted by name."""
    secret = auth.secret.read()
    pairs = [
        auth.pair.replace("{name}", name).replace("{value}", value)
        for name, value in sorted(fields.items())
        if name not in auth.leave_out
    ]
    before, after = (one.replace("{secret}", secret) for one in (auth.before, auth.after))
    text = (before + auth.joiner.join(pairs) + after).encode("utf-8")
    if auth.algorithm.startswith("hmac-"):
        digest = hmac.new(secret.encode("utf-8"), text, auth.algorithm.removeprefix("hmac-")).digest()
    else:
        digest = hashlib.new(auth.algorithm, text).digest()
    if auth.encoding == "base64":
        return base64.b64encode(digest).decode("ascii")
    return digest.hex().upper() if auth.encoding == "upper-hex" else digest.hex()


def _body(shape: str, fields: Mapping[str, str]) -> tuple[bytes, str]:
    if shape == "json":
        return json.dumps(fields, ensure_ascii=False).encode("utf-8"), "application/json"
    return urlencode(fields).encode("ascii"), "application/x-www-form-urlencoded"


def _whole(response: http.client.HTTPResponse) -> bytes:
    """The body, at most one piece more than is allowed: then it is known to be too large."""
    body = b""
    while len(body) <= MOST_BYTES and (piece := response.read(_PIECE)):
        body += piece
    if len(body) <= MOST_BYTES and response.length:
        raise http.client.IncompleteRead(body, response.length)
    return body


def _cut(connected: socket.socket, is_late: threading.Event) -> None:
    """End a connection from outside: whoever reads from it gets an error or an end."""
    is_late.set()
    with suppress(OSError):
        connected.shutdown(socket.SHUT_RDWR)


def open_gateway(settings: Settings, clock: Clock) -> InvoiceVerifier | None:
    """The gateway that the settings name; None without one. Raises SettingUnusable."""
    if not settings.invoice_gateway:
        return None
    return HttpVerifier(read_mapping(Path(settings.invoice_gateway)), clock)
