"""Calls that are repeated do one thing: the same key with the same request gets the same answer.

The first call claims the key, and its answer is kept for a day, encrypted, because an answer may
hold a secret. The request is recognised by a keyed digest, because a request may hold a PIN. Only
success is kept: a call that failed changed nothing and may be sent again.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Coroutine
from typing import Any, Final

from fastapi import Request, Response
from sqlalchemy import delete
from starlette.concurrency import run_in_threadpool

from api.errors import IdempotencyConflict, IdempotencyKeyInvalid, IdempotencyKeyReused
from api.kept_answers import KEPT_FOR, PURPOSE
from api.limits import Metered
from api.principals import Caller
from core.database import insert_unless_there
from core.models import IdempotencyKey
from core.runtime import Runtime

HEADER: Final = "idempotency-key"
LONGEST: Final = 190
_PRINTABLE: Final = re.compile(r"[\x21-\x7e]+")
_KEPT_HEADERS: Final = ("content-type", "etag", "location")
PARAMETER: Final[dict[str, Any]] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST, "pattern": "^[!-~]+$"},
    "description": "A value of your own choosing, one for each act. The same call with the same key does"
    " nothing twice and gets the same answer, for 24 hours.",
    "example": "5f2b8c1e-claim-2026-03",
}
Answer = Callable[[Request], Coroutine[Any, Any, Response]]


def key_of(request: Request) -> str | None:
    """The key of a call, or None. Raises IdempotencyKeyInvalid."""
    key = request.headers.get(HEADER)
    if key is not None and (len(key) > LONGEST or not _PRINTABLE.fullmatch(key)):
        raise IdempotencyKeyInvalid(limit=LONGEST)
    return None if key is None else f"api:{key}"


async def answer_once(
    request: Request, runtime: Runtime, caller: Caller, key: str, body: Metered, answer: Answer
) -> Response:
    """Answer a call whose key may have been used. Raises IdempotencyKeyReused, IdempotencyConflict."""
    digest = RequestDigest(runtime, request)
    body.watch = digest.feed
    kept = Keys(runtime, caller)
    if not await run_in_threadpool(kept.claim, key):
        async for _piece in request.stream():
            pass
        return await run_in_threadpool(kept.recall, key, digest.hex())
    response: Response | None = None
    try:
        response = await answer(request)
    finally:
        if response is None or not 200 <= response.status_code < 400:
            await run_in_threadpool(kept.forget, key)
    if response.status_code < 400:
        await run_in_threadpool(kept.keep, key, digest.hex(), response)
    return response


class RequestDigest:
    """Recognises a request: method, address and body.

    The separator of a multipart body is left out, because clients draw it anew for each try.
    """

    def __init__(self, runtime: Runtime, request: Request) -> None:
        self._mac = hmac.new(runtime.master_key.derive("idempotency", oldest=True), digestmod=hashlib.sha256)
        self._mac.update(f"{request.method} {request.url.path}?{request.url.query}\n".encode())
        found = re.search(r"boundary=\"?([^\";,]+)", request.headers.get("content-type", ""))
        self._separator = found.group(1).encode("latin-1") if found else b""
        self._rest = b""

    def feed(self, piece: bytes) -> None:
        """Take the next piece of the body."""
        if not self._separator:
            self._mac.update(piece)
            return
        data = (self._rest + piece).replace(self._separator, b"")
        whole = max(len(data) - len(self._separator) + 1, 0)
        self._mac.update(data[:whole])
        self._rest = data[whole:]

    def hex(self) -> str:
        """The digest of everything fed so far."""
        mac = self._mac.copy()
        mac.update(self._rest)
        return mac.hexdigest()


class Keys:
    """The keys that one person has used."""

    def __init__(self, runtime: Runtime, caller: Caller) -> None:
        self._runtime = runtime
        self._person_id = caller.principal.person_id

    def claim(self, key: str) -> bool:
        """Take a key that nobody used within a day."""
        now = self._runtime.clock.now()
        row = {
            "person_id": self._person_id, "key": key, "request_digest": "", "status": None,
            "created_at": now,
        }  # fmt: skip
        with self._runtime.database.write() as session:
            session.execute(
                delete(IdempotencyKey).where(
                    IdempotencyKey.person_id == self._person_id,
                    IdempotencyKey.key == key,
                    IdempotencyKey.created_at < now - KEPT_FOR,
                )
            )
            return insert_unless_there(session, IdempotencyKey, [row]) == 1

    def recall(self, key: str, digest: str) -> Response:
        """The answer given before. Raises IdempotencyConflict, IdempotencyKeyReused."""
        with self._runtime.database.read() as session:
            row = session.get(IdempotencyKey, (self._person_id, key))
        if row is None or row.status is None or row.body is None:
            raise IdempotencyConflict()
        if not hmac.compare_digest(row.request_digest, digest):
            raise IdempotencyKeyReused()
        plain = self._runtime.master_key.unwrap(row.body, purpose=PURPOSE)
        head, _, body = plain.partition(b"\n")
        return Response(body, row.status, {**json.loads(head), "Idempotent-Replayed": "true"})

    def keep(self, key: str, digest: str, response: Response) -> None:
        """Remember an answer."""
        headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
        plain = json.dumps(headers).encode() + b"\n" + bytes(response.body)
        with self._runtime.database.write() as session:
            row = session.get_one(IdempotencyKey, (self._person_id, key))
            row.request_digest, row.status = digest, response.status_code
            row.body = self._runtime.master_key.wrap(plain, purpose=PURPOSE)

    def forget(self, key: str) -> None:
        """Let the key be used again: nothing was done under it."""
        with self._runtime.database.write() as session:
            session.execute(
                delete(IdempotencyKey).where(
                    IdempotencyKey.person_id == self._person_id, IdempotencyKey.key == key
                )
            )
