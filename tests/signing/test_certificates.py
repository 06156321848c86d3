"""Certificates that OpenSSL's strict rules accept, and their life from issue to revocation."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from cryptography import x509
from sqlalchemy import select

from core.clock import FixedClock
from core.errors import Forbidden, InvalidInput, NotFound
from core.models import AuditEntry, LegalEntity, Notice
from core.settings import Settings
from signing import pki
from signing.certificates import State
from signing.errors import AuthorityNotReady, CertificateActRefused, CertificateNotUsable, NotEnrolled
from signing.models import Certificate, CertificateRole, Credential, Seal
from signing.service import SigningService
from signing.verification import verify_pdf
from storage.folder import FolderObjects
from storage.service import ObjectStore
from tests import openssl, seals
from tests.builders import PIN, make_company, make_runtime
from tests.office import FAST_PIN, contract_pdf
from tests.signing.conftest import Desk

CODE = "91310000MA1FL0AB3X"
NAME = "云杉测试科技有限公司"


def make_desk(home: Path, clock: FixedClock | None = None, **settings: str) -> Desk:
    """A desk whose organisation has a social credit code."""
    runtime = make_runtime(home, clock=clock)
    for name, value in settings.items():
        setattr(runtime.settings, name, value)
    company = make_company(runtime)
    with runtime.database.write() as session:
        session.get_one(LegalEntity, company.entity_id).social_credit_code = CODE
    store = ObjectStore(runtime.database, FolderObjects(home / "objects"), runtime.clock, home / "staging")
    signing = SigningService(
        runtime.database, store, runtime.master_key, runtime.clock, runtime.settings, pin_cost=FAST_PIN
    )
    signing.set_up(NAME, is_demo=False)
    return Desk(runtime, company, signing)


@contextmanager
def closing(desk: Desk) -> Iterator[Desk]:
    try:
        yield desk
    finally:
        desk.runtime.database.dispose()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime.fromisoformat("2026-11-26T10:00:00+08:00"))


@pytest.fixture
def desk(tmp_path: Path, clock: FixedClock) -> Iterator[Desk]:
    with closing(make_desk(tmp_path / "home", clock)) as made:
        made.signing.enrol(made.company.principal("head"), PIN)
        yield made


def admin(desk: Desk):  # type: ignore[no-untyped-def]
    return desk.company.principal("admin")


def row_of(desk: Desk, username: str = "head") -> Certificate:
    with desk.runtime.database.read() as session:
        return session.scalars(
            select(Certificate)
            .join(Credential, Credential.certificate_id == Certificate.id)
            .where(Credential.person_id == desk.company.people[username], Credential.is_active)
        ).one()


def members(desk: Desk, role: CertificateRole) -> list[Certificate]:
    with desk.runtime.database.read() as session:
        return list(
            session.scalars(
                select(Certificate).where(Certificate.role == role).order_by(Certificate.not_before)
            )
        )


def make_seal(desk: Desk) -> Seal:
    return seals.make_seal(desk.signing, desk.company)


def listed(desk: Desk, name: str = "issuing.crl") -> dict[int, x509.ReasonFlags | None]:
    crl = x509.load_der_x509_crl(desk.signing.pki_file(name)[1])
    found: dict[int, x509.ReasonFlags | None] = {}
    for one in crl:
        try:
            found[one.serial_number] = one.extensions.get_extension_for_class(x509.CRLReason).value.reason
        except x509.ExtensionNotFound:
            found[one.serial_number] = None
    return found


def openssl_says(desk: Desk, row: Certificate, folder: Path, *options: str) -> str:
    """Empty when the certificate holds with the lists of now."""
    files = {
        name: desk.signing.pki_file(name)[1]
        for name in ("root.crt", "root.crl", "issuing.crt", "issuing.crl")
    }
    return openssl.verify(
        folder, row.der, files["root.crt"], [files["issuing.crt"]], [files["root.crl"], files["issuing.crl"]],
        *options, at=desk.now(),
    )  # fmt: skip


ALGORITHMS = [
    "P-256",
    "RSA-2048",
    "RSA-3072 issuing=RSA-4096 person=P-256",
    "P-256 root=RSA-4096 tsa=RSA-2048",
]


@pytest.mark.parametrize("algorithms", ALGORITHMS)
def test_openssl_accepts_every_certificate_under_its_strict_rules(tmp_path: Path, algorithms: str) -> None:
    with closing(make_desk(tmp_path / "home", key_algorithms=algorithms)) as desk:
        desk.signing.enrol(desk.company.principal("head"), PIN)
        make_seal(desk)
        for role, options in {
            CertificateRole.PERSON: ["-purpose", "smimesign"],
            CertificateRole.SEAL: ["-purpose", "smimesign"],
            CertificateRole.SERVICE: ["-purpose", "any"],
            CertificateRole.TSA: ["-purpose", "timestampsign"],
            CertificateRole.OCSP: ["-purpose", "ocsphelper"],
            CertificateRole.ISSUING: ["-purpose", "crlsign"],
        }.items():
            row = members(desk, role)[0]
            assert openssl_says(desk, row, tmp_path, *options) == "", role


def test_what_openssl_reads_in_the_certificates(desk: Desk, tmp_path: Path) -> None:
    seal = make_seal(desk)
    with desk.runtime.database.read() as session:
        sealed = session.get_one(Certificate, seal.certificate_id)
    person = openssl.text(tmp_path, row_of(desk).der)
    stamp = openssl.text(tmp_path, openssl_says_member(desk, CertificateRole.TSA))
    responder = openssl.text(tmp_path, openssl_says_member(desk, CertificateRole.OCSP))
    issuing = openssl.text(tmp_path, openssl_says_member(desk, CertificateRole.ISSUING))
    base = desk.runtime.settings.effective_pki_url
    for shown in (person, openssl.text(tmp_path, sealed.der)):
        assert "X509v3 Key Usage: critical\n                Digital Signature, Non Repudiation\n" in shown
        assert f"CA Issuers - URI:{base}/issuing.crt" in shown
        assert f"OCSP - URI:{base}/ocsp" in shown
        assert f"URI:{base}/issuing.crl" in shown
        assert f"organizationIdentifier = NTRCN-{CODE}" in shown
        assert "X509v3 Subject Key Identifier" in shown and "X509v3 Authority Key Identifier" in shown
    assert f"Policy: {pki.PERSON_POLICY.dotted_string}\n" in person
    assert f"Policy: {pki.SEAL_POLICY.dotted_string}\n" in openssl.text(tmp_path, sealed.der)
    assert "X509v3 Extended Key Usage: critical\n                Time Stamping\n" in stamp
    assert f"Policy: {pki.TIMESTAMP_POLICY.dotted_string}\n" in stamp
    assert "X509v3 Extended Key Usage: \n                OCSP Signing\n" in responder
    assert "OCSP No Check" in responder and "OCSP - URI" not in responder
    assert "X509v3 Key Usage: critical\n                Certificate Sign, CRL Sign\n" in issuing
    assert "CA:TRUE, pathlen:0" in issuing


def openssl_says_member(desk: Desk, role: CertificateRole) -> bytes:
    return members(desk, role)[0].der


def test_the_addresses_in_certificates_follow_the_setting(tmp_path: Path) -> None:
    with closing(make_desk(tmp_path, pki_url="http://pki.example.com/ca/")) as desk:
        shown = openssl.text(tmp_path, members(desk, CertificateRole.TSA)[0].der)
    assert "URI:http://pki.example.com/ca/issuing.crl" in shown
    assert "URI:http://pki.example.com/ca/ocsp" in shown


def test_a_suspended_certificate_signs_nothing_until_it_is_resumed(desk: Desk, tmp_path: Path) -> None:
    row = row_of(desk)
    serial = int(row.serial_number, 16)

    desk.signing.certificates.suspend(admin(desk), row.id, "手机丢失")

    assert listed(desk) == {serial: x509.ReasonFlags.certificate_hold}
    assert "certificate revoked" in openssl_says(desk, row, tmp_path)
    with pytest.raises(CertificateNotUsable):
        desk.signatory()
    desk.signing.certificates.resume(admin(desk), row.id, "找到了")
    assert listed(desk) == {}
    assert openssl_says(desk, row, tmp_path) == ""
    assert desk.signatory().person_id == desk.company.people["head"]


def test_a_revoked_certificate_is_listed_with_its_reason_and_its_person_enrols_anew(
    desk: Desk, tmp_path: Path
) -> None:
    row = row_of(desk)
    before = desk.signed("head")

    desk.signing.certificates.revoke(admin(desk), row.id, "keyCompromise", "PIN 可能泄露")

    assert listed(desk) == {int(row.serial_number, 16): x509.ReasonFlags.key_compromise}
    assert "certificate revoked" in openssl_says(desk, row, tmp_path)
    with pytest.raises(NotEnrolled):
        desk.signatory()
    assert desk.signing.enrol(desk.company.principal("head"), PIN).id != row.id
    assert desk.signatory().name == "王芳"
    # What was signed and stamped before stays valid: the list says when it was revoked.
    kept = desk.signing.add_evidence(before)
    assert verify_pdf(kept, desk.roots(), desk.now() + timedelta(minutes=1)).outcome in (
        "valid",
        "indeterminate",
    )


def test_revoking_from_suspended_keeps_one_entry_with_the_final_reason(desk: Desk) -> None:
    row = row_of(desk)
    desk.signing.certificates.suspend(admin(desk), row.id, "x")
    desk.signing.certificates.revoke(admin(desk), row.id, "superseded", "x")
    assert listed(desk) == {int(row.serial_number, 16): x509.ReasonFlags.superseded}


def test_when_the_issuing_authority_is_revoked_all_that_it_certified_moves_to_its_successor(
    desk: Desk, tmp_path: Path
) -> None:
    """Time-stamps of an authority whose issuer was revoked went on being made."""
    make_seal(desk)
    old = members(desk, CertificateRole.ISSUING)[0]
    desk.signing.certificates.revoke(admin(desk), old.id, "keyCompromise", "x")
    new = members(desk, CertificateRole.ISSUING)[1]
    for role in (CertificateRole.TSA, CertificateRole.SERVICE, CertificateRole.PERSON, CertificateRole.SEAL):
        assert members(desk, role)[-1].issuer_id == new.id, role
    assert desk.signing.certificates.renew_due() == []
    signed = desk.signing.add_evidence(desk.signed("head"))
    assert verify_pdf(signed, desk.roots(), desk.now()).outcome == "valid"


def test_acts_that_a_state_does_not_allow_are_refused(desk: Desk) -> None:
    certificates, row = desk.signing.certificates, row_of(desk)
    root = members(desk, CertificateRole.ROOT)[0]
    with pytest.raises(CertificateActRefused):
        certificates.resume(admin(desk), row.id, "x")
    with pytest.raises(CertificateActRefused):
        certificates.revoke(admin(desk), root.id, "keyCompromise", "x")
    with pytest.raises(CertificateActRefused):
        certificates.suspend(admin(desk), members(desk, CertificateRole.TSA)[0].id, "x")
    certificates.revoke(admin(desk), row.id, "unspecified", "x")
    assert listed(desk) == {int(row.serial_number, 16): None}
    for act in (certificates.suspend, certificates.resume, certificates.renew):
        with pytest.raises(CertificateActRefused):
            act(admin(desk), row.id, "x")
    with pytest.raises(CertificateActRefused):
        certificates.revoke(admin(desk), row.id, "superseded", "x")


def test_only_administrators_act_and_each_act_needs_a_reason(desk: Desk) -> None:
    certificates, row = desk.signing.certificates, row_of(desk)
    for username in ("head", "keeper", "auditor"):
        with pytest.raises(Forbidden):
            certificates.revoke(desk.company.principal(username), row.id, "superseded", "x")
        with pytest.raises(Forbidden):
            certificates.listed(desk.company.principal(username))
    for note in ("", "  ", "x" * 301):
        with pytest.raises(InvalidInput):
            certificates.suspend(admin(desk), row.id, note)
    with pytest.raises(InvalidInput):
        certificates.revoke(admin(desk), row.id, "certificateHold", "x")
    with pytest.raises(NotFound):
        certificates.revoke(admin(desk), UUID(int=7), "superseded", "x")
    assert listed(desk) == {}


def test_every_act_is_in_the_audit_trail_with_its_reason(desk: Desk) -> None:
    row = row_of(desk)
    desk.signing.certificates.suspend(admin(desk), row.id, "甲")
    desk.signing.certificates.resume(admin(desk), row.id, "乙")
    desk.signing.certificates.renew(admin(desk), row.id, "丙")
    desk.signing.certificates.revoke(admin(desk), row_of(desk).id, "superseded", "丁")
    with desk.runtime.database.read() as session:
        entries = session.scalars(
            select(AuditEntry)
            .where(AuditEntry.action.startswith("certificate."))
            .order_by(AuditEntry.sequence)
        ).all()
    assert [(one.action, (one.payload or {})["note"]) for one in entries] == [
        ("certificate.suspended", "甲"),
        ("certificate.resumed", "乙"),
        ("certificate.renewed", "丙"),
        ("certificate.revoked", "丁"),
    ]
    assert {one.actor_id for one in entries} == {desk.company.people["admin"]}


def test_a_person_keeps_key_and_pin_when_the_certificate_is_renewed(
    desk: Desk, clock: FixedClock, tmp_path: Path
) -> None:
    old = row_of(desk)
    clock.advance(timedelta(days=365))
    desk.signing.authority.renew_crls()

    made = desk.signing.certificates.renew(admin(desk), old.id, "x")

    new = row_of(desk)
    assert (new.id, new.issuer_id) == (made, old.issuer_id)
    assert new.not_after > old.not_after
    assert openssl_says(desk, new, tmp_path) == "" and openssl_says(desk, old, tmp_path) == ""
    assert desk.signatory().key.certificate.dump() == new.der
    assert verify_pdf(desk.signed("head"), desk.roots(), desk.now()).outcome == "valid"


def test_a_seal_signs_on_after_its_renewal(desk: Desk, clock: FixedClock) -> None:
    seal = make_seal(desk)
    clock.advance(timedelta(days=100))
    desk.signing.certificates.renew(admin(desk), seal.certificate_id, "x")
    with desk.runtime.database.read() as session:
        renewed = session.get_one(Seal, seal.id)
        row = session.get_one(Certificate, renewed.certificate_id)
    key = pki.key_from_der(
        desk.runtime.master_key.unwrap(renewed.wrapped_key, purpose=f"seal {row.serial_number}")
    )
    certificate = x509.load_der_x509_certificate(row.der)
    assert certificate.public_key() == key.public_key()
    assert certificate.subject == x509.load_der_x509_certificate(row.der).subject


def test_what_nears_its_end_is_renewed_by_itself_and_people_are_told(desk: Desk, clock: FixedClock) -> None:
    make_seal(desk)
    old = row_of(desk)
    clock.advance(old.not_after - timedelta(days=31) - clock.now())
    desk.signing.certificates.renew_due()
    assert row_of(desk).id == old.id

    clock.advance(timedelta(days=2))
    desk.signing.authority.renew_crls()
    desk.signing.certificates.renew_due()

    assert row_of(desk).id != old.id
    with desk.runtime.database.read() as session:
        told = session.execute(select(Notice.person_id, Notice.code)).all()
        desk.signing.check_ready(session)
    people = desk.company.people
    told = [tuple(one) for one in told]
    assert {(people["head"], "certificate-renewed"), (people["keeper"], "certificate-renewed")} <= set(told)
    assert (people["admin"], "certificate-renewed") in told
    assert desk.signing.certificates.renew_due() == []


def test_an_installation_lives_on_for_decades_without_a_hand(desk: Desk, clock: FixedClock) -> None:
    """Each month the jobs run; at every moment a signature can be made and lists are current."""
    begin = desk.now()
    while clock.now() < begin + timedelta(days=365 * 22):
        clock.advance(timedelta(days=28))
        desk.signing.certificates.renew_due()
        desk.signing.authority.renew_crls()
        with desk.runtime.database.read() as session:
            desk.signing.check_ready(session)
            assert [one.code for one in desk.signing.standing(session)] == ["crl-good"], clock.now()
    assert len(members(desk, CertificateRole.ISSUING)) >= 2
    assert len(members(desk, CertificateRole.TSA)) >= 2
    assert row_of(desk).not_after > desk.now()
    assert desk.signing.pki_file("issuing-2.crt")[1] == members(desk, CertificateRole.ISSUING)[1].der
    signed = desk.signing.add_evidence(desk.signed("head"))
    verdict = verify_pdf(signed, desk.roots(), desk.now())
    assert verdict.outcome == "valid", verdict


def test_a_new_issuing_authority_leaves_old_certificates_and_their_list_alone(
    desk: Desk, clock: FixedClock, tmp_path: Path
) -> None:
    old, first = row_of(desk), members(desk, CertificateRole.ISSUING)[0]
    clock.advance(timedelta(days=30))
    desk.signing.authority.renew_crls()
    desk.signing.certificates.renew(admin(desk), first.id, "x")
    desk.signing.enrol(desk.company.principal("gm"), PIN)

    assert members(desk, CertificateRole.ISSUING)[1].subject != first.subject
    new = row_of(desk, "gm")
    assert new.issuer_id == members(desk, CertificateRole.ISSUING)[1].id
    names = ("root.crl", "issuing.crl", "issuing-2.crl")
    crls = [desk.signing.pki_file(name)[1] for name in names]
    issuers = [desk.signing.pki_file(name)[1] for name in ("issuing.crt", "issuing-2.crt")]
    root = desk.signing.pki_file("root.crt")[1]
    for row in (old, new):
        assert openssl.verify(tmp_path, row.der, root, issuers, crls, at=desk.now()) == ""
    desk.signing.certificates.revoke(admin(desk), old.id, "superseded", "x")
    assert list(listed(desk, "issuing.crl")) == [int(old.serial_number, 16)]
    assert listed(desk, "issuing-2.crl") == {}
    # Both generations sign, each with its own chain.
    desk.signing.enrol(desk.company.principal("head"), PIN)
    assert verify_pdf(desk.signed("gm", "head"), desk.roots(), desk.now()).outcome == "valid"


def test_a_revoked_member_gets_a_successor_at_once(desk: Desk) -> None:
    for role in (CertificateRole.TSA, CertificateRole.OCSP, CertificateRole.SERVICE, CertificateRole.ISSUING):
        row = members(desk, role)[-1]
        desk.signing.certificates.revoke(
            admin(desk), row.id, "cACompromise" if role == "issuing" else "superseded", "x"
        )
        with desk.runtime.database.read() as session:
            desk.signing.check_ready(session)
        assert members(desk, role)[-1].id != row.id
    desk.signing.enrol(desk.company.principal("gm"), PIN)
    assert verify_pdf(desk.signed("gm"), desk.roots(), desk.now()).outcome == "valid"


def test_an_overdue_list_is_an_error_and_stops_signing(desk: Desk, clock: FixedClock) -> None:
    clock.advance(timedelta(days=5))
    with desk.runtime.database.read() as session:
        assert {one.code for one in desk.signing.standing(session)} == {"crl-late"}
    clock.advance(timedelta(days=3))
    with desk.runtime.database.read() as session:
        assert {(one.code, one.level) for one in desk.signing.standing(session)} == {("crl-overdue", "error")}
        with pytest.raises(AuthorityNotReady):
            desk.signing.check_ready(session)
    desk.signing.authority.renew_crls()
    with desk.runtime.database.read() as session:
        desk.signing.check_ready(session)


def test_a_list_is_newer_than_each_certificate_it_speaks_of(desk: Desk, clock: FixedClock) -> None:
    clock.advance(timedelta(hours=3))
    desk.signing.enrol(desk.company.principal("gm"), PIN)
    crl = x509.load_der_x509_crl(desk.signing.pki_file("issuing.crl")[1])
    certificate = x509.load_der_x509_certificate(row_of(desk, "gm").der)
    assert crl.last_update_utc >= certificate.not_valid_before_utc
    number = crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    desk.signing.enrol(desk.company.principal("legal"), PIN)
    later = x509.load_der_x509_crl(desk.signing.pki_file("issuing.crl")[1])
    assert later.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == number + 1


def test_nothing_outlives_its_issuer(desk: Desk, clock: FixedClock) -> None:
    issuing = members(desk, CertificateRole.ISSUING)[0]
    clock.advance(issuing.not_after - timedelta(days=200) - clock.now())
    desk.signing.authority.renew_crls()
    desk.signing.certificates.renew(admin(desk), row_of(desk).id, "x")
    assert row_of(desk).not_after <= issuing.not_after


def test_the_list_of_certificates_tells_their_state_and_whose_they_are(desk: Desk) -> None:
    make_seal(desk)
    views = desk.signing.certificates.listed(admin(desk))
    assert [one.role for one in views[:5]].count(CertificateRole.PERSON) == 0
    person = next(one for one in views if one.role is CertificateRole.PERSON)
    assert (person.owner, person.state, person.algorithm) == ("王芳", State.ACTIVE, "P-256")
    assert person.acts == ("renew", "suspend", "revoke")
    assert person.issuer == "Vermilion Issuing CA"
    root = next(one for one in views if one.role is CertificateRole.ROOT)
    assert root.acts == ()
    assert len(desk.signing.certificates.listed(admin(desk), state="revoked")) == 0


@pytest.mark.parametrize("words", ["P-521", "RSA-1024", "nobody=P-256", "person=", "P-256;RSA-2048"])
def test_unknown_kinds_of_keys_are_refused_at_the_start(words: str) -> None:
    from core.errors import SettingUnusable

    with pytest.raises(SettingUnusable):
        Settings(key_algorithms=words).check()


def test_the_setting_names_the_kind_of_key_for_each_role() -> None:
    settings = Settings(key_algorithms="RSA-2048, issuing=RSA-4096 person=P-256")
    assert [settings.key_algorithm(one) for one in ("root", "issuing", "person", "seal")] == [
        "RSA-2048", "RSA-4096", "P-256", "RSA-2048",
    ]  # fmt: skip


def test_a_suspended_seal_is_not_put_on_anything(desk: Desk) -> None:
    seal = make_seal(desk)
    desk.signing.certificates.suspend(admin(desk), seal.certificate_id, "x")
    with desk.runtime.database.read() as session:
        der = session.get_one(Certificate, seal.certificate_id).der
    from asn1crypto import x509 as asn1

    with pytest.raises(CertificateNotUsable):
        desk.signing.certificates.require_usable(asn1.Certificate.load(der))
    assert contract_pdf()
