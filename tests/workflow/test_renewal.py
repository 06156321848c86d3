"""Document time-stamps are renewed before they end, as long as papers are kept."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from core.clock import FixedClock
from ingest.models import VersionReason
from signing.models import Certificate, CertificateRole
from signing.verification import Outcome, verify_pdf
from tests.office import Office, open_office
from tests.verapdf import violations
from workflow.models import LastingPaper

NOW = datetime(2026, 11, 26, 8, tzinfo=UTC)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def office(tmp_path: Path, clock: FixedClock) -> Iterator[Office]:
    with open_office(tmp_path / "home", clock=clock) as opened:
        yield opened


def rows(office: Office) -> list[LastingPaper]:
    with office.runtime.database.read() as session:
        return list(session.query(LastingPaper).order_by(LastingPaper.document_id))


def stamping_ends(office: Office) -> datetime:
    with office.runtime.database.read() as session:
        row = session.query(Certificate).where(Certificate.role == CertificateRole.TSA).one()
        return row.not_after


def newest(office: Office, document_id: UUID) -> tuple[VersionReason, bytes]:
    with office.runtime.database.read() as session:
        current = office.workflow.evidence._ingest.current(session, document_id)
        return VersionReason(current.reason), office.store.read(current.digest)


def test_every_paper_of_a_finished_case_has_its_end_written_down(office: Office) -> None:
    office.finished_contract()
    found = rows(office)
    assert len(found) == 2
    assert {row.holds_until for row in found} == {stamping_ends(office)}
    assert office.workflow.renewal.find() == 0


def test_papers_are_stamped_anew_by_the_next_authority_and_stay_valid(
    office: Office, clock: FixedClock
) -> None:
    office.finished_contract()
    first_end = stamping_ends(office)
    clock.advance(first_end - NOW - timedelta(days=100))
    office.signing.authority.renew_crls(timedelta(0))
    office.signing.certificates.renewals.run()
    assert office.workflow.renewal.find() == 2
    office.work_off()
    for row in rows(office):
        assert row.holds_until > first_end
        reason, pdf = newest(office, row.document_id)
        assert reason is VersionReason.TIMESTAMPED
        verdict = verify_pdf(pdf, office.roots(), clock.now())
        assert (verdict.outcome, verdict.archived) == (Outcome.VALID, True)
        # Long after the first authority's end the second stamp carries everything.
        later = verify_pdf(pdf, office.roots(), first_end + timedelta(days=30))
        assert all(
            one.trusted for one in later.facts.signatures if one.field_name != "VermilionArchiveTimestamp"
        )
    assert office.workflow.renewal.find() == 0


def test_without_a_later_authority_nothing_is_changed_and_the_reason_is_noted(
    office: Office, clock: FixedClock
) -> None:
    office.finished_contract()
    clock.advance(stamping_ends(office) - NOW - timedelta(days=10))
    office.signing.authority.renew_crls(timedelta(0))
    before = [(row.digest, row.holds_until) for row in rows(office)]
    assert not office.workflow.renewal.renew(rows(office)[0].document_id)
    assert [(row.digest, row.holds_until) for row in rows(office)] == before
    with office.runtime.database.read() as session:
        outlook = office.workflow.renewal.outlook(session)
    assert (outlook.papers, outlook.due, outlook.stuck) == (2, 2, 1)


def test_papers_of_an_older_release_are_looked_at(office: Office) -> None:
    office.finished_contract()
    before = [(row.document_id, row.digest, row.holds_until) for row in rows(office)]
    with office.runtime.database.write() as session:
        session.query(LastingPaper).delete()
    office.workflow.renewal.find()
    assert [(row.document_id, row.digest, row.holds_until) for row in rows(office)] == before


def test_a_sheet_stays_pdf_a_through_a_second_time_stamp(office: Office) -> None:
    papers = office.papers(office.finished_contract())
    assert violations(office.signing.add_evidence(papers["sheet"])) == []
