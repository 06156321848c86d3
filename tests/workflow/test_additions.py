"""Which tasks wait for which when approvers are added: the pure core, by example and by property."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from workflow.additions import UNFINISHED, Duty, steps_done, steps_opened, subtree, to_open
from workflow.models import AddedKind, TaskState

Adds = list[tuple[int, AddedKind]]


def duty(number: int, state: TaskState, holder: int | None = None, kind: AddedKind | None = None) -> Duty:
    return Duty(UUID(int=number), "head", state, UUID(int=holder) if holder is not None else None, kind)


def test_a_task_comes_back_when_all_who_were_added_before_it_have_decided() -> None:
    holder = duty(1, TaskState.WAITING)
    one = duty(2, TaskState.OPEN, 1, AddedKind.BEFORE)
    other = duty(3, TaskState.DONE, 1, AddedKind.BEFORE)
    assert to_open([holder, one, other]) == []
    assert to_open([holder, replace(one, state=TaskState.DONE), other]) == [holder.id]
    assert to_open([holder, replace(one, state=TaskState.CANCELLED), other]) == [holder.id]


def test_a_task_waits_for_those_whom_an_added_approver_added_after_themselves() -> None:
    holder = duty(1, TaskState.WAITING)
    added = duty(2, TaskState.DONE, 1, AddedKind.BEFORE)
    further = duty(3, TaskState.WAITING, 2, AddedKind.AFTER)
    assert to_open([holder, added, further]) == [further.id]
    assert to_open([holder, added, replace(further, state=TaskState.OPEN)]) == []


def test_who_was_added_after_a_task_waits_for_its_holder() -> None:
    holder = duty(1, TaskState.OPEN)
    added = duty(2, TaskState.WAITING, 1, AddedKind.AFTER)
    assert to_open([holder, added]) == []
    assert to_open([replace(holder, state=TaskState.DONE), added]) == [added.id]
    assert steps_done([replace(holder, state=TaskState.DONE), added]) == set()


@st.composite
def plays(draw: st.DrawFn) -> list[int]:
    return draw(st.lists(st.integers(0, 10_000), min_size=1, max_size=40))


@given(plays())
def test_however_approvers_are_added_the_step_ends_and_everybody_decides_once(numbers: list[int]) -> None:
    """Holders add, decide, and have additions taken back in any order; nobody is left waiting for ever."""
    duties = [duty(1, TaskState.OPEN)]
    decided: list[UUID] = []

    def put(changed: Duty) -> None:
        duties[[one.id for one in duties].index(changed.id)] = changed

    def settle() -> None:
        for task_id in to_open(duties):
            put(replace(next(one for one in duties if one.id == task_id), state=TaskState.OPEN))

    def decide(one: Duty) -> None:
        before = [kid for kid in duties if kid.holder == one.id and kid.kind == AddedKind.BEFORE]
        below = [kid for top in before for kid in subtree(duties, top)]
        assert not any(kid.state in UNFINISHED for kid in below), "somebody decided before their turn"
        put(replace(one, state=TaskState.DONE))
        decided.append(one.id)
        settle()

    for number in numbers:
        opened = [one for one in duties if one.state == TaskState.OPEN]
        if not opened:
            break
        one, act = opened[number % len(opened)], number % 7
        if act in (1, 3, 5) and len(duties) < 12:
            kind = AddedKind.BEFORE if act == 1 else AddedKind.AFTER
            for _ in range(1 + number % 2):
                state = TaskState.OPEN if kind is AddedKind.BEFORE else TaskState.WAITING
                duties.append(Duty(UUID(int=len(duties) + 1), "head", state, one.id, kind))
            if kind is AddedKind.BEFORE:
                put(replace(one, state=TaskState.WAITING))
        elif act == 6 and one.holder is not None:
            for gone in list(subtree(duties, one)):
                if gone.state in UNFINISHED:
                    put(replace(gone, state=TaskState.CANCELLED))
            settle()
        else:
            decide(one)
    while opened := [one for one in duties if one.state == TaskState.OPEN]:
        decide(opened[0])
    assert not any(one.state in UNFINISHED for one in duties)
    assert (steps_done(duties), steps_opened(duties)) == ({"head"}, set())
    assert sorted(decided) == sorted(one.id for one in duties if one.state == TaskState.DONE)
    assert sorted(one.id for one in subtree(duties, duties[0])) == sorted(one.id for one in duties)
