"""Writing many documents at once, no faster than the cluster takes them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from search.elastic_client import WRITING, Cluster, status_of
from search.errors import SearchUnavailable

MOST_BYTES: Final = 5 * 1024 * 1024
MOST_ACTIONS: Final = 1_000
_BUSY: Final = frozenset({429, 503})
_NEVER: Final = 400
"""The cluster's answer to what it cannot read; whatever else it says may be otherwise later."""
_TOO_LARGE: Final = 413
"""A request is larger than the cluster, or a proxy before it, lets in."""
_PATIENCE: Final = 60.0
_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 5.0


class IndexGone(Exception):
    """An index that was written to is not there any more: a rebuild took its place."""


@dataclass(frozen=True)
class Action:
    """A document to be put in an index, or taken out where ``document`` is None."""

    index: str
    key: str
    document: dict[str, Any] | None

    def lines(self) -> bytes:
        """As the bulk request has it."""
        where = {"_index": self.index, "_id": self.key}
        if self.document is None:
            return json.dumps({"delete": where}).encode() + b"\n"
        return (
            json.dumps({"index": where}).encode()
            + b"\n"
            + json.dumps(self.document, ensure_ascii=False).encode("utf-8", "replace")
            + b"\n"
        )


def write(cluster: Cluster, actions: Sequence[Action], *, is_refreshed: bool) -> Mapping[str, str]:
    """Carry out all actions; each is durable, and found by every later search where ``is_refreshed``.

    What the cluster has no room for (429, 413) is sent again, in smaller parts and ever more slowly.
    Returns the keys of documents that it will never take, with why; all others were written then. What
    it had of those before is taken out. Raises IndexGone, SearchUnavailable.
    """
    refused: list[tuple[Action, str]] = []
    for some in _portions([(action, action.lines()) for action in actions], MOST_ACTIONS):
        refused += _carry_out(cluster, some, is_refreshed)
    out = [Action(action.index, action.key, None) for action, _ in refused]
    for some in _portions([(action, action.lines()) for action in out], MOST_ACTIONS):
        _carry_out(cluster, some, is_refreshed)
    return {action.key: reason for action, reason in refused}


def _carry_out(
    cluster: Cluster, waiting: list[tuple[Action, bytes]], is_refreshed: bool
) -> list[tuple[Action, str]]:
    """Send until all is done; returns what will never be taken, with why."""
    refused: list[tuple[Action, str]] = []
    deadline = time.monotonic() + _PATIENCE
    pause, at_once = _FIRST_PAUSE, len(waiting)
    while waiting:
        busy: list[tuple[Action, bytes]] = []
        reason = ""
        for some in _portions(waiting, at_once):
            for pair, status, kind in _sent(cluster, some, is_refreshed):
                reason = f"{status} {kind}"
                if status in _BUSY or (status == _TOO_LARGE and len(some) > 1):
                    busy.append(pair)
                elif kind == "index_not_found_exception":
                    raise IndexGone(pair[0].index)
                elif status in (_NEVER, _TOO_LARGE):
                    refused.append((pair[0], reason))
                else:
                    raise SearchUnavailable(reason=f"{pair[0].key}: {reason}")
        if busy and time.monotonic() + pause > deadline:
            raise SearchUnavailable(reason=f"{busy[0][0].key}: {reason}")
        if busy:
            time.sleep(pause)
            pause, at_once = min(2 * pause, _LONGEST_PAUSE), max(1, at_once // 2)
        waiting = busy
    return refused


def _sent(
    cluster: Cluster, some: list[tuple[Action, bytes]], is_refreshed: bool
) -> Iterator[tuple[tuple[Action, bytes], int, str]]:
    """What did not work of one request: the action, its status and the kind of error."""
    operations: Any = [b"".join(lines for _, lines in some)]  # the client passes on what is JSON already
    try:
        answer = cluster.ask(
            lambda client: client.bulk(operations=operations, refresh=is_refreshed),
            seconds=WRITING,
            ignore=tuple(_BUSY),
        )
    except SearchUnavailable as error:
        if status_of(error) != _TOO_LARGE:
            raise
        yield from ((pair, _TOO_LARGE, "request too large") for pair in some)
        return
    if "error" in answer:  # there was no room for the request as a whole
        yield from ((pair, int(answer["status"]), str(answer["error"]["type"])) for pair in some)
        return
    if not answer["errors"]:
        return
    for pair, item in zip(some, answer["items"], strict=True):
        (told,) = item.values()
        if "error" in told:
            yield pair, int(told["status"]), str(told["error"]["type"])


def _portions(actions: Sequence[tuple[Action, bytes]], most: int) -> Iterator[list[tuple[Action, bytes]]]:
    """Parts of a size that a cluster takes well; one huge document goes alone."""
    some: list[tuple[Action, bytes]] = []
    size = 0
    for action, lines in actions:
        if some and (len(some) >= most or size + len(lines) > MOST_BYTES):
            yield some
            some, size = [], 0
        some.append((action, lines))
        size += len(lines)
    if some:
        yield some
