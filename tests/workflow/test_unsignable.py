"""Contracts that cannot be signed as they are: refused with the reason, or signed as a copy that can be."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from ingest.pdf import UNSIGNABLE
from signing.fields import FieldSpec
from signing.verification import Outcome
from tests.office import Office, contract_pdf, open_office
from workflow.errors import FormInvalid


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with open_office(tmp_path / "home") as opened:
        yield opened


def damaged() -> bytes:
    """Every reference points to a wrong place, as a careless program leaves it; readers repair that."""
    pdf = contract_pdf()
    return pdf[:9] + b"%" + b"x" * 200 + b"\n" + pdf[9:]


def closed(office: Office) -> bytes:
    """Certified by its maker, who allows no change (DocMDP 1)."""
    pdf = office.signing.add_fields(contract_pdf(), [FieldSpec("Maker")])
    return office.signing.certify(pdf, "定稿").replace(b"/P 2", b"/P 1")


def submitted(office: Office, document: UUID) -> UUID:
    form = office.contract_form("软件系统采购合同", document)
    return office.workflow.submit(office.principal("staff"), "contract", form)


def finished(office: Office, document: UUID) -> bytes:
    """The contract of a case that went all the way."""
    case_id = submitted(office, document)
    office.approve_all(case_id)
    office.apply_seal(case_id)
    office.work_off()
    return office.papers(case_id)["document"]


def test_a_damaged_file_is_signed_as_its_repaired_rendition(office: Office) -> None:
    pdf = damaged()
    document = office.upload("staff", pdf)
    made = finished(office, document)
    assert office.signing.verify(made).outcome is Outcome.VALID
    with office.runtime.database.read() as session:
        original = office.ingest.versions(session, document)[0]
    assert office.store.read(original.digest) == pdf


def test_a_closed_file_is_refused_with_the_reason_and_a_copy_of_it_is_signed(office: Office) -> None:
    pdf = closed(office)
    document = office.upload("staff", pdf)
    with pytest.raises(FormInvalid) as refused:
        submitted(office, document)
    assert refused.value.problems["contract"].context["reason"] == "certified-against-change"
    with office.runtime.database.read() as session:
        version = office.ingest.pdf_version(session, document)
    assert UNSIGNABLE in {one["code"] for one in version.findings}
    copy = office.ingest.flatten(office.principal("staff"), document)
    office.ingest.process(copy)
    made = finished(office, copy)
    assert office.signing.verify(made).outcome is Outcome.VALID
    assert office.store.read(version.digest) == pdf
