"""Flows as data: the shipped ones, a fourth one by its YAML alone, and what the schema refuses."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Forbidden
from signing.verification import verify_pdf
from tests.office import Office
from workflow.errors import FlowInvalid, FormInvalid, NoApprover
from workflow.flows import Flow, load_flow, parse_flow, shipped_flows, subject_of
from workflow.forms import check
from workflow.models import CaseState
from workflow.routing import is_complete, next_steps
from workflow.states import FINISHED, TRANSITIONS

LEAVE = """
key: leave
name: {zh-CN: 请假, en: Leave}
description: {zh-CN: 请假申请, en: Ask for leave}
serial_prefix: QJ
retention_class: general
subject: "{kind} {from_day}"
fields:
  - key: kind
    type: choice
    label: {zh-CN: 类别, en: Kind}
    options:
      - {value: annual, label: {zh-CN: 年休假, en: Annual leave}}
      - {value: sick, label: {zh-CN: 病假, en: Sick leave}}
  - {key: from_day, type: date, label: {zh-CN: 开始日期, en: From}}
  - {key: days, type: integer, minimum: 1, maximum: 60, label: {zh-CN: 天数, en: Days}}
steps:
  - {key: head, name: {zh-CN: 部门负责人审批, en: Head of department}, who: department_head}
  - {key: boss, name: {zh-CN: 总经理审批, en: General manager}, who: {position: general_manager}}
"""


def test_a_fourth_flow_needs_its_yaml_and_nothing_else(office: Office) -> None:
    with office.runtime.database.write() as session:
        office.workflow.add_flow(session, office.principal("admin"), LEAVE)
    case_id = office.workflow.submit(
        office.principal("staff"), "leave", {"kind": "annual", "from_day": "2026-12-01", "days": "3"}
    )
    office.approve_all(case_id, "head", "gm")
    office.work_off()
    view = office.view("staff", case_id)
    assert view.case.state == CaseState.COMPLETED
    assert view.case.subject == "年休假 2026-12-01"
    assert view.case.serial_number.startswith("QJ-")
    verdict = verify_pdf(office.papers(case_id)["sheet"], office.roots(), datetime.now(UTC))
    assert (verdict.outcome, verdict.archived) == ("valid", True)


def test_a_case_keeps_the_version_it_started_with(office: Office) -> None:
    with office.runtime.database.write() as session:
        office.workflow.add_flow(session, office.principal("admin"), LEAVE)
    form = {"kind": "sick", "from_day": "2026-12-01", "days": 2}
    case_id = office.workflow.submit(office.principal("staff"), "leave", form)
    shorter = LEAVE[: LEAVE.index("  - {key: boss")]
    with office.runtime.database.write() as session:
        assert office.workflow.add_flow(session, office.principal("admin"), shorter).version == 2
    office.decide("head", case_id)
    assert office.view("staff", case_id).case.state == CaseState.RUNNING
    later = office.workflow.submit(office.principal("staff"), "leave", form)
    office.decide("head", later)
    assert office.view("staff", later).case.state == CaseState.COMPLETED


def test_only_administrators_add_flows(office: Office) -> None:
    with pytest.raises(Forbidden), office.runtime.database.write() as session:
        office.workflow.add_flow(session, office.principal("staff"), LEAVE)


def test_a_step_that_nobody_can_do_stops_the_submission_by_name(office: Office) -> None:
    with office.runtime.database.write() as session:
        office.workflow.add_flow(session, office.principal("admin"), LEAVE)
    with pytest.raises(NoApprover) as refused:
        office.workflow.submit(
            office.principal("gm"), "leave", {"kind": "sick", "from_day": "2026-12-01", "days": 2}
        )
    assert refused.value.context["step"] == "部门负责人审批"


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (("key: leave", "key: Leave!"), "key"),
        (("serial_prefix: QJ", "serial_prefix: qj"), "serial_prefix"),
        (("who: department_head", "who: somebody"), "steps"),
        (("{kind} {from_day}", "{nothing}"), "nothing"),
        (("- {key: from_day", "- {key: kind"), "kind"),
        (("{key: boss", "{key: head"), "head"),
        (("type: date", "type: colour"), "fields"),
        (("retention_class: general", "colour: red\nretention_class: general"), "colour"),
        (("steps:", "steps: ["), "line"),
    ],
)
def test_a_flow_that_does_not_fit_is_refused_with_its_place(change: tuple[str, str], place: str) -> None:
    with pytest.raises(FlowInvalid) as refused:
        parse_flow(LEAVE.replace(*change, 1))
    assert place in str(refused.value.context)


def test_stored_flows_read_back_the_same() -> None:
    for flow in shipped_flows():
        assert load_flow(flow.model_dump(mode="json", by_alias=True)) == flow


FLOWS = {flow.key: flow for flow in shipped_flows()}


@given(st.sampled_from(sorted(FLOWS)), st.randoms(use_true_random=False))
def test_every_order_of_decisions_leads_to_the_end_and_opens_each_step_once(key: str, random: Any) -> None:
    flow: Flow = FLOWS[key]
    done: set[str] = set()
    opened: set[str] = set()
    seen: list[str] = []
    for _ in range(50):
        for step in next_steps(flow, done, opened):
            seen.append(step.key)
            opened.add(step.key)
        if not opened:
            break
        finished = random.choice(sorted(opened))
        opened.remove(finished)
        done.add(finished)
    assert is_complete(flow, done)
    assert sorted(seen) == sorted(step.key for step in flow.all_steps())


@given(
    st.dictionaries(
        st.sampled_from(["title", "amount", "copies", "contract", "seal", "direction", "counterparty", "x"]),
        st.one_of(
            st.none(),
            st.text(max_size=40),
            st.integers(),
            st.floats(),
            st.lists(st.text(max_size=5), max_size=3),
        ),
    )
)
def test_any_form_is_checked_or_refused_field_by_field(form: dict[str, Any]) -> None:
    flow = FLOWS["contract"]
    try:
        values = check(flow, form)
    except FormInvalid as refused:
        assert set(refused.problems) <= {field.key for field in flow.fields}
    else:
        assert set(values) == {field.key for field in flow.fields}
        assert subject_of(flow, values)


def test_nothing_leads_out_of_a_finished_state() -> None:
    assert not [state for state, _event in TRANSITIONS if state in FINISHED]
