"""Another key for a seal: offered by one person, agreed to by another, and then it signs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import select

from core.errors import Forbidden, SettingUnusable
from core.models import AuditEntry
from core.rotation import Wrapped
from signing import seal_fields, trust
from signing.custody_models import KeyLocation
from signing.errors import CertificateUnfit, SealChangeNotPossible, SealChangeOpen, SealChangeSamePerson
from signing.fields import FieldSpec, Straddle
from signing.models import Certificate, Seal, SealChange, SealKeyOffer
from signing.pkcs11 import SlotKeyFound
from signing.seal_changes import ChangeKind, possible
from signing.seal_keys import Offer, from_file, from_slot
from signing.verification import verify_pdf
from signing.verification.facts import Kind
from signing.wrapped import WRAPPED
from tests.builders import PIN
from tests.office import Office, contract_pdf, open_office
from tests.outside import PASSWORD, OutsideAuthority, name_of

NAME = "云杉测试科技有限公司"


@pytest.fixture(scope="module")
def elsewhere() -> OutsideAuthority:
    return OutsideAuthority(datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1))


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, elsewhere: OutsideAuthority) -> Iterator[Office]:
    """An office whose seal gets one key after the other."""
    with open_office(tmp_path_factory.mktemp("keys") / "home") as made:
        with made.runtime.database.write() as session:
            trust.add_root(session, made.runtime.clock, None, elsewhere.root_pem, "both", "seals for us")
        yield made


def offered(elsewhere: OutsideAuthority, subject: str = NAME) -> Offer:
    key = ec.generate_private_key(ec.SECP256R1())
    return from_file(
        elsewhere.pkcs12(elsewhere.issue(name_of(f"041@{subject}@1", subject), key), key), PASSWORD
    )


def ask(office: Office, offer: Offer, username: str = "keeper") -> UUID:
    with office.runtime.database.write() as session:
        life = office.signing.seal_life
        return life.offer_key(session, office.principal(username), office.seal.id, offer, "换证书").id


def decide(office: Office, change_id: UUID, how: str, username: str = "legal") -> None:
    with office.runtime.database.write() as session:
        getattr(office.signing.seal_life, how)(session, office.principal(username), change_id)


def current(office: Office) -> tuple[Seal, Certificate]:
    with office.runtime.database.read() as session:
        seal = session.get_one(Seal, office.seal.id)
        return seal, session.get_one(Certificate, seal.certificate_id)


def test_a_brought_certificate_seals_once_a_second_person_agreed(
    office: Office, elsewhere: OutsideAuthority
) -> None:
    _seal, before = current(office)
    change = ask(office, offered(elsewhere))
    assert current(office)[1].id == before.id
    for username in ("keeper", "finance"):
        with pytest.raises((SealChangeSamePerson, Forbidden)):
            decide(office, change, "agree", username)
    with pytest.raises(SealChangeOpen):
        ask(office, offered(elsewhere), "admin")

    decide(office, change, "agree")

    seal, row = current(office)
    assert row.outside_chain and row.issuer_id is None and seal.wrapped_key
    with office.runtime.database.read() as session:
        assert session.get_one(Certificate, before.id).revocation_reason == "superseded"
        offer = session.get_one(SealKeyOffer, change)
        assert offer.wrapped_key is None
        entry = session.scalars(
            select(AuditEntry).where(
                AuditEntry.action == "seal.change_asked", AuditEntry.resource_id == change
            )
        ).one()
    assert (entry.payload or {})["key"] == "file" and "PRIVATE" not in str(entry.payload)
    for data in elsewhere.lists():
        office.signing.outside_lists.take(None, data)
    sealed = office.papers(office.finished_contract())["document"]
    verdict = verify_pdf(sealed, office.roots(), datetime.now(UTC) + timedelta(minutes=1))
    assert verdict.outcome == "valid"
    seals = [one for one in verdict.facts.signatures if one.kind is Kind.SEAL]
    assert [(one.signer, one.trusted, one.level) for one in seals] == [(f"041@{NAME}@1", True, "B-LTA")]


def test_a_straddle_seal_with_a_brought_certificate_is_judged_as_a_seal(
    office: Office, tmp_path: Path
) -> None:
    """Slices that a certificate without our policy filled were called a forbidden change."""
    with office.runtime.database.read() as session:
        key = office.signing.sealing.key(session, office.seal.id)
        drawing = office.signing.seal_drawing(session, office.seal.id)
    places = [Straddle()]
    path = tmp_path / "contract.pdf"
    path.write_bytes(contract_pdf())
    office.signing.reserve_seal(path, drawing.size_mm, places, "a1")
    ready = office.signing.add_fields(path.read_bytes(), [FieldSpec("Approver")])
    head = office.signing.unlock(office.company.people["head"], PIN)
    path.write_bytes(office.signing.sign(ready, "Approver", head, reason="批准"))
    seal_fields.apply(
        path, drawing, places, key, office.signing.authority.timestamper(), reason="x", name="x", group="a1"
    )
    verdict = verify_pdf(path.read_bytes(), office.roots(), datetime.now(UTC) + timedelta(minutes=1))
    assert verdict.outcome == "valid", verdict.facts
    assert "seal-slice-filled" in {one.code for one in verdict.changes}


def test_a_fresh_key_of_our_own_takes_its_place_again(office: Office) -> None:
    before = current(office)[1]
    change = ask(office, office.signing.sealing.keys.new_offer())
    decide(office, change, "agree")
    seal, row = current(office)
    assert row.issuer_id is not None and row.id != before.id
    with office.runtime.database.read() as session:
        assert office.signing.sealing.key(session, seal.id).key.public_key()
    verdict = verify_pdf(
        office.papers(office.finished_contract("另一份合同"))["document"], office.roots(), datetime.now(UTC)
    )
    assert verdict.outcome == "valid"


@pytest.mark.parametrize(("how", "username"), [("refuse", "legal"), ("withdraw", "keeper")])
def test_what_comes_to_nothing_leaves_no_key_behind(
    office: Office, elsewhere: OutsideAuthority, how: str, username: str
) -> None:
    before = current(office)[1].id
    change = ask(office, offered(elsewhere))
    with office.runtime.database.read() as session:
        assert session.get_one(SealKeyOffer, change).wrapped_key
    decide(office, change, how, username)
    with office.runtime.database.read() as session:
        assert session.get_one(SealKeyOffer, change).wrapped_key is None
    assert current(office)[1].id == before


def test_a_key_in_a_slot_is_offered_with_our_certificate_or_its_own(
    office: Office, elsewhere: OutsideAuthority
) -> None:
    """What is decided about a slot's key; the token itself is asked in test_pkcs11."""
    key = ec.generate_private_key(ec.SECP256R1())
    spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    own = elsewhere.issue(name_of(NAME, NAME), key).public_bytes(Encoding.DER)
    above = elsewhere.issuing.public_bytes(Encoding.DER)
    found = SlotKeyFound("token", "seal-1", "01", spki, (own, above))
    for own_certificate in (False, True):
        change = ask(office, from_slot(found, own_certificate=own_certificate))
        decide(office, change, "agree")
        seal, row = current(office)
        assert bool(row.outside_chain) is own_certificate and seal.wrapped_key == b""
        with office.runtime.database.read() as session:
            place = session.get_one(KeyLocation, row.id)
            with pytest.raises(SettingUnusable):  # no token is configured here
                office.signing.sealing.key(session, seal.id)
        assert (place.token, place.label, place.key_id) == ("token", "seal-1", "01")
    with pytest.raises(CertificateUnfit):
        from_slot(SlotKeyFound("token", "seal-1", "01", spki, ()), own_certificate=True)
    decide(office, ask(office, office.signing.sealing.keys.new_offer()), "agree")


def test_a_persons_certificate_is_no_seal(office: Office, elsewhere: OutsideAuthority) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    file = elsewhere.pkcs12(elsewhere.issue(name_of("王芳", NAME), key), key)
    with pytest.raises(CertificateUnfit) as refused:
        ask(office, from_file(file, PASSWORD))
    assert refused.value.context["reason"] == "no-entity"


def test_a_certificate_of_another_company_is_refused(office: Office, elsewhere: OutsideAuthority) -> None:
    with pytest.raises(CertificateUnfit) as refused:
        ask(office, offered(elsewhere, "江南智算技术有限公司"))
    assert refused.value.context["reason"] == "names-another"
    for username in ("staff", "finance", "gm"):
        with pytest.raises(Forbidden):
            ask(office, offered(elsewhere), username)


def test_a_root_that_is_trusted_no_longer_stops_the_change(
    office: Office, elsewhere: OutsideAuthority
) -> None:
    change = ask(office, offered(elsewhere))
    with office.runtime.database.write() as session:
        (root,) = trust.outside_roots(session)
        trust.remove_root(session, office.runtime.clock, None, root.id, "x")
    with pytest.raises(CertificateUnfit):
        decide(office, change, "agree")
    decide(office, change, "refuse")
    with office.runtime.database.write() as session:
        trust.add_root(session, office.runtime.clock, None, elsewhere.root_pem, "both", "again")


def test_an_offered_key_is_wrapped_anew_when_the_master_key_changes(
    office: Office, elsewhere: OutsideAuthority
) -> None:
    change = ask(office, offered(elsewhere))
    wrapped: Wrapped = next(one for one in WRAPPED if one.model is SealKeyOffer)
    with office.runtime.database.read() as session:
        row = session.get_one(SealKeyOffer, change)
        assert row.wrapped_key is not None
        purpose = wrapped.purpose(session, row)
        assert office.runtime.master_key.unwrap(row.wrapped_key, purpose=purpose)
    decide(office, change, "withdraw", "keeper")


def test_a_new_key_is_asked_for_in_its_own_way_only(office: Office) -> None:
    assert ChangeKind.KEY not in possible(current(office)[0].state)  # type: ignore[arg-type]
    with office.runtime.database.read() as session:
        kinds = set(session.scalars(select(SealChange.kind)))
    assert kinds == {"create", "activate", "key"}
    with office.runtime.database.write() as session, pytest.raises(SealChangeNotPossible):
        life = office.signing.seal_life
        life.ask(session, office.principal("admin"), office.seal.id, ChangeKind.KEY, "x")
