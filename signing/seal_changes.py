"""What may happen to a seal, as a table: see ``signing.seal_life``."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from signing.models import SealState


class ChangeKind(StrEnum):
    """What may happen to a seal."""

    CREATE = "create"
    ACTIVATE = "activate"
    SUSPEND = "suspend"
    RESUME = "resume"
    LOSE = "lose"
    DESTROY = "destroy"
    HAND_OVER = "hand_over"
    PEOPLE = "people"
    KEY = "key"


class Outcome(StrEnum):
    """How a change ended."""

    AGREED = "agreed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


_A, _U, _S, _L = SealState.APPROVED, SealState.ACTIVE, SealState.SUSPENDED, SealState.LOST
TABLE: Final[Mapping[ChangeKind, tuple[frozenset[SealState], SealState | None]]] = {
    ChangeKind.ACTIVATE: (frozenset({_A}), _U),
    ChangeKind.SUSPEND: (frozenset({_U}), _S),
    ChangeKind.RESUME: (frozenset({_S}), _U),
    ChangeKind.LOSE: (frozenset({_A, _U, _S}), _L),
    ChangeKind.DESTROY: (frozenset({_A, _U, _S, _L}), SealState.DESTROYED),
    ChangeKind.HAND_OVER: (frozenset({_A, _U, _S}), None),
    ChangeKind.PEOPLE: (frozenset({_A, _U, _S}), None),
    ChangeKind.KEY: (frozenset({_A, _U, _S}), None),
}
"""Of each change: the states it begins in, and the state it leads to (None: the same)."""
APART: Final = (ChangeKind.CREATE, ChangeKind.ACTIVATE, ChangeKind.KEY)
"""Changes that come about in ways of their own."""


def possible(state: SealState) -> list[ChangeKind]:
    """The changes that ``seal_life.ask`` takes for a seal in this state."""
    return [kind for kind, (begins, _) in TABLE.items() if state in begins and kind not in APART]
