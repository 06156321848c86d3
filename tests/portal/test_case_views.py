"""The progress line: a cross stands only where a case ended."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from portal.case_views import step_status
from workflow.cases import StepStatus, StepView
from workflow.flows import Text
from workflow.models import CaseState, Outcome

SINCE = datetime(2026, 3, 5, tzinfo=UTC)


def step(status: StepStatus, since: datetime | None = None, outcome: Outcome | None = None) -> StepView:
    name = Text.model_validate({"zh-CN": "审批", "en": "Approval"})
    return StepView("one", name, "approve", status, (), since, None, outcome)


@pytest.mark.parametrize(
    ("shown", "state", "said"),
    [
        (step("stopped", SINCE, Outcome.RETURNED), CaseState.RETURNED, "returned"),
        (step("stopped"), CaseState.RETURNED, "later"),
        (step("stopped", SINCE), CaseState.RETURNED, "later"),  # beside the one that was returned
        (step("stopped", SINCE, Outcome.REJECTED), CaseState.REJECTED, "stopped"),
        (step("stopped"), CaseState.REJECTED, "skipped"),
        (step("stopped", SINCE), CaseState.WITHDRAWN, "stopped"),
        (step("stopped"), CaseState.WITHDRAWN, "skipped"),
        (step("todo"), CaseState.RUNNING, "later"),
        (step("now", SINCE), CaseState.RUNNING, "now"),
        (step("done", SINCE, Outcome.APPROVED), CaseState.RETURNED, "done"),
    ],
)
def test_only_the_step_at_which_a_case_ended_bears_a_cross(
    shown: StepView, state: CaseState, said: str
) -> None:
    assert step_status(shown, state) == said
