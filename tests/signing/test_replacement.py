"""A forgotten PIN, and a changed one: who may do what, when, and what stays valid."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from core import audit
from core.clock import FixedClock
from core.errors import NotFound
from core.models import AuditEntry, Notice, SignIn
from core.sign_in import SignInService, binding
from signing.errors import (
    AlreadyEnrolled,
    NotEnrolled,
    ReplacementNeedsOther,
    ReplacementNotOpen,
    SigningSessionOver,
    WrongPin,
)
from signing.models import Certificate, Credential
from signing.verification import verify_pdf
from tests import homes
from tests.builders import PASSWORD, PIN
from tests.office import Office, open_office

NEW = "907354"


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(homes.TODAY)


@pytest.fixture
def office(tmp_path: Path, empty_database_url: str, clock: FixedClock) -> Iterator[Office]:
    with open_office(tmp_path / "home", empty_database_url, clock) as made:
        yield made


def state(office: Office, username: str) -> str | None:
    with office.runtime.database.read() as session:
        found = office.signing.replacements.of(session, office.company.people[username])
    return None if found is None else found.state


def told(office: Office, username: str) -> set[str]:
    with office.runtime.database.read() as session:
        return set(
            session.scalars(select(Notice.code).where(Notice.person_id == office.company.people[username]))
        )


def test_a_new_key_needs_the_owner_a_second_person_and_time(office: Office, clock: FixedClock) -> None:
    head, replacements = office.principal("head"), office.signing.replacements
    case_id = office.submit_contract()
    office.decide("head", case_id)
    signed = office.papers(case_id)["sheet"]
    with office.runtime.database.read() as session:
        old = session.scalars(
            select(Certificate)
            .join(Credential, Credential.certificate_id == Certificate.id)
            .where(Credential.person_id == head.person_id)
        ).one()
    with pytest.raises(ReplacementNotOpen):  # nobody begins it for the owner
        replacements.consent(office.principal("admin"), head.person_id)
    first = replacements.ask(head)
    assert replacements.ask(head) == first
    assert state(office, "head") == "asked"
    with pytest.raises(AlreadyEnrolled):
        office.signing.enrol(head, NEW)
    with pytest.raises(ReplacementNeedsOther):
        replacements.consent(head, head.person_id)
    with pytest.raises(NotFound):  # a colleague is no second person
        replacements.consent(office.principal("staff"), head.person_id)
    due = replacements.consent(office.principal("gm"), head.person_id)
    assert due - clock.now() == timedelta(hours=24)
    assert state(office, "head") == "waiting"
    with pytest.raises(AlreadyEnrolled):
        office.signing.enrol(head, NEW)
    clock.advance(timedelta(hours=24, seconds=1))
    assert state(office, "head") == "ready"
    made = office.signing.enrol(head, NEW)
    assert state(office, "head") == "done"
    assert made.serial_number != old.serial_number
    with office.runtime.database.read() as session:
        row = session.get_one(Certificate, old.id)
        envelopes = session.scalars(
            select(Credential.envelope).where(Credential.certificate_id == old.id)
        ).all()
        acts = session.scalars(
            select(AuditEntry.action).where(AuditEntry.action.startswith("key_replacement"))
        ).all()
    assert (row.revocation_reason, row.revoked_at is not None) == ("superseded", True)
    assert envelopes == [{}]
    assert sorted(acts) == ["key_replacement.asked", "key_replacement.consented", "key_replacement.done"]
    assert office.signing.unlock(head.person_id, NEW).name == "王芳"
    with pytest.raises(WrongPin):
        office.signing.unlock(head.person_id, PIN)
    verdict = verify_pdf(signed, office.roots(), clock.now())
    assert verdict.outcome == "valid"
    assert {"key-replacement-asked", "key-replacement-consented", "key-replacement-done"} <= told(
        office, "head"
    )
    with pytest.raises(AlreadyEnrolled):
        office.signing.enrol(head, "551849")


def test_the_owner_stops_it_and_the_old_key_stays(office: Office, clock: FixedClock) -> None:
    head, replacements = office.principal("head"), office.signing.replacements
    replacements.ask(head)
    replacements.consent(office.principal("admin"), head.person_id)
    with pytest.raises(NotFound):
        replacements.stop(office.principal("other"), head.person_id)
    replacements.stop(head, head.person_id)
    clock.advance(timedelta(days=2))
    assert state(office, "head") == "stopped"
    with pytest.raises(AlreadyEnrolled):
        office.signing.enrol(head, NEW)
    assert office.signing.unlock(head.person_id, PIN).name == "王芳"
    assert "key-replacement-stopped" in told(office, "admin")


def test_who_gave_a_new_password_cannot_also_consent(office: Office, clock: FixedClock) -> None:
    head, admin = office.principal("head"), office.principal("admin")
    with office.runtime.database.write() as session:
        audit.record(session, clock.now(), admin.person_id, "person.password_reset", "person", head.person_id)
    office.signing.replacements.ask(head)
    with pytest.raises(ReplacementNeedsOther):
        office.signing.replacements.consent(admin, head.person_id)
    office.signing.replacements.consent(office.principal("gm"), head.person_id)


def test_a_wish_or_a_consent_that_nobody_uses_lapses(office: Office, clock: FixedClock) -> None:
    head = office.principal("head")
    office.signing.replacements.ask(head)
    clock.advance(timedelta(days=15))
    assert state(office, "head") == "lapsed"
    with pytest.raises(ReplacementNotOpen):
        office.signing.replacements.consent(office.principal("gm"), head.person_id)
    office.signing.replacements.ask(head)
    office.signing.replacements.consent(office.principal("gm"), head.person_id)
    clock.advance(timedelta(days=16))
    assert state(office, "head") == "lapsed"
    office.signing.authority.renew_crls()
    with pytest.raises(AlreadyEnrolled):
        office.signing.enrol(head, NEW)


def test_without_a_key_there_is_none_to_replace(office: Office) -> None:
    with pytest.raises(NotEnrolled):
        office.signing.replacements.ask(office.principal("auditor"))


def test_a_locked_key_is_replaced_and_the_lock_goes_with_it(office: Office, clock: FixedClock) -> None:
    head = office.principal("head")
    for _ in range(15):
        with pytest.raises(WrongPin):
            office.signing.unlock(head.person_id, NEW)
        clock.advance(timedelta(hours=1))
    office.signing.replacements.ask(head)
    office.signing.replacements.consent(office.principal("gm"), head.person_id)
    clock.advance(timedelta(hours=25))
    office.signing.enrol(head, NEW)
    assert office.signing.unlock(head.person_id, NEW).name == "王芳"


def test_a_changed_pin_ends_other_sign_ins_and_signing_sessions(office: Office) -> None:
    head, service = office.principal("head"), office.runtime.get(SignInService)
    here = binding(service.sign_in("head", PASSWORD, "127.0.0.1").token)
    service.sign_in("head", PASSWORD, "127.0.0.2")
    running = office.signing.open_session(head, PIN, here, ["a" * 64])
    office.signing.change_pin(head, PIN, NEW, here)
    with pytest.raises(SigningSessionOver):
        office.signing.sessions.take(running, head.person_id, here, "a" * 64)
    with office.runtime.database.read() as session:
        left = session.scalars(select(SignIn.token_digest).where(SignIn.person_id == head.person_id)).all()
        acts = session.scalars(select(AuditEntry.action)).all()
    assert left == [here.removeprefix("sign-in:")]
    assert acts.count("credential.pin_changed") == 1
    assert "pin-changed" in told(office, "head")
    assert office.signing.unlock(head.person_id, NEW).name == "王芳"
