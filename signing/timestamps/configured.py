"""Which time-stamp authorities stamp our signatures: those of the setting, in its order, and no other.

When none answers, the built-in one does not step in unless the setting names it: a time-stamp by
ourselves where an outside one was promised would be worth less than none.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

import structlog
from asn1crypto import cms, tsp
from pyhanko.sign.timestamps import TimeStamper

from core.clock import Clock
from core.database import Database
from core.settings import Settings
from signing.errors import TimestampUnavailable
from signing.timestamp import InternalTimeStamper
from signing.timestamps import address as addresses
from signing.timestamps.outside import AnswerRefused, OutsideAuthority
from signing.trust import timestamp_roots

log = structlog.get_logger()

_ROUNDS: Final = 2
_PAUSE_SECONDS: Final = 0.2
_REST_SECONDS: Final = 30.0
"""An authority that failed is not asked again for this long: not every signature waits for it."""
_LEFT_OUT: ContextVar[bool] = ContextVar("timestamps_left_out", default=False)


class Stampers:
    """The configured authorities. Safe for many threads."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        settings: Settings,
        internal: Callable[[], InternalTimeStamper],
    ) -> None:
        self._database = database
        self._internal = internal
        self._configured = addresses.read(settings.timestamp_url)
        self.has_internal = None in self._configured
        self._is_internal_only = all(one is None for one in self._configured)
        members = [
            None if one is None else OutsideAuthority(one, clock, settings.timestamp_seconds)
            for one in self._configured
        ]
        self.outside = FallingBack(members, internal, self._roots, settings.timestamp_seconds)

    @property
    def addresses(self) -> list[addresses.Address]:
        """The outside authorities, in their order."""
        return [one for one in self._configured if one is not None]

    def stamper(self) -> TimeStamper | None:
        """What stamps signatures now; None inside ``left_out``."""
        return None if _LEFT_OUT.get() else self.required()

    def required(self) -> TimeStamper:
        """What stamps whatever is worth nothing without a time-stamp."""
        return self._internal() if self._is_internal_only else self.outside

    @contextmanager
    def left_out(self) -> Iterator[None]:
        """Signatures made inside carry no time-stamp."""
        token = _LEFT_OUT.set(True)
        try:
            yield
        finally:
            _LEFT_OUT.reset(token)

    def _roots(self) -> Sequence[bytes]:
        with self._database.read() as session:
            return timestamp_roots(session)


class FallingBack(TimeStamper):
    """Asks one authority after the other, and once more, until one gives a good token."""

    def __init__(
        self,
        members: Sequence[OutsideAuthority | None],
        internal: Callable[[], InternalTimeStamper],
        roots: Callable[[], Sequence[bytes]],
        seconds: float,
    ) -> None:
        super().__init__(include_nonce=False)  # type: ignore[no-untyped-call]
        self._members = members
        self._internal = internal
        self._roots = roots
        self._seconds = seconds
        self._resting: dict[int, float] = {}
        self._lock = threading.Lock()
        self.last_failures: dict[str, str] = {}
        """What each authority that failed last gave as the reason, by its name."""

    def wake(self) -> None:
        """Ask everybody again, also those that failed a moment ago."""
        with self._lock:
            self._resting.clear()

    def stamp(self, digest: bytes, algorithm: str) -> bytes:
        """A token over ``digest``, as DER. Raises TimestampUnavailable within twice the time-out."""
        deadline = time.monotonic() + 2 * self._seconds
        for number in range(_ROUNDS):
            for index, member in enumerate(self._members):
                left = deadline - time.monotonic()
                if self._rests(index) or (member is not None and left <= 0):
                    continue
                if member is None:
                    return self._internal().stamp(digest, algorithm)
                try:
                    token = member.stamp(digest, algorithm, self._roots, left)
                except AnswerRefused as error:
                    self._failed(index, member.address.name, str(error), rests=number + 1 == _ROUNDS)
                else:
                    self.last_failures.pop(member.address.name, None)
                    return token
            if number + 1 < _ROUNDS and not all(self._rests(index) for index in range(len(self._members))):
                time.sleep(_PAUSE_SECONDS)
        reasons = "; ".join(f"{name}: {why}" for name, why in sorted(self.last_failures.items()))
        raise TimestampUnavailable(reason=reasons or "–")

    def _rests(self, index: int) -> bool:
        with self._lock:
            return time.monotonic() < self._resting.get(index, 0.0)

    def _failed(self, index: int, name: str, why: str, *, rests: bool) -> None:
        log.warning("timestamp_authority_failed", authority=name, reason=why)
        self.last_failures[name] = why
        if rests:
            with self._lock:
                self._resting[index] = time.monotonic() + _REST_SECONDS

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        """Each request is made anew for each authority asked, so none is passed on."""
        raise NotImplementedError("ask for a token")

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> cms.ContentInfo:
        """A token. It blocks: signing runs in a thread of its own."""
        return cms.ContentInfo.load(self.stamp(message_digest, md_algorithm))
