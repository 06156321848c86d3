"""The papers of a finished case stay PDF/A-2b through every signature, judged by veraPDF."""

from __future__ import annotations

from tests.office import Office
from tests.verapdf import violations


def test_a_sheet_is_valid_pdf_a_when_made_and_after_every_signature(office: Office) -> None:
    case_id = office.submit_contract()
    assert violations(office.papers(case_id)["sheet"]) == []
    office.decide("head", case_id, comment="同意")
    assert violations(office.papers(case_id)["sheet"]) == []


def test_the_sheet_of_a_finished_case_is_valid_pdf_a(office: Office) -> None:
    assert violations(office.papers(office.finished_contract())["sheet"]) == []
