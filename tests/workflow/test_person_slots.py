"""Approvals, a batch and a seal by people whose keys lie in PKCS#11 tokens of their own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyotp
import pytest

from core.pkcs11 import TokenAway
from signing import trust
from signing.errors import SecondFactorNeeded, WrongPin
from signing.verification import verify_pdf
from tests import independent
from tests.builders import PIN
from tests.office import Office, open_office
from tests.outside import OutsideAuthority, name_of
from tests.signing.softhsm import SoftToken, make_token
from tests.workflow.batching import apply_for_leave, approve, shown, signed_in
from workflow.batch_models import ItemState
from workflow.models import CaseState

pytestmark = pytest.mark.xdist_group("softhsm")
TOKEN_PIN = "483-1592"
PEOPLE = {"head": ("王芳", "EC"), "gm": ("陈总", "RSA"), "keeper": ("孙丽", "EC")}


@pytest.fixture(scope="module")
def elsewhere() -> OutsideAuthority:
    return OutsideAuthority(datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1))


@pytest.fixture(scope="module")
def soft(tmp_path_factory: pytest.TempPathFactory, elsewhere: OutsideAuthority) -> SoftToken:
    made = make_token(tmp_path_factory.mktemp("office"), "server-of-office")
    for username, (name, kind) in PEOPLE.items():
        made.add_token(username, TOKEN_PIN)
        key: Any = made.make_key(username, TOKEN_PIN, "sign", b"\x01", kind)
        made.put_certificate(username, TOKEN_PIN, "sign", b"\x01", elsewhere.issue(name_of(name), key))
        made.put_certificate(username, TOKEN_PIN, "issuing", b"\x77", elsewhere.issuing)
    return made


@pytest.fixture
def office(tmp_path: Path, soft: SoftToken, elsewhere: OutsideAuthority) -> Iterator[Office]:
    with open_office(tmp_path / "home", **soft.settings(tmp_path)) as made:
        with made.runtime.database.write() as session:
            trust.add_root(
                session, made.runtime.clock, None, elsewhere.root_pem, "signatures", "signs for us"
            )
        for username in PEOPLE:
            person = made.principal(username)
            made.signing.person_slots.assign(made.principal("admin"), person.person_id, username)
            made.signing.take_slot(person, username, "", TOKEN_PIN, PIN)
        for data in elsewhere.lists():
            made.signing.outside_lists.take(made.principal("admin"), data)
        yield made


def test_a_contract_is_approved_and_sealed_with_keys_in_tokens(office: Office, tmp_path: Path) -> None:
    case_id = office.submit_contract()
    with pytest.raises(WrongPin):
        office.decide("head", case_id)  # the PIN from before
    office.decide("head", case_id, comment="同意", pin=TOKEN_PIN)
    office.approve_all(case_id, "legal", "finance")
    office.decide("gm", case_id, comment="同意", pin=TOKEN_PIN)  # in the contract itself too
    office.signing.change_pin(office.principal("keeper"), TOKEN_PIN, PIN)
    office.apply_seal(case_id)
    office.signing.change_pin(office.principal("keeper"), PIN, TOKEN_PIN)
    office.work_off()
    papers, signers = office.papers(case_id), {"sheet": ["王芳", "陈总"], "document": ["陈总"]}
    for name, pdf in papers.items():
        verdict = verify_pdf(pdf, office.roots(), office.runtime.clock.now() + timedelta(minutes=1))
        assert verdict.outcome == "valid", name
        theirs = [one for one in verdict.facts.signatures if one.signer in ("王芳", "陈总")]
        assert [one.signer for one in theirs] == signers[name]
        assert {(one.trusted, one.level) for one in theirs} == {(True, "B-LTA")}, name
        (tmp_path / name).write_bytes(pdf)
        said = independent.pdfsig(tmp_path / name)
        assert said and set(said) == {"Signature is Valid."}
    assert office.view("staff", case_id).case.state == CaseState.COMPLETED


def test_a_batch_is_signed_with_one_entry_of_the_tokens_pin_and_a_code(office: Office) -> None:
    head = office.principal("head")
    apply_for_leave(office.runtime, office.principal("admin"), office.principal("staff"), 3)
    office.signing.check_factor_change(head, TOKEN_PIN)
    made = office.signing.factors.begin_totp(head, "手机")
    clock = pyotp.TOTP(made.secret)
    now = int(office.runtime.clock.now().timestamp())
    office.signing.factors.confirm_totp(head, made.id, clock.at(now))
    with office.runtime.database.write() as session:
        office.signing.factors.set_policy(session, office.principal("admin"), "all")
    sign_in, wanted = signed_in(office.runtime, "head"), shown(office.runtime, head)
    with pytest.raises(SecondFactorNeeded):
        approve(office.runtime, head, sign_in, wanted, pin=TOKEN_PIN)
    digests = [one.shown_digest for one in wanted]
    office.signing.factors.show_code(head.person_id, clock.at(now + 30), digests)
    with pytest.raises(WrongPin):
        approve(office.runtime, head, sign_in, wanted)
    view = approve(office.runtime, head, sign_in, wanted, pin=TOKEN_PIN)
    assert view.count(ItemState.DONE) == 3


def test_a_decision_without_its_token_changes_nothing(office: Office, soft: SoftToken) -> None:
    case_id = office.submit_contract()
    before = office.view("head", case_id)
    tokens, away = soft.folder / "tokens", soft.folder / "away"
    tokens.rename(away)
    tokens.mkdir()
    soft.look_again()
    try:
        with pytest.raises(TokenAway):
            office.decide("head", case_id, pin=TOKEN_PIN)
    finally:
        tokens.rmdir()
        away.rename(tokens)
        soft.look_again()
    after = office.view("head", case_id)
    assert after.sheet.digest == before.sheet.digest
    assert after.my_task is not None
    office.decide("head", case_id, pin=TOKEN_PIN)
