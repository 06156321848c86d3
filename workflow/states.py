"""The life of a case as a table; the documentation draws it from here."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from workflow.errors import TransitionNotAllowed
from workflow.models import CaseState


class Event(StrEnum):
    """What can happen to a case."""

    RETURN = "return"
    REJECT = "reject"
    WITHDRAW = "withdraw"
    COMPLETE = "complete"
    RESUBMIT = "resubmit"


TRANSITIONS: Final[dict[tuple[CaseState, Event], CaseState]] = {
    (CaseState.RUNNING, Event.RETURN): CaseState.RETURNED,
    (CaseState.RUNNING, Event.REJECT): CaseState.REJECTED,
    (CaseState.RUNNING, Event.WITHDRAW): CaseState.WITHDRAWN,
    (CaseState.RUNNING, Event.COMPLETE): CaseState.COMPLETED,
    (CaseState.RETURNED, Event.RESUBMIT): CaseState.RUNNING,
    (CaseState.RETURNED, Event.WITHDRAW): CaseState.WITHDRAWN,
}
FINISHED: Final = frozenset({CaseState.COMPLETED, CaseState.REJECTED, CaseState.WITHDRAWN})
"""States that nothing leads out of."""


def after(state: CaseState, event: Event) -> CaseState:
    """The state that follows. Raises TransitionNotAllowed."""
    try:
        return TRANSITIONS[(CaseState(state), event)]
    except KeyError as error:
        raise TransitionNotAllowed(state=CaseState(state).value) from error
