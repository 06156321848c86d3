"""Fetching revocation lists of outside authorities, from the places that ``VERMILION_REVOCATION_URL`` names.

``https://HOST/PATH#issuer=FILE&tls=FILE``: what stands after ``#`` is never sent. ``issuer`` is a PEM file
with the authority's certificate, where it is neither a trusted root nor above a certificate that was
brought; ``tls`` a PEM file of the roots for the connection. The word ``certificates:`` allows the addresses
that stand in certificates that were brought, and in those above them. Addresses in files are never asked.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit, urlunsplit

import urllib3
from cryptography import x509
from sqlalchemy import select
from sqlalchemy.orm import Session

from core import outbox
from core.clock import Clock
from core.database import Database
from core.errors import SettingUnusable, VermilionError
from core.settings import Settings
from signing.models import OutsideList
from signing.outside_lists import MOST_BYTES, OutsideLists
from signing.verification.material import extension

SETTING: Final = "VERMILION_REVOCATION_URL"
FROM_CERTIFICATES: Final = "certificates:"
TASK: Final = "signing.fetch_outside_lists"
EVERY: Final = timedelta(hours=6)
"""A list is fetched again after this, and within this of its end each hour."""
SECONDS: Final = 30.0
_CHUNK: Final = 65536


@dataclass(frozen=True)
class Place:
    """Where a list is fetched. ``name`` is what people are shown."""

    url: str
    name: str
    issuers: tuple[x509.Certificate, ...] = ()
    tls: str | None = None


def read_places(setting: str) -> tuple[list[Place], bool]:
    """The configured places, and whether addresses in certificates are allowed. Raises SettingUnusable."""
    words = setting.split()
    places = [_place(word) for word in words if word != FROM_CERTIFICATES]
    return places, FROM_CERTIFICATES in words


def _place(word: str) -> Place:
    parts = urlsplit(word)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SettingUnusable(setting=SETTING, reason="neither certificates: nor http(s)://HOST/…")
    if parts.username is not None:
        raise SettingUnusable(setting=SETTING, reason="a list is fetched without user and password")
    options = parse_qs(parts.fragment, keep_blank_values=True)
    unknown = set(options) - {"issuer", "tls"}
    if unknown:
        raise SettingUnusable(setting=SETTING, reason=f"#{sorted(unknown)[0]} is unknown")
    tls, file = options.get("tls", [None])[0], options.get("issuer", [None])[0]
    if tls is not None and not Path(tls).is_file():
        raise SettingUnusable(setting=SETTING, reason=f"{tls} is no file")
    issuers: list[x509.Certificate] = []
    if file is not None:
        try:
            issuers = x509.load_pem_x509_certificates(Path(file).read_bytes())
        except (OSError, ValueError) as error:
            raise SettingUnusable(setting=SETTING, reason=f"{file} holds no PEM certificate") from error
    url = urlunsplit((parts.scheme, parts.netloc, parts.path or "/", parts.query, ""))
    return Place(url, f"{parts.hostname}{parts.path}", tuple(issuers), tls)


class OutsideFetching:
    """Fetches what is due. Safe for many threads; nothing is held while it waits."""

    def __init__(self, database: Database, clock: Clock, settings: Settings, lists: OutsideLists) -> None:
        self._database = database
        self._clock = clock
        self._lists = lists
        self._places, self._may_follow = read_places(settings.revocation_url)
        self.last_failures: dict[str, str] = {}
        """What went wrong at each place, in this process, until it goes well."""

    @property
    def has_places(self) -> bool:
        """Whether there is anywhere to fetch from."""
        return bool(self._places) or self._may_follow

    def soon(self, session: Session) -> None:
        """Fetch in the background, once this transaction is committed."""
        if self.has_places:
            outbox.enqueue(session, TASK, {}, self._clock.now(), key=TASK)

    def run(self) -> int:
        """Fetch the lists that are due. Returns how many were taken in."""
        with self._database.read() as session:
            places = self._due(session)
        taken = 0
        for place in places:
            try:
                data = _get(place)
                self._lists.take(None, data, place.url, place.issuers)
            except Unanswered as error:
                self.last_failures[place.name] = str(error)
            except VermilionError as error:
                self.last_failures[place.name] = str(error.context.get("reason", error.code))
            else:
                self.last_failures.pop(place.name, None)
                taken += 1
        return taken

    def _due(self, session: Session) -> list[Place]:
        now = self._clock.now()
        fresh = {
            row.source
            for row in session.scalars(select(OutsideList))
            if now - row.added_at < EVERY and row.next_update - now > EVERY
        }
        wanted = {place.url: place for place in self._places}
        if self._may_follow:
            for one in self._lists.in_use(session):
                for url in _addresses(one):
                    wanted.setdefault(url, Place(url, url))
        return [place for url, place in wanted.items() if url not in fresh]


class Unanswered(Exception):
    """The place gave no list. The text says why."""


def _addresses(certificate: x509.Certificate) -> Iterable[str]:
    points = extension(certificate, x509.CRLDistributionPoints) or ()
    for point in points:
        for name in point.full_name or ():
            is_web = isinstance(name, x509.UniformResourceIdentifier)
            if is_web and urlsplit(name.value).scheme in ("http", "https"):
                yield name.value


def _get(place: Place) -> bytes:
    """What a place answers. Redirects are not followed; a drip does not hold us up. Raises Unanswered."""
    options: dict[str, Any] = {"ca_certs": place.tls} if place.tls else {}
    deadline = time.monotonic() + SECONDS
    with urllib3.PoolManager(num_pools=1, retries=False, **options) as pool:
        try:
            answer = pool.request(
                "GET", place.url, preload_content=False, redirect=False, decode_content=False,
                timeout=urllib3.Timeout(total=SECONDS),
            )  # fmt: skip
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise Unanswered(type(error).__name__) from error
        try:
            if answer.status != 200:
                raise Unanswered(f"HTTP {answer.status}")
            found = bytearray()
            while piece := answer.read1(_CHUNK):
                found += piece
                if len(found) > MOST_BYTES:
                    raise Unanswered("too long")
                if time.monotonic() > deadline:
                    raise Unanswered("too slow")
            return bytes(found)
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise Unanswered(type(error).__name__) from error
        finally:
            answer.close()
