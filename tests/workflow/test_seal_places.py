"""Places for seals: asked for at submission, found by words, previewed by their keeper alone."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from core.errors import NotFound
from ingest.finding import folded, hits
from ingest.words import Place, Word
from signing.errors import KeywordNotFound, PlacementOverlaps, StraddleNeedsPages
from signing.fields import AtKeyword, Edge, LooseWish, Placement, Straddle
from signing.models import SealRecord
from signing.verification import verify_pdf
from tests.builders import PIN
from tests.office import Office, contract_pdf
from workflow.deciding import DecisionResult
from workflow.errors import FlowInvalid, NotYourTask
from workflow.flows import parse_flow, shipped_flows
from workflow.models import CaseState


def submit(office: Office, **form: Any) -> UUID:
    document = office.upload("staff", contract_pdf(), "合同.pdf")
    return office.workflow.submit(
        office.principal("staff"), "contract", {**office.contract_form("采购合同", document), **form}
    )


def seal(office: Office, case_id: UUID, wishes: list[LooseWish]) -> DecisionResult:
    view = office.view("keeper", case_id)
    assert view.my_task is not None
    places = {view.documents[0].id: wishes}
    return office.workflow.seal(office.principal("keeper"), view.my_task.id, PIN, view.sheet.digest, places)


def verified(office: Office, pdf: bytes) -> tuple[str, list[str]]:
    verdict = verify_pdf(pdf, office.roots(), office.runtime.clock.now())
    return verdict.outcome.value, [one.field_name for one in verdict.facts.signatures]


def records(office: Office, case_id: UUID) -> list[SealRecord]:
    with office.runtime.database.read() as session:
        return list(session.scalars(select(SealRecord).where(SealRecord.case_id == case_id)))


def test_a_straddle_that_was_asked_for_is_one_signature_and_one_number(office: Office) -> None:
    case_id = submit(office, straddle="right")
    office.approve_all(case_id)
    result = seal(office, case_id, [Straddle(Edge.RIGHT), Placement(2, 60, 90)])
    assert result.state is CaseState.COMPLETED
    office.work_off()
    outcome, names = verified(office, office.papers(case_id)["document"])
    assert outcome == "valid"
    assert [name for name in names if name.startswith("Seal")] == ["Seal1"]
    entries = records(office, case_id)
    assert len(entries) == 1
    assert [(one["page"], one.get("part"), one.get("parts")) for one in entries[0].placements] == [
        (1, 1, 2),
        (2, None, None),
        (2, 2, 2),
    ]


def test_a_straddle_nobody_asked_for_is_a_signature_for_each_page_under_one_number(office: Office) -> None:
    case_id = submit(office)
    office.approve_all(case_id)
    seal(office, case_id, [Straddle(Edge.LEFT)])
    outcome, names = verified(office, office.papers(case_id)["document"])
    assert outcome == "valid"
    assert [name for name in names if name.startswith("Seal")] == ["Seal1", "Seal2"]
    assert len(records(office, case_id)) == 1


def test_the_seal_goes_where_the_words_are(office: Office) -> None:
    case_id = submit(office)
    office.approve_all(case_id)
    with pytest.raises(KeywordNotFound) as refused:
        seal(office, case_id, [AtKeyword("没有这几个字")])
    assert refused.value.context["document"] == office.view("keeper", case_id).documents[0].id
    seal(office, case_id, [AtKeyword("盖章 处", hit=1, after=True), AtKeyword("盖章处", hit=2)])
    placements = records(office, case_id)[0].placements
    assert [one["page"] for one in placements] == [2, 2]
    # Left column's words are near 35 mm, the right column's near 120 mm.
    assert placements[0]["x_mm"] < 90 < placements[1]["x_mm"]


def test_every_hit_may_be_sealed_but_not_twice(office: Office) -> None:
    case_id = submit(office)
    office.approve_all(case_id)
    with pytest.raises(PlacementOverlaps):
        seal(office, case_id, [AtKeyword("盖章处"), AtKeyword("盖章处", hit=1)])
    seal(office, case_id, [AtKeyword("盖章处")])
    assert len(records(office, case_id)[0].placements) == 2


def test_only_the_keeper_tries_places_and_nothing_is_kept(office: Office) -> None:
    case_id = submit(office, straddle="left")
    office.approve_all(case_id)
    view = office.view("keeper", case_id)
    assert view.my_task is not None
    document = view.documents[0].id
    keeper, wished = office.principal("keeper"), [Straddle(Edge.LEFT), AtKeyword("盖章处", 1)]
    with office.workflow.previewed_seal(keeper, view.my_task.id, document, wished) as made:
        assert len(made.spots) == 3
        looks = made.path.read_bytes()
    assert not made.path.exists()
    assert verified(office, looks)[1] == verified(office, office.papers(case_id)["document"])[1]
    hits = office.workflow.find_words(office.principal("keeper"), view.my_task.id, document, "盖章处")
    assert [hit.page for hit in hits] == [2, 2]
    stranger = office.workflow.previewed_seal(office.principal("gm"), view.my_task.id, document, [Straddle()])
    with pytest.raises(NotYourTask), stranger:
        pass
    with pytest.raises(NotFound):
        office.workflow.find_words(office.principal("other"), view.my_task.id, document, "盖章处")
    assert records(office, case_id) == []


def test_one_page_takes_no_straddle(office: Office) -> None:
    import io

    import pikepdf

    with pikepdf.open(io.BytesIO(contract_pdf())) as pdf:
        del pdf.pages[1]
        out = io.BytesIO()
        pdf.save(out)
    document = office.upload("staff", out.getvalue(), "一页.pdf")
    form = {**office.contract_form("一页合同", document), "straddle": "right"}
    case_id = office.workflow.submit(office.principal("staff"), "contract", form)
    office.approve_all(case_id)
    with pytest.raises(StraddleNeedsPages):
        seal(office, case_id, [Straddle()])
    seal(office, case_id, [Placement(1, 60, 90)])


def test_flows_say_where_seals_go_and_are_checked() -> None:
    contract = next(flow for flow in shipped_flows() if flow.key == "contract")
    assert contract.step("seal").places is not None
    import yaml

    plain = contract.model_dump(by_alias=True, exclude_none=True, mode="json")
    plain["steps"][-1]["places"] = {"straddle": {"field": "title"}}
    with pytest.raises(FlowInvalid) as refused:
        parse_flow(yaml.safe_dump(plain, allow_unicode=True))
    assert "straddle" in str(refused.value)
    plain["steps"][-1]["places"] = {"keyword": "盖章处", "anchor": "x", "every_page": {"x_mm": 1, "y_mm": 2}}
    assert parse_flow(yaml.safe_dump(plain, allow_unicode=True)).step("seal").places is not None


# words


def word(text: str, left: float, top: float = 0.5, width: float = 0.1) -> Word:
    return Word(text, Place(1, left, top, left + width, top + 0.02))


def test_words_are_found_through_gaps_and_wide_letters() -> None:
    page = (word("甲方（盖", 0.1), word("章 处）：", 0.22), word("乙方(盖章处)", 0.6))
    found = hits([page], "（盖章处）")
    assert len(found) == 2
    assert found[0].left == pytest.approx(0.15) and found[0].right == pytest.approx(0.30, abs=0.02)
    assert hits([page], "") == hits([page], " ") == hits([page], "丙方") == []


@given(st.text(min_size=1, max_size=8), st.text(max_size=10), st.text(max_size=10))
def test_what_is_on_the_page_is_found(keyword: str, before: str, behind: str) -> None:
    found = hits([(word(before + keyword + behind, 0.1),)], keyword)
    assert bool(found) == bool(folded(keyword))
    for place in found:
        assert 0.1 <= place.left <= place.right <= 0.2 + 1e-9
