"""Added approvers 加签: before and after, one sheet for each opening, and everything around them."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest

from signing.verification import verify_pdf
from tests.builders import PIN
from tests.office import Office
from workflow.models import AddedKind, CaseState, EvidenceState, Outcome


def add(
    office: Office, who: str, case_id: UUID, kind: AddedKind, *people: str, reason: str = "请把关"
) -> None:
    view = office.view(who, case_id)
    assert view.my_task is not None
    chosen = [office.company.people[person] for person in people]
    office.workflow.adding.add(office.principal(who), view.my_task.id, kind, chosen, reason)


def test_added_before_decide_first_and_the_task_comes_back(office: Office) -> None:
    case_id = office.submit_contract()
    add(office, "head", case_id, AddedKind.BEFORE, "finance", "gm")
    assert office.view("head", case_id).my_task is None
    office.decide("finance", case_id, comment="预算内")
    assert office.view("head", case_id).my_task is None
    office.decide("gm", case_id, comment="可")
    office.decide("head", case_id)
    view = office.view("admin", case_id)
    assert [one.title for one in view.sheets] == [
        f"{view.case.serial_number} 审批表",
        f"{view.case.serial_number} 审批表（续页 1）",
    ]
