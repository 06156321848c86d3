"""Speaking with an Elasticsearch cluster: versions, patience, and errors in the words of search.

Nothing that is asked stands in an error: what people search for, and passwords, are nobody's business.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any, Final

import structlog
from elastic_transport import (
    ConnectionError as NoConnection,
)
from elastic_transport import (
    ConnectionTimeout,
    NodeConfig,
    TlsError,
    TransportError,
)
from elasticsearch import ApiError, Elasticsearch, UnsupportedProductError

from core.errors import SettingUnusable
from core.ids import new_id
from search.elastic_address import Address
from search.elastic_tls import answering, scheme_trouble
from search.errors import SearchUnavailable

log = structlog.get_logger()
logging.getLogger("elastic_transport").setLevel(logging.ERROR)  # its warnings, long ones, are our errors

OLDEST: Final = (8, 19)
"""The first server version that is spoken to; any later 8 will do."""
UNTESTED: Final = 9
"""This one is spoken to and said to be untested."""
READING: Final = 10.0
"""Seconds a search may take, and about how long a busy cluster is asked again."""
WRITING: Final = 60.0
_BUSY: Final = frozenset({429, 502, 503, 504})
_FIRST_PAUSE: Final = 0.05
_LONGEST_PAUSE: Final = 2.0

Ask = Callable[[Elasticsearch], Any]


class Cluster:
    """A cluster that may be away. Safe to use from many threads.

    A request goes to another host when one does not answer; where none does, that is said at once.
    A cluster that answers that it is busy (429, 503 while shards move) is asked again, ever more slowly.
    """

    def __init__(self, address: Address, setting: str) -> None:
        """Raises SettingUnusable when the cluster answers and will not do; one that is away may come back."""
        self.address = address
        self._setting = setting
        self._client = _client(address, setting)
        self._version: str | None = None
        try:
            self.version()
        except SearchUnavailable as error:
            cause = error.__cause__
            if isinstance(cause, NoConnection | TlsError):
                self._judge(error, cause)
            if isinstance(cause, UnsupportedProductError) or status_of(error) in (401, 403):
                raise self._unusable(str(error.context["reason"])) from cause
            log.warning("search_engine_away", reason=error.context["reason"])

    def version(self) -> str:
        """The version of the oldest node.

        Raises SettingUnusable for one that is not spoken to, SearchUnavailable.
        """
        if self._version is None:  # asked by several threads at once, they all hear the same
            self._version = self._checked(self._ask_version())
        return self._version

    def _judge(self, error: SearchUnavailable, cause: NoConnection | TlsError) -> None:
        """Raise SettingUnusable where somebody answers and the scheme or a certificate is wrong."""
        found = answering(self.address)
        if found is None:
            return
        place, is_tls = found
        if is_tls != self.address.is_encrypted:
            raise self._unusable(scheme_trouble(place, is_tls)) from cause
        if isinstance(cause, TlsError):
            raise self._unusable(str(error.context["reason"])) from cause

    def _ask_version(self) -> list[str]:
        # Not info(): nodes.info tells of all nodes, and any distribution has it.
        answer = self._ask(lambda client: client.nodes.info(filter_path="nodes.*.version"), READING, ())
        return sorted({str(node["version"]) for node in answer["nodes"].values()}, key=_parts)

    def _checked(self, versions: list[str]) -> str:
        """The oldest of the versions. Raises SettingUnusable when one of them is not spoken to."""
        for version in versions:
            major = _parts(version)[0]
            if major == UNTESTED:
                log.warning("search_engine_untested", version=version)
            elif major != OLDEST[0] or _parts(version)[:2] < OLDEST:
                reason = f"Elasticsearch {version} at {self.address.place}: 8.19 or a later 8 is needed"
                raise self._unusable(reason)
        return versions[0]

    def _unusable(self, reason: str) -> SettingUnusable:
        return SettingUnusable(setting=self._setting, reason=reason)

    def ask(self, ask: Ask, seconds: float = READING, ignore: tuple[int, ...] = ()) -> Any:
        """The answer to a request that can be repeated without harm.

        ``seconds`` is how long one answer may take; ``ignore`` are status codes whose bodies are answers too.
        Raises SearchUnavailable.
        """
        try:
            self.version()
        except SettingUnusable as error:
            raise SearchUnavailable(reason=str(error.context["reason"])) from error
        return self._ask(ask, seconds, ignore)

    def _ask(self, ask: Ask, seconds: float, ignore: tuple[int, ...]) -> Any:
        client = self._client.options(opaque_id=opaque_id(), request_timeout=seconds, ignore_status=ignore)
        deadline = time.monotonic() + seconds
        pause = _FIRST_PAUSE
        while True:
            try:
                return ask(client)
            except (TransportError, UnsupportedProductError) as error:
                raise SearchUnavailable(reason=self._told(error)) from error
            except ApiError as error:
                if error.status_code not in _BUSY or time.monotonic() + pause > deadline:
                    raise SearchUnavailable(reason=described(error)) from error
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _told(self, error: TransportError | UnsupportedProductError) -> str:
        place = self.address.place
        match error:
            case UnsupportedProductError():
                return f"{place} is not Elasticsearch"
            case TlsError():
                return f"TLS with {place}: {_tls_reason(error)}"
            case ConnectionTimeout():
                return f"no answer from {place} in time"
            case NoConnection():
                return f"no connection to {place}"
        return f"{place}: {type(error).__name__}"

    def close(self) -> None:
        """Let go of all connections."""
        self._client.close()


def _client(address: Address, setting: str) -> Elasticsearch:
    scheme = "https" if address.is_encrypted else "http"
    hosts: list[str | dict[str, str | int] | NodeConfig]
    hosts = [{"host": host, "port": port, "scheme": scheme} for host, port in address.hosts]
    options: dict[str, Any] = {}
    if address.ca_file is not None:
        options["ca_certs"] = str(address.ca_file)
    if address.user is not None and address.password is not None:
        options["basic_auth"] = (address.user, address.password)
    if address.api_key is not None:
        options["api_key"] = address.api_key
    try:
        return Elasticsearch(
            hosts,
            # Each other host once; a single one once more: it may have closed an idle connection.
            max_retries=max(1, len(hosts) - 1),
            retry_on_status=(),
            retry_on_timeout=False,
            dead_node_backoff_factor=0.5,
            max_dead_node_backoff=5,
            **options,
        )
    except (ValueError, OSError) as error:
        raise SettingUnusable(setting=setting, reason=f"{address.place}: {type(error).__name__}") from error


def opaque_id() -> str:
    """What names a request in the cluster's slow logs and task lists: the page's or job's number."""
    bound = structlog.contextvars.get_contextvars()
    return str(bound.get("request_id") or bound.get("job") or new_id())


def described(error: ApiError) -> str:
    """Status and kind of an error, without what was asked."""
    return f"{error.status_code} {kind_of(error)}"


def status_of(error: SearchUnavailable) -> int | None:
    """The cluster's status behind an error; None where the cluster gave no answer."""
    cause = error.__cause__
    return cause.status_code if isinstance(cause, ApiError) else None


def kind_of(error: ApiError) -> str:
    """The kind of an error, such as ``index_not_found_exception``."""
    body = error.body
    told = body.get("error") if isinstance(body, dict) else None
    return str(told.get("type")) if isinstance(told, dict) else type(error).__name__


def _tls_reason(error: TlsError) -> str:
    text = " ".join(str(part) for part in (error.message, *error.errors))
    for known in ("certificate verify failed", "hostname mismatch", "wrong version number"):
        if known in text.lower():
            return known
    return "no agreement"


def _parts(version: str) -> tuple[int, ...]:
    numbers = version.split("-")[0].split(".")
    return tuple(int(number) if number.isdecimal() else 0 for number in numbers)
