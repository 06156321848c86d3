"""Two people for every change of a seal, three different ones for custody, use and audit."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select

from core import people
from core.errors import Forbidden, InvalidInput, NotFound
from core.models import AuditEntry, Notice, Role, RoleAssignment
from signing.errors import (
    AuditorNotKeeper,
    KeeperNotAuditor,
    NotTheKeeper,
    SealAuthorisationExpired,
    SealChangeDone,
    SealChangeNotPossible,
    SealChangeOpen,
    SealChangeSamePerson,
    SealNotUsable,
    SealPeopleOverlap,
)
from signing.models import Certificate, Seal, SealChange, SealState
from signing.seal_changes import TABLE, ChangeKind, possible
from signing.seal_facts import SealFacts
from tests.office import Office
from tests.signing.test_sealing import authorise, prepare, record
from workflow.errors import FormInvalid

WHY = "业务需要"


def facts(office: Office, **other: object) -> SealFacts:
    people = office.company.people
    plain = {"name": "投标专用章", "kind": "free", "inscription": "投标专用章", "keeper_id": people["keeper"]}
    return SealFacts(office.company.entity_id, **{**plain, **other})  # type: ignore[arg-type]


def apply(office: Office, username: str = "admin", **other: object) -> UUID:
    with office.runtime.database.write() as session:
        life = office.signing.seal_life
        return life.apply(session, office.principal(username), facts(office, **other), WHY).id


def ask(office: Office, username: str, kind: ChangeKind, **detail: object) -> UUID:
    with office.runtime.database.write() as session:
        life = office.signing.seal_life
        return life.ask(
            session,
            office.principal(username),
            office.seal.id,
            kind,
            WHY,
            **detail,  # type: ignore[arg-type]
        ).id


def decide(office: Office, username: str, change_id: UUID, how: str = "agree") -> SealChange:
    with office.runtime.database.write() as session:
        verb: Callable[..., SealChange] = getattr(office.signing.seal_life, how)
        return verb(session, office.principal(username), change_id)


def seal_of(office: Office, seal_id: UUID | None = None) -> Seal:
    with office.runtime.database.read() as session:
        return session.get_one(Seal, seal_id or office.seal.id)


def notices_of(office: Office, username: str) -> list[str]:
    with office.runtime.database.read() as session:
        person = office.company.people[username]
        query = select(Notice.code).where(Notice.person_id == person, Notice.seen_at.is_(None))
        return list(session.scalars(query.order_by(Notice.at)))


def test_a_seal_is_applied_for_approved_and_taken_over_by_three_acts(office: Office) -> None:
    change_id = apply(office)
    assert notices_of(office, "legal") == ["seal-change-asked"]
    with pytest.raises(SealChangeSamePerson):
        decide(office, "admin", change_id)
    for username in ("keeper", "auditor"):
        with pytest.raises(Forbidden):
            decide(office, username, change_id)
    made = decide(office, "legal", change_id)
    assert made.seal_id is not None
    assert seal_of(office, made.seal_id).state == SealState.APPROVED
    assert notices_of(office, "legal") == []
    with office.runtime.database.read() as session:
        takeover = session.scalars(select(SealChange.id).where(SealChange.open_for == made.seal_id)).one()
    with pytest.raises(Forbidden):
        decide(office, "admin", takeover)
    with pytest.raises(NotFound):
        decide(office, "legal", takeover, "withdraw")
    decide(office, "keeper", takeover)
    assert seal_of(office, made.seal_id).state == SealState.ACTIVE
    with pytest.raises(SealChangeDone):
        decide(office, "legal", change_id)
    with office.runtime.database.read() as session:
        acts = set(session.scalars(select(AuditEntry.action).where(AuditEntry.action.like("seal.change%"))))
    assert acts == {"seal.change_asked", "seal.change_agreed"}


def test_who_has_no_part_in_seals_neither_asks_nor_sees_nor_decides(office: Office) -> None:
    with pytest.raises(Forbidden):
        apply(office, "staff")
    with pytest.raises(Forbidden):
        ask(office, "staff", ChangeKind.SUSPEND)
    change_id = ask(office, "keeper", ChangeKind.SUSPEND)
    with pytest.raises(Forbidden):
        decide(office, "staff", change_id)
    with pytest.raises(Forbidden), office.runtime.database.read() as session:
        office.signing.seal_life.lines(session, office.principal("staff"))


def test_suspending_and_using_again_need_two_people_each(office: Office) -> None:
    change_id = ask(office, "keeper", ChangeKind.SUSPEND)
    assert seal_of(office).state == SealState.ACTIVE
    with pytest.raises(SealChangeOpen):
        ask(office, "admin", ChangeKind.DESTROY)
    decide(office, "admin", change_id)
    assert seal_of(office).state == SealState.SUSPENDED
    with pytest.raises(SealNotUsable):
        authorise(office)
    with pytest.raises(SealChangeNotPossible):
        ask(office, "admin", ChangeKind.SUSPEND)
    decide(office, "legal", ask(office, "admin", ChangeKind.RESUME))
    assert seal_of(office).state == SealState.ACTIVE


def test_a_seal_that_was_suspended_meanwhile_is_not_recorded(office: Office) -> None:
    sealed = prepare(office, authorise(office))
    decide(office, "admin", ask(office, "keeper", ChangeKind.SUSPEND))
    with pytest.raises(SealNotUsable):
        record(office, sealed)


def test_a_lost_seal_rests_at_once_and_its_certificate_is_revoked(office: Office) -> None:
    authorisation = authorise(office)
    sealed = prepare(office, authorisation)
    change_id = ask(office, "keeper", ChangeKind.LOSE)
    assert seal_of(office).state == SealState.SUSPENDED
    decide(office, "admin", change_id, "refuse")  # it was found again
    assert seal_of(office).state == SealState.ACTIVE
    decide(office, "admin", ask(office, "keeper", ChangeKind.LOSE))
    seal = seal_of(office)
    assert seal.state == SealState.LOST
    with office.runtime.database.read() as session:
        certificate = session.get_one(Certificate, seal.certificate_id)
        assert (certificate.revocation_reason, certificate.revoked_at is not None) == ("keyCompromise", True)
    for error, verb in ((SealAuthorisationExpired, prepare), (SealNotUsable, authorise)):
        with pytest.raises(error):
            verb(office, authorisation) if verb is prepare else verb(office)  # type: ignore[operator]
    with pytest.raises(SealAuthorisationExpired):
        record(office, sealed)


def test_a_destroyed_seal_has_no_key_any_more(office: Office) -> None:
    decide(office, "legal", ask(office, "admin", ChangeKind.DESTROY))
    seal = seal_of(office)
    assert (seal.state, seal.wrapped_key) == (SealState.DESTROYED, b"")
    assert possible(SealState.DESTROYED) == []
    with pytest.raises(SealChangeNotPossible):
        ask(office, "admin", ChangeKind.RESUME)


def test_a_new_keeper_takes_over_with_the_open_tasks(office: Office) -> None:
    office.company.add("keeper2", "钱芳", "office", Role.SEAL_KEEPER)
    from tests.builders import PIN

    office.signing.enrol(office.principal("keeper2"), PIN)
    case_id = office.submit_contract()
    office.approve_all(case_id)
    new = office.company.people["keeper2"]
    with pytest.raises(InvalidInput):
        ask(office, "admin", ChangeKind.HAND_OVER, keeper_id=office.company.people["staff"])
    change_id = ask(office, "admin", ChangeKind.HAND_OVER, keeper_id=new)
    with pytest.raises(Forbidden):
        decide(office, "legal", change_id)
    decide(office, "keeper2", change_id)
    office.work_off()
    assert office.view("keeper2", case_id).my_task is not None
    assert office.view("keeper", case_id).my_task is None
    with pytest.raises(NotTheKeeper):
        prepare(office, authorise(office))


def test_custody_use_and_audit_are_three_people(office: Office) -> None:
    people = office.company.people
    for overlapping in (
        {"auditor_id": people["keeper"]},
        {"user_ids": (people["keeper"],)},
        {"auditor_id": people["auditor"], "user_ids": (people["auditor"],)},
    ):
        with pytest.raises(SealPeopleOverlap):
            apply(office, **overlapping)
    change_id = ask(
        office, "admin", ChangeKind.PEOPLE, auditor_id=people["auditor"], user_ids=[people["other"]]
    )
    decide(office, "legal", change_id)
    with pytest.raises(FormInvalid) as refused:
        office.submit_contract("staff")
    assert [error.code for error in refused.value.problems.values()] == ["seal-not-for-you"]
    office.submit_contract("other")


@pytest.mark.parametrize(
    ("username", "role", "error"),
    [("keeper", Role.AUDITOR, KeeperNotAuditor), ("auditor", Role.SEAL_KEEPER, AuditorNotKeeper)],
)
def test_nobody_is_given_custody_and_audit(
    office: Office, username: str, role: Role, error: type[Exception]
) -> None:
    now, person = office.runtime.clock.now(), office.company.people[username]
    for first in (now.date(), now.date() + timedelta(days=400)):
        with pytest.raises(error), office.runtime.database.write() as session:
            people.assign_role(session, person, role, first, now)


def test_an_auditor_whose_role_ends_may_keep_seals_from_the_day_after(office: Office) -> None:
    today, now = office.runtime.clock.now().date(), office.runtime.clock.now()
    with office.runtime.database.write() as session:
        held = session.scalars(select(RoleAssignment).where(RoleAssignment.role == Role.AUDITOR)).one()
        people.end_role(session, held.id, today, now)
    person = office.company.people["auditor"]
    with pytest.raises(AuditorNotKeeper), office.runtime.database.write() as session:
        people.assign_role(session, person, Role.SEAL_KEEPER, today, now)
    with office.runtime.database.write() as session:
        people.assign_role(session, person, Role.SEAL_KEEPER, today + timedelta(days=1), now)


def test_who_became_an_auditor_in_some_other_way_takes_no_seal_over(office: Office) -> None:
    made = decide(office, "legal", apply(office))
    with office.runtime.database.write() as session:
        day, person = office.runtime.clock.now().date(), office.company.people["keeper"]
        session.add(RoleAssignment(person_id=person, role=Role.AUDITOR, valid_from=day))
    with pytest.raises(SealPeopleOverlap):
        apply(office)
    with office.runtime.database.read() as session:
        waits = session.scalars(select(SealChange.id).where(SealChange.open_for == made.seal_id)).one()
    with pytest.raises(SealPeopleOverlap):
        decide(office, "keeper", waits)


def test_a_keeper_does_not_apply_for_their_own_seal(office: Office) -> None:
    with pytest.raises(FormInvalid) as refused:
        office.submit_contract("keeper")
    assert [error.code for error in refused.value.problems.values()] == ["seal-not-for-you"]


def test_what_one_asked_for_one_takes_back(office: Office) -> None:
    change_id = ask(office, "keeper", ChangeKind.LOSE)
    with pytest.raises(NotFound):
        decide(office, "admin", change_id, "withdraw")
    decide(office, "keeper", change_id, "withdraw")
    assert seal_of(office).state == SealState.ACTIVE
    with office.runtime.database.read() as session:
        assert session.scalar(select(func.count()).where(SealChange.id == change_id)) == 1
        line = office.signing.seal_life.lines(session, office.principal("auditor"), seal_id=office.seal.id)[0]
    assert (line.change.outcome, line.asked_by, line.may_agree) == ("withdrawn", "孙丽", False)


def test_no_change_begins_in_the_state_it_leads_to_and_nothing_leaves_the_last_state() -> None:
    for begins, leads_to in TABLE.values():
        assert leads_to not in begins
        assert SealState.DESTROYED not in begins
