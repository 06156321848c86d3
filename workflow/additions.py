"""Added approvers 加签: which tasks wait for which. Pure functions over the tasks of one round.

The holder of a task adds approvers *before* 前加签: the task waits until all of them have decided, and
then comes back to its holder. Or *after* 后加签: they wait until the holder has approved. An added
approver holds a task like any other, and may add further ones.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from uuid import UUID

from workflow.models import AddedKind, TaskState

UNFINISHED = frozenset({TaskState.OPEN, TaskState.WAITING})


@dataclass(frozen=True)
class Duty:
    """A task of a round. ``holder`` and ``kind`` are None for the step's own."""

    id: UUID
    step_key: str
    state: TaskState
    holder: UUID | None = None
    kind: AddedKind | None = None


def to_open(duties: Collection[Duty]) -> list[UUID]:
    """The waiting tasks that wait for nobody any more.

    A task waits for those that were added before it, with all that was added to them in turn; one
    that was added after its holder waits for the holder as well.
    """
    by_id = {duty.id: duty for duty in duties}
    return [
        duty.id
        for duty in duties
        if duty.state == TaskState.WAITING
        and not any(one.state in UNFINISHED for one in _before(duties, duty))
        and (duty.kind != AddedKind.AFTER or by_id[duty.holder].state == TaskState.DONE)  # type: ignore[index]
    ]


def _before(duties: Collection[Duty], duty: Duty) -> Iterator[Duty]:
    for one in duties:
        if one.holder == duty.id and one.kind == AddedKind.BEFORE:
            yield from subtree(duties, one)


def subtree(duties: Collection[Duty], top: Duty) -> Iterator[Duty]:
    """A task and all that was added to it, in the order in which they are decided."""
    added = [one for one in duties if one.holder == top.id]
    for one in added:
        if one.kind == AddedKind.BEFORE:
            yield from subtree(duties, one)
    yield top
    for one in added:
        if one.kind == AddedKind.AFTER:
            yield from subtree(duties, one)


def steps_done(duties: Collection[Duty]) -> set[str]:
    """Keys of the steps that nobody has anything left to do at."""
    done = {one.step_key for one in duties if one.state == TaskState.DONE}
    return done - steps_opened(duties)


def steps_opened(duties: Collection[Duty]) -> set[str]:
    """Keys of the steps at which somebody still has to decide."""
    return {one.step_key for one in duties if one.state in UNFINISHED}
