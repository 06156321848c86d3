"""The second factor: asked for as the organisation says, good for what it was shown for, once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pyotp
import pytest
from sqlalchemy import select

from core.clock import FixedClock
from core.errors import Forbidden, InvalidInput
from core.models import AuditEntry
from signing.custody_models import RecoveryCode, SecondFactor
from signing.errors import (
    PinBlocked,
    SecondFactorMissing,
    SecondFactorNeeded,
    SecondFactorWrong,
    WrongPin,
)
from signing.second_factor import MANAGING
from tests import homes
from tests.builders import PIN
from tests.office import Office, open_office
from tests.workflow.batching import apply_for_leave, approve, shown, signed_in
from workflow.batch_models import ItemState
from workflow.models import CaseState

A, B = "a" * 64, "b" * 64


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(homes.TODAY)


@pytest.fixture
def office(tmp_path: Path, empty_database_url: str, clock: FixedClock) -> Iterator[Office]:
    with open_office(tmp_path / "home", empty_database_url, clock) as made:
        yield made


class Phone:
    """An authenticator, on the test's clock."""

    def __init__(self, secret: str, clock: FixedClock) -> None:
        self._totp = pyotp.TOTP(secret)
        self._clock = clock

    def code(self, steps: int = 0) -> str:
        return self._totp.at(int(self._clock.now().timestamp()) + 30 * steps)

    def next_code(self) -> str:
        """A code that was not used yet."""
        self._clock.advance(timedelta(seconds=30))
        return self.code()


def policy(office: Office, value: str) -> None:
    with office.runtime.database.write() as session:
        office.signing.factors.set_policy(session, office.principal("admin"), value)


def set_up(office: Office, username: str, clock: FixedClock) -> tuple[Phone, list[str]]:
    person = office.principal(username)
    office.signing.check_factor_change(person, PIN)
    made = office.signing.factors.begin_totp(person, "手机")
    assert made.secret in made.address
    phone = Phone(made.secret, clock)
    return phone, list(office.signing.factors.confirm_totp(person, made.id, phone.code()))


def test_a_signature_needs_a_code_shown_for_it_where_the_organisation_says_so(
    office: Office, clock: FixedClock
) -> None:
    head, factors = office.company.people["head"], office.signing.factors
    phone, _codes = set_up(office, "head", clock)
    assert office.signing.unlock(head, PIN, [A]).name == "王芳"  # off
    policy(office, "all")
    with pytest.raises(SecondFactorNeeded):
        office.signing.unlock(head, PIN, [A])
    factors.show_code(head, phone.next_code(), [A])
    with pytest.raises(SecondFactorNeeded):  # not what it was shown for
        office.signing.unlock(head, PIN, [B])
    with pytest.raises(SecondFactorNeeded):
        office.signing.unlock(head, PIN, [A, B])
    with pytest.raises(SecondFactorNeeded):
        office.signing.unlock(head, PIN)
    with pytest.raises(WrongPin):  # a wrong PIN costs no second code
        office.signing.unlock(head, "907354", [A])
    assert office.signing.unlock(head, PIN, [A]).name == "王芳"
    with pytest.raises(SecondFactorNeeded):  # used up
        office.signing.unlock(head, PIN, [A])
    factors.show_code(head, phone.next_code(), [A])
    clock.advance(timedelta(minutes=6))
    with pytest.raises(SecondFactorNeeded):
        office.signing.unlock(head, PIN, [A])


def test_a_code_is_used_once_and_only_around_its_time(office: Office, clock: FixedClock) -> None:
    head, factors = office.company.people["head"], office.signing.factors
    phone, _codes = set_up(office, "head", clock)
    used = phone.next_code()
    factors.show_code(head, used, [A])
    for _ in range(2):
        with pytest.raises(SecondFactorWrong):
            factors.show_code(head, used, [B])
    with pytest.raises(SecondFactorWrong):  # older than one that was used
        factors.show_code(head, phone.code(-1), [B])
    with pytest.raises(SecondFactorWrong):
        factors.show_code(head, phone.code(2), [B])
    factors.show_code(head, phone.code(1), [B])
    with pytest.raises(SecondFactorMissing):
        factors.show_code(office.company.people["gm"], "123456", [A])
    with pytest.raises(InvalidInput):
        factors.show_code(head, "123456", ["short"])


def test_guesses_at_codes_are_counted_and_slowed_down(office: Office, clock: FixedClock) -> None:
    head, factors = office.company.people["head"], office.signing.factors
    set_up(office, "head", clock)
    for _ in range(5):
        with pytest.raises(SecondFactorWrong):
            factors.show_code(head, "x00000", [A])
    with pytest.raises(PinBlocked):
        factors.show_code(head, "x00000", [A])
    assert office.signing.unlock(head, PIN, [A]).name == "王芳"  # the PIN is counted apart


def test_one_code_sent_many_times_at_once_is_taken_once(office: Office, clock: FixedClock) -> None:
    head, factors = office.company.people["head"], office.signing.factors
    phone, _codes = set_up(office, "head", clock)
    code, taken = phone.next_code(), []

    def show() -> None:
        try:
            factors.show_code(head, code, [A])
            taken.append(1)
        except (SecondFactorWrong, PinBlocked):
            pass

    threads = [threading.Thread(target=show) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert taken == [1]


def test_recovery_codes_work_once_each_and_are_kept_as_digests(office: Office, clock: FixedClock) -> None:
    head, factors = office.company.people["head"], office.signing.factors
    phone, codes = set_up(office, "head", clock)
    assert len(set(codes)) == 10
    with office.runtime.database.read() as session:
        kept = "".join(session.scalars(select(RecoveryCode.digest)))
        wrapped = session.scalars(select(SecondFactor.wrapped_secret)).one()
        audited = str(session.scalars(select(AuditEntry.payload)).all())
    for code in codes:
        assert code not in kept + audited and code.replace("-", "") not in kept + audited
    assert wrapped is not None and phone._totp.secret.encode() not in wrapped
    factors.show_code(head, codes[3].lower(), [A])
    with pytest.raises(SecondFactorWrong):
        factors.show_code(head, codes[3], [A])
    with office.runtime.database.read() as session:
        assert factors.recovery_left(session, head) == 9


def test_a_factor_is_added_and_removed_with_pin_and_factor(office: Office, clock: FixedClock) -> None:
    head, factors = office.principal("head"), office.signing.factors
    with pytest.raises(WrongPin):
        office.signing.check_factor_change(head, "907354")
    phone, _codes = set_up(office, "head", clock)
    with pytest.raises(SecondFactorNeeded):  # who has the PIN alone adds and removes nothing
        office.signing.check_factor_change(head, PIN)
    factors.show_code(head.person_id, phone.next_code(), [MANAGING])
    office.signing.check_factor_change(head, PIN)
    with office.runtime.database.read() as session:
        mine = factors.list(session, head.person_id)
    factors.remove(head, mine[0].id)
    with office.runtime.database.read() as session:
        assert factors.list(session, head.person_id) == []
        assert factors.recovery_left(session, head.person_id) == 0


def test_for_seals_only_the_keeper_is_asked(office: Office, clock: FixedClock) -> None:
    policy(office, "seals")
    phone, _codes = set_up(office, "keeper", clock)
    case_id = office.submit_contract()
    office.approve_all(case_id)
    with pytest.raises(SecondFactorNeeded):
        office.apply_seal(case_id)
    view = office.view("keeper", case_id)
    digests = [view.sheet.digest, *(one.digest for one in view.documents if one.is_signed_in_place)]
    office.signing.factors.show_code(office.company.people["keeper"], phone.next_code(), digests)
    office.apply_seal(case_id)
    office.work_off()
    assert office.view("staff", case_id).case.state == CaseState.COMPLETED


def test_one_code_covers_the_batch_it_was_shown_for(office: Office, clock: FixedClock) -> None:
    policy(office, "all")
    phone, _codes = set_up(office, "head", clock)
    apply_for_leave(office.runtime, office.principal("admin"), office.principal("staff"), 3)
    head, sign_in = office.principal("head"), signed_in(office.runtime, "head")
    wanted = shown(office.runtime, head)
    office.signing.factors.show_code(
        head.person_id, phone.next_code(), [one.shown_digest for one in wanted[:2]]
    )
    with pytest.raises(SecondFactorNeeded):
        approve(office.runtime, head, sign_in, wanted)
    view = approve(office.runtime, head, sign_in, wanted[:2])
    assert view.count(ItemState.DONE) == 2


def test_only_administrators_decide_where_it_is_asked_for(office: Office) -> None:
    with office.runtime.database.write() as session:
        with pytest.raises(Forbidden):
            office.signing.factors.set_policy(session, office.principal("keeper"), "off")
        with pytest.raises(InvalidInput):
            office.signing.factors.set_policy(session, office.principal("admin"), "sometimes")


def test_with_a_new_key_the_old_factors_are_gone(office: Office, clock: FixedClock) -> None:
    head = office.principal("head")
    set_up(office, "head", clock)
    office.signing.replacements.ask(head)
    office.signing.replacements.consent(office.principal("gm"), head.person_id)
    clock.advance(timedelta(hours=25))
    office.signing.enrol(head, "907354")
    with office.runtime.database.read() as session:
        assert office.signing.factors.list(session, head.person_id) == []
