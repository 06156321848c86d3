"""When a key goes from its token: after the commit, again while the token is away, never while it is used.

The token here is a stand-in for what ``python-pkcs11`` gives; ``test_pkcs11`` does the same with SoftHSM.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pkcs11
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import delete, func, select

from core.models import AuditEntry, OutboxJob
from core.pkcs11 import Token, TokenUnavailable
from signing.custody_models import KeyLocation
from signing.models import Seal
from signing.seal_changes import ChangeKind
from signing.seal_keys import Offer
from signing.slot_ends import TASK
from tests.office import Office, open_office
from tests.seals import make_seal

LABEL, KEY_ID = "seal-key", "0a"


@dataclass
class _Object:
    kind: pkcs11.ObjectClass
    label: str
    key_id: bytes
    token: StandIn

    def destroy(self) -> None:
        self.token.objects.remove(self)


@dataclass
class StandIn:
    """Objects by class, label and id, as a session finds them."""

    is_away: bool = False
    objects: list[_Object] = field(default_factory=list)
    asked: int = 0

    def add_pair(self, label: str, key_id: bytes) -> None:
        for kind in (pkcs11.ObjectClass.PRIVATE_KEY, pkcs11.ObjectClass.PUBLIC_KEY):
            self.objects.append(_Object(kind, label, key_id, self))

    def get_objects(self, wanted: dict[Any, Any]) -> Iterator[_Object]:
        attribute = pkcs11.Attribute
        for one in list(self.objects):
            if (one.kind, one.label) == (wanted[attribute.CLASS], wanted[attribute.LABEL]) and wanted.get(
                attribute.ID, one.key_id
            ) == one.key_id:
                yield one

    def use(self, act: Callable[[Any], Any]) -> Any:
        self.asked += 1
        if self.is_away:
            raise TokenUnavailable(token="t", reason="TokenNotPresent")
        return act(self)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with open_office(tmp_path_factory.mktemp("slots") / "home") as made:
        yield made


@pytest.fixture
def token(office: Office, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    with office.runtime.database.write() as session:  # no seal of another test signs with its keys
        session.execute(delete(KeyLocation))
    made = StandIn()
    made.add_pair(LABEL, b"\x0a")
    made.add_pair(LABEL, b"\x0b")  # of somebody else
    monkeypatch.setattr(Token, "of", classmethod(lambda _cls, _settings: made))
    return made


def seal_in_slot(office: Office, name: str) -> Seal:
    seal = make_seal(office.signing, office.company, name)
    with office.runtime.database.write() as session:
        session.add(
            KeyLocation(
                certificate_id=seal.certificate_id, token="t", label=LABEL, key_id=KEY_ID,
                details={"version": 1},
            )
        )  # fmt: skip
    return seal


def offer(office: Office, seal: Seal, offered: Offer) -> UUID:
    with office.runtime.database.write() as session:
        life = office.signing.seal_life
        return life.offer_key(session, office.principal("admin"), seal.id, offered, "换密钥").id


def slot_offer(key_id: str) -> Offer:
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    return Offer(public, None, place={"token": "t", "label": LABEL, "key_id": key_id})


def destroy(office: Office, seal: Seal) -> None:
    with office.runtime.database.write() as session:
        life = office.signing.seal_life
        change = life.ask(session, office.principal("admin"), seal.id, ChangeKind.DESTROY, "到期")
        life.agree(session, office.principal("legal"), change.id)


def place(office: Office, seal: Seal) -> KeyLocation:
    with office.runtime.database.read() as session:
        return session.get_one(KeyLocation, seal.certificate_id)


def jobs(office: Office) -> int:
    with office.runtime.database.read() as session:
        return session.scalar(select(func.count()).where(OutboxJob.task == TASK)) or 0


def remarks(office: Office) -> set[str]:
    with office.runtime.database.read() as session:
        return {one.code for one in office.signing.standing(session)}


def test_a_key_that_two_seals_share_goes_with_the_second(office: Office, token: StandIn) -> None:
    first, second = seal_in_slot(office, "甲"), seal_in_slot(office, "乙")
    destroy(office, first)
    assert token.asked == 0 and jobs(office) == 1  # nothing before the commit, and not in it
    office.work_off()
    assert len(token.objects) == 4 and place(office, first).destroyed_at is None
    assert "slot-keys-waiting" in remarks(office)
    destroy(office, second)
    office.work_off()
    assert {one.key_id for one in token.objects} == {b"\x0b"}
    assert place(office, first).destroyed_at and place(office, second).destroyed_at
    assert "slot-keys-waiting" not in remarks(office)
    with office.runtime.database.read() as session:
        action = AuditEntry.action == "seal.key_destroyed"
        assert session.scalar(select(func.count()).select_from(AuditEntry).where(action)) == 2


def test_a_token_that_is_away_is_asked_again(office: Office, token: StandIn) -> None:
    seal = seal_in_slot(office, "丙")
    token.is_away = True
    destroy(office, seal)
    office.work_off()
    assert place(office, seal).destroyed_at is None and jobs(office) == 1  # it waits for its next try
    with pytest.raises(TokenUnavailable):
        office.signing.slot_ends.destroy_due()
    token.is_away = False
    assert office.signing.slot_ends.destroy_due() == 1
    assert office.signing.slot_ends.destroy_due() == 0
    assert len(token.objects) == 2


def test_a_refused_destruction_touches_no_token(office: Office, token: StandIn) -> None:
    seal = seal_in_slot(office, "丁")
    with office.runtime.database.write() as session:
        life = office.signing.seal_life
        change = life.ask(session, office.principal("admin"), seal.id, ChangeKind.DESTROY, "到期")
        life.refuse(session, office.principal("legal"), change.id)
    office.signing.slot_ends.destroy_due()
    assert len(token.objects) == 4 and place(office, seal).destroy_since is None


def test_a_key_that_its_seal_signs_with_no_more_goes(office: Office, token: StandIn) -> None:
    seal = seal_in_slot(office, "戊")
    change = offer(office, seal, office.signing.sealing.keys.new_offer())
    office.work_off()
    assert len(token.objects) == 4  # asked for, not agreed to
    office.signing.decide_seal_change(office.principal("legal"), change, "agree")
    office.work_off()
    assert {one.key_id for one in token.objects} == {b"\x0b"}
    assert place(office, seal).destroyed_at


def test_a_new_certificate_over_the_same_key_leaves_it_alone(office: Office, token: StandIn) -> None:
    seal = seal_in_slot(office, "己")
    change = offer(office, seal, slot_offer(KEY_ID))
    office.signing.decide_seal_change(office.principal("legal"), change, "agree")
    office.work_off()
    assert len(token.objects) == 4 and place(office, seal).destroy_since is None
    assert "slot-keys-waiting" not in remarks(office)


def test_a_key_that_is_offered_to_a_seal_stays_until_that_is_decided(office: Office, token: StandIn) -> None:
    gone, other = seal_in_slot(office, "庚"), make_seal(office.signing, office.company, "辛")
    change = offer(office, other, slot_offer(KEY_ID))
    destroy(office, gone)
    office.work_off()
    assert len(token.objects) == 4 and place(office, gone).destroyed_at is None
    office.signing.decide_seal_change(office.principal("legal"), change, "refuse")
    assert office.signing.slot_ends.destroy_due() == 1
    assert len(token.objects) == 2
