"""The states of a file: what it was at the end of each revision, and where a person should look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from signing.verification.verdict import Verdict

MOST_VIEWS: Final = 4
_AFTER_ALL: Final = frozenset({"signature-added", "seal-slice-filled"})


@dataclass(frozen=True)
class View:
    """A page before and after a revision. ``before`` and ``after`` are lengths of the file, in bytes."""

    page: int
    revision: int
    before: int
    after: int
    is_refused: bool


def state_end(verdict: Verdict, number: int) -> int | None:
    """So many bytes of the file are what the signature of that number (from 0) saw.

    None when there is no such signature, or when it covers no whole state.
    """
    signatures = verdict.facts.signatures
    if not 0 <= number < len(signatures) or signatures[number].revision < 0:
        return None
    return signatures[number].end


def views(verdict: Verdict, most: int = MOST_VIEWS) -> list[View]:
    """The pages whose change a person should see: what is refused or doubtful first, then what was signed."""
    ends = verdict.facts.ends
    found: dict[tuple[int, int], View] = {}
    for change in sorted(verdict.changes, key=lambda one: (one.allowed is True, one.revision)):
        is_seen = change.allowed is not True or change.code in _AFTER_ALL
        if not is_seen or not 0 < change.revision < len(ends):
            continue
        if change.page is None and change.allowed is True:
            continue  # an invisible signature
        place = (change.revision, change.page or 1)
        before, after = ends[change.revision - 1], ends[change.revision]
        if place not in found and before < after:
            found[place] = View(place[1], change.revision + 1, before, after, change.allowed is not True)
    return list(found.values())[:most]
