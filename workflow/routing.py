"""Which steps come next: a pure function of the flow and of what is done."""

from __future__ import annotations

from collections.abc import Collection

from workflow.flows import Flow, Step


def next_steps(flow: Flow, done: Collection[str], opened: Collection[str]) -> tuple[Step, ...]:
    """The steps to open now: those of the first group that is not wholly done, but for the open ones.

    ``done`` and ``opened`` are step keys of the current round. Empty when there is nothing to open:
    either others of the group are still at work, or everything is done (``is_complete``).
    """
    for group in flow.groups:
        if not all(step.key in done for step in group):
            return tuple(step for step in group if step.key not in done and step.key not in opened)
    return ()


def is_complete(flow: Flow, done: Collection[str]) -> bool:
    """Whether every step is done."""
    return all(step.key in done for step in flow.all_steps())
