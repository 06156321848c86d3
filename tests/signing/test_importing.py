"""Certificates of outside authorities: brought by their person, and signed with as with any other."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import pkcs12 as asn1
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from core.errors import Forbidden, SettingUnusable
from core.models import AuditEntry, Notice, Person
from signing import importing, trust
from signing.certificates import State
from signing.errors import CertificateNotUsable, CertificateUnfit, NotEnrolled, PinTooWeak, WrongPin
from signing.models import Certificate, Credential
from signing.outside_fetching import OutsideFetching, read_places
from signing.revocation import brought
from signing.verification import verify_pdf
from signing.verification.material import is_of_entity
from tests import openssl
from tests.builders import PIN
from tests.outside import LIST_URL, PASSWORD, OutsideAuthority, name_of, serving
from tests.signing.conftest import Desk, make_desk


@pytest.fixture(scope="module")
def elsewhere() -> OutsideAuthority:
    return OutsideAuthority(datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1))


@pytest.fixture
def desk(tmp_path: Path, elsewhere: OutsideAuthority) -> Iterator[Desk]:
    """A desk that trusts the outside authority; head, gm and legal have keys of ours."""
    made = make_desk(tmp_path / "home")
    with made.runtime.database.write() as session:
        trust.add_root(session, made.runtime.clock, None, elsewhere.root_pem, "signatures", "signs for us")
    yield made
    made.runtime.database.dispose()


def bring(
    desk: Desk, data: bytes, username: str = "head", pin: str = PIN, password: str = PASSWORD
) -> Certificate:
    return desk.signing.bring_certificate(desk.company.principal(username), pin, data, password)


def reason(desk: Desk, data: bytes, **options: str) -> str:
    with pytest.raises(CertificateUnfit) as refused:
        bring(desk, data, **options)
    return str(refused.value.context["reason"])


def row_of(desk: Desk, username: str = "head") -> Certificate:
    with desk.runtime.database.read() as session:
        return session.scalars(
            select(Certificate)
            .join(Credential, Credential.certificate_id == Certificate.id)
            .where(Credential.person_id == desk.company.people[username], Credential.is_active)
        ).one()


def codes(desk: Desk) -> list[str]:
    with desk.runtime.database.read() as session:
        return [one.code for one in desk.signing.standing(session)]


def test_a_person_signs_with_the_certificate_that_they_brought(
    desk: Desk, elsewhere: OutsideAuthority, tmp_path: Path
) -> None:
    before = row_of(desk)
    made = bring(desk, elsewhere.person("王芳"))
    for data in elsewhere.lists():
        desk.signing.outside_lists.take(desk.company.principal("admin"), data)

    signed = desk.signing.add_evidence(desk.signed("head"))

    verdict = verify_pdf(signed, desk.roots(), desk.now() + timedelta(minutes=1))
    assert verdict.outcome == "valid"
    signature = verdict.facts.signatures[0]
    assert (signature.signer, signature.trusted, signature.level) == ("王芳", True, "B-LTA")
    # Without the outside root nobody is asked to believe it.
    with desk.runtime.database.read() as session:
        own = trust.own_roots(session)
    assert verify_pdf(signed, own, desk.now()).outcome != "valid"
    with desk.runtime.database.read() as session:
        assert session.get_one(Certificate, before.id).revocation_reason == "superseded"
        credential = session.scalars(select(Credential).where(Credential.certificate_id == made.id)).one()
        assert credential.envelope["kdf"] == "argon2id"
        assert session.scalars(select(Notice).where(Notice.code == "certificate-brought")).one()
        assert session.scalars(select(AuditEntry).where(AuditEntry.action == "credential.brought")).one()
    assert openssl.verify(
        tmp_path, made.der, elsewhere.root_der, [elsewhere.issuing.public_bytes(Encoding.DER)],
        elsewhere.lists(),
    ) == ""  # fmt: skip
    assert codes(desk) == ["crl-good"]


def test_openssl_verifies_the_signature_that_is_in_the_file(
    desk: Desk, elsewhere: OutsideAuthority, tmp_path: Path
) -> None:
    bring(desk, elsewhere.person("王芳"))
    pdf = desk.signed("head")
    start = pdf.rindex(b"/ByteRange")
    numbers = [int(one) for one in pdf[pdf.index(b"[", start) + 1 : pdf.index(b"]", start)].split()]
    covered = pdf[numbers[0] : numbers[1]] + pdf[numbers[2] : numbers[2] + numbers[3]]
    value = bytes.fromhex(pdf[numbers[1] + 1 : numbers[2] - 1].decode())
    (tmp_path / "covered").write_bytes(covered)
    (tmp_path / "value.der").write_bytes(value)
    openssl.pem(tmp_path, "root.pem", elsewhere.root_der)
    said = openssl.run(
        "cms", "-verify", "-binary", "-inform", "DER", "-in", "value.der", "-content", "covered",
        "-CAfile", "root.pem", "-out", "out", folder=tmp_path,
    )  # fmt: skip
    assert said.returncode == 0, said.stderr


def test_without_a_list_signing_goes_on_and_it_is_said_what_lacks(
    desk: Desk, elsewhere: OutsideAuthority
) -> None:
    made = bring(desk, elsewhere.person("王芳"))
    with desk.runtime.database.read() as session:
        gaps = desk.signing.outside_lists.gaps(session)
    assert [(one.certificate_id, one.subject, one.issuer) for one in gaps] == [
        (made.id, "王芳", "Elsewhere Issuing"), (made.id, "Elsewhere Issuing", "Elsewhere Root"),
    ]  # fmt: skip
    assert codes(desk).count("outside-unknown") == 2
    verdict = verify_pdf(desk.signing.add_evidence(desk.signed("head")), desk.roots(), desk.now())
    signature = verdict.facts.signatures[0]
    assert (signature.trusted, signature.level) == (True, "B-T")


@pytest.mark.parametrize("key", [ec.SECP384R1(), ec.SECP521R1(), 3072], ids=["P-384", "P-521", "RSA-3072"])
def test_keys_of_other_kinds_sign_too(desk: Desk, elsewhere: OutsideAuthority, key: object) -> None:
    made = (
        rsa.generate_private_key(65537, key) if isinstance(key, int)
        else ec.generate_private_key(key)  # type: ignore[arg-type]
    )  # fmt: skip
    bring(desk, elsewhere.pkcs12(elsewhere.issue(name_of("王芳"), made), made))
    assert verify_pdf(desk.signed("head"), desk.roots(), desk.now()).outcome == "valid"


def test_who_has_no_pin_yet_sets_it_with_the_certificate(desk: Desk, elsewhere: OutsideAuthority) -> None:
    with pytest.raises(PinTooWeak):
        bring(desk, elsewhere.person("张伟"), "staff", "123456")
    bring(desk, elsewhere.person("张伟"), "staff", "958204")
    assert desk.signing.unlock(desk.company.people["staff"], "958204").key.chain
    with pytest.raises(WrongPin):
        desk.signing.unlock(desk.company.people["staff"], PIN)


def test_the_present_pin_is_needed_and_a_wrong_one_counts(desk: Desk, elsewhere: OutsideAuthority) -> None:
    before = row_of(desk)
    with pytest.raises(WrongPin) as wrong:
        bring(desk, elsewhere.person("王芳"), pin="000111")
    assert wrong.value.context["left"] == 4
    assert row_of(desk).id == before.id


def test_the_pin_stays_and_can_be_changed(desk: Desk, elsewhere: OutsideAuthority) -> None:
    bring(desk, elsewhere.person("王芳"))
    desk.signing.change_pin(desk.company.principal("head"), PIN, "771830")
    assert desk.signing.unlock(desk.company.people["head"], "771830").key.certificate.subject


def test_a_successor_takes_its_predecessors_place(desk: Desk, elsewhere: OutsideAuthority) -> None:
    first = bring(desk, elsewhere.person("王芳", days=(-1, 10)))
    second = bring(desk, elsewhere.person("王芳"))
    assert row_of(desk).id == second.id
    with desk.runtime.database.read() as session:
        assert session.get_one(Certificate, first.id).revoked_at is None  # its own authority may


UNFIT = {
    "expired": {"days": (-20, -1)},
    "not-yet": {"days": (5, 20)},
    "usage": {"usage": ("key_encipherment",)},
    "is-authority": {"is_ca": True},
}


@pytest.mark.parametrize("why", list(UNFIT))
def test_what_may_not_sign_is_refused_with_the_reason(
    desk: Desk, elsewhere: OutsideAuthority, why: str
) -> None:
    before = row_of(desk)
    assert reason(desk, elsewhere.person("王芳", **UNFIT[why])) == why
    assert row_of(desk).id == before.id


def test_other_unfit_files_are_refused_with_the_reason(desk: Desk, elsewhere: OutsideAuthority) -> None:
    key, other = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    good = elsewhere.issue(name_of("王芳"), key)
    assert reason(desk, elsewhere.person("王芳", extended=[ExtendedKeyUsageOID.SERVER_AUTH])) == "usage"
    assert reason(desk, elsewhere.person("李四")) == "names-another"
    assert reason(desk, elsewhere.pkcs12(good, key), password="wrong") == "password"
    assert reason(desk, b"not a file") == "password"
    assert reason(desk, b"x" * 300_000) == "too-large"
    assert reason(desk, elsewhere.pkcs12(good, key, bare=True)) == "untrusted"  # its issuer is missing
    lone = pkcs12.serialize_key_and_certificates(b"k", key, None, None, NoEncryption())
    assert reason(desk, lone, password="") == "no-key"
    small = rsa.generate_private_key(65537, 1024)
    assert reason(desk, elsewhere.pkcs12(elsewhere.issue(name_of("王芳"), small), small)) == "algorithm"
    curve = ec.generate_private_key(ec.SECP256K1())
    assert reason(desk, elsewhere.pkcs12(elsewhere.issue(name_of("王芳"), curve), curve)) == "algorithm"
    stranger = OutsideAuthority(elsewhere.now, "Stranger")
    assert reason(desk, stranger.person("王芳")) == "untrusted"
    forged = OutsideAuthority(elsewhere.now)  # the same names, other keys
    assert reason(desk, forged.person("王芳")) == "untrusted"
    with pytest.raises(CertificateUnfit) as differs:
        importing.open_pkcs12(_exchanged(elsewhere, good, key, other), "")
    assert differs.value.context["reason"] in ("key-differs", "no-key", "password")
    with desk.runtime.database.read() as session:
        assert brought(session) == []


def _exchanged(
    elsewhere: OutsideAuthority, good: x509.Certificate, key: ec.EllipticCurvePrivateKey,
    other: ec.EllipticCurvePrivateKey,
) -> bytes:  # fmt: skip
    """A file without encryption in which another key stands for the certificate's."""
    data = pkcs12.serialize_key_and_certificates(b"k", key, good, None, NoEncryption())
    old, new = (one.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()) for one in (key, other))
    assert old in data and len(old) == len(new)
    return data.replace(old, new)


def test_a_file_whose_key_derivation_would_take_hours_is_not_begun(elsewhere: OutsideAuthority) -> None:
    found = asn1.Pfx.load(elsewhere.person("王芳"))
    found["mac_data"]["iterations"] = 2**31 - 1
    with pytest.raises(CertificateUnfit) as refused:
        importing.open_pkcs12(found.dump(force=True), PASSWORD)
    assert refused.value.context["reason"] == "too-large"


def test_an_email_address_names_a_person_too(desk: Desk, elsewhere: OutsideAuthority) -> None:
    data = elsewhere.person("WANG FANG", email="Wang.Fang@example.com")
    assert reason(desk, data) == "names-another"
    with desk.runtime.database.write() as session:
        session.get_one(Person, desk.company.people["head"]).email = "wang.fang@example.com"
    bring(desk, data)


def test_one_key_belongs_to_one_person(desk: Desk, elsewhere: OutsideAuthority) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    data = elsewhere.pkcs12(elsewhere.issue(name_of("王芳 陈总"), key), key)
    bring(desk, data)
    assert reason(desk, data, username="gm") == "in-use"
    bring(desk, data)  # its own person may bring it again


def test_what_was_suspended_here_does_not_come_back_by_another_door(
    desk: Desk, elsewhere: OutsideAuthority
) -> None:
    data = elsewhere.person("王芳")
    made = bring(desk, data)
    desk.signing.certificates.suspend(desk.company.principal("admin"), made.id, "lost")
    with pytest.raises(CertificateNotUsable):
        desk.signatory()
    assert reason(desk, data) == "revoked"


def test_a_list_that_names_it_stops_a_certificate_at_once(desk: Desk, elsewhere: OutsideAuthority) -> None:
    made = bring(desk, elsewhere.person("王芳"))
    early = desk.signed("head")
    certificate = x509.load_der_x509_certificate(made.der)
    for data in elsewhere.lists(certificate):
        desk.signing.outside_lists.take(None, data)
    view = desk.signing.certificates.get(None, made.id)
    assert (view.state, view.revocation_reason) == (State.REVOKED, "keyCompromise")
    with pytest.raises(NotEnrolled):
        desk.signatory()
    with desk.runtime.database.read() as session:
        told = session.scalars(
            select(Notice.person_id).where(Notice.code == "certificate-revoked-outside")
        ).all()
    assert {desk.company.people["head"], desk.company.people["admin"]} <= set(told)
    assert desk.signing.enrol(desk.company.principal("head"), PIN).issuer_id is not None
    assert early


def test_a_hold_stops_it_until_somebody_resumes_it(desk: Desk, elsewhere: OutsideAuthority) -> None:
    made = bring(desk, elsewhere.person("王芳"))
    certificate = x509.load_der_x509_certificate(made.der)
    held = elsewhere.crl(
        elsewhere.issuing, elsewhere.key, [certificate], reason=x509.ReasonFlags.certificate_hold
    )
    desk.signing.outside_lists.take(None, held)
    assert desk.signing.certificates.get(None, made.id).state is State.HELD
    with pytest.raises(CertificateNotUsable):
        desk.signatory()


def test_only_lists_of_authorities_that_are_trusted_are_kept(desk: Desk, elsewhere: OutsideAuthority) -> None:
    take = desk.signing.outside_lists.take
    stranger = OutsideAuthority(elsewhere.now, "Stranger")
    forged = OutsideAuthority(elsewhere.now)
    week = timedelta(days=8)
    of = elsewhere.crl
    bad = {
        "list-untrusted": [*stranger.lists(), *forged.lists(), of(elsewhere.issuing, elsewhere.key, ())],
        "list-unreadable": [b"", b"x" * 100, elsewhere.root_pem],
        "list-expired": [of(elsewhere.root, elsewhere.root_key, (), at=elsewhere.now - week)],
        "not-yet": [of(elsewhere.root, elsewhere.root_key, (), at=elsewhere.now + week)],
    }
    for why, files in bad.items():
        for data in files:
            with pytest.raises(CertificateUnfit) as refused:
                take(None, data)
            assert refused.value.context["reason"] == why
    take(None, elsewhere.lists()[1], issuers=[elsewhere.issuing])  # its authority came with it
    take(None, elsewhere.lists()[0])
    with pytest.raises(CertificateUnfit) as older:
        take(None, of(elsewhere.root, elsewhere.root_key, (), at=elsewhere.now - timedelta(days=1)))
    assert older.value.context["reason"] == "list-older"
    with pytest.raises(Forbidden):
        take(desk.company.principal("legal"), elsewhere.lists()[0])


def test_a_list_about_a_part_says_nothing_of_other_certificates(
    desk: Desk, elsewhere: OutsideAuthority
) -> None:
    """A list of another part used to prove that a certificate was good."""
    bring(desk, elsewhere.person("王芳"))
    desk.signing.outside_lists.take(None, elsewhere.lists()[0])

    def gaps(place: str) -> list[str]:
        data = elsewhere.crl(elsewhere.issuing, elsewhere.key, (), place=place)
        desk.signing.outside_lists.take(None, data)
        with desk.runtime.database.read() as session:
            return [one.subject for one in desk.signing.outside_lists.gaps(session)]

    assert gaps("http://127.0.0.1:9/another.crl") == ["王芳"]
    assert gaps(LIST_URL) == []


def test_lists_are_fetched_from_configured_places_only(desk: Desk, elsewhere: OutsideAuthority) -> None:
    bring(desk, elsewhere.person("王芳"))
    root_list, issuing_list = elsewhere.lists()
    with serving({"/root.crl": root_list, "/issuing.crl": issuing_list}) as (base, asked):
        nobody = fetching(desk, "")
        assert not nobody.has_places and nobody.run() == 0 and asked == []
        some = fetching(desk, f"{base}/root.crl {base}/issuing.crl {base}/none.crl#")
        assert some.run() == 2
        assert list(some.last_failures.values()) == ["HTTP 404"]
        assert asked == ["/root.crl", "/issuing.crl", "/none.crl"]
        assert some.run() == 0 and asked[3:] == ["/none.crl"]  # the others are fresh
    with desk.runtime.database.read() as session:
        assert desk.signing.outside_lists.gaps(session) == []
        assert {row.source for row in desk.signing.outside_lists.listed(session)} == {
            f"{base}/root.crl", f"{base}/issuing.crl",
        }  # fmt: skip


def test_addresses_in_certificates_are_asked_only_where_the_setting_says_so(
    desk: Desk, elsewhere: OutsideAuthority, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving({"/issuing.crl": elsewhere.lists()[1]}) as (base, asked):
        monkeypatch.setattr("tests.outside.LIST_URL", f"{base}/issuing.crl")
        bring(desk, elsewhere.person("王芳"))
        assert fetching(desk, f"{base}/x").run() == 0 and asked == ["/x"]
        assert fetching(desk, "certificates:").run() == 1
        assert "/issuing.crl" in asked


@pytest.mark.parametrize(
    "setting", ["ftp://x/y", "internal:", "http://h/x#issuer=/none", "http://h/x#y=1", "http://u:p@h/x"]
)
def test_a_place_that_cannot_work_is_refused(setting: str) -> None:
    with pytest.raises(SettingUnusable):
        read_places(setting)


def fetching(desk: Desk, setting: str) -> OutsideFetching:
    changed = desk.runtime.settings.model_copy(update={"revocation_url": setting})
    return OutsideFetching(desk.runtime.database, desk.runtime.clock, changed, desk.signing.outside_lists)


@settings(max_examples=60, deadline=None)
@given(position=st.integers(0, 5000), value=st.integers(0, 255), cut=st.integers(0, 5000))
def test_no_damaged_file_raises_anything_but_a_refusal(
    elsewhere: OutsideAuthority, position: int, value: int, cut: int
) -> None:
    data = bytearray(_FILE or _file(elsewhere))
    data[position % len(data)] = value
    for damaged in (bytes(data), bytes(data[: cut % len(data)])):
        try:
            importing.open_pkcs12(damaged, PASSWORD)
        except CertificateUnfit:
            continue


_FILE: bytes = b""


def _file(elsewhere: OutsideAuthority) -> bytes:
    global _FILE
    protection = importing_fast()
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = elsewhere.issue(name_of("王芳"), key)
    _FILE = pkcs12.serialize_key_and_certificates(b"k", key, certificate, [elsewhere.issuing], protection)
    return _FILE


def importing_fast():  # type: ignore[no-untyped-def]
    return PrivateFormat.PKCS12.encryption_builder().kdf_rounds(10).build(PASSWORD.encode())


@pytest.mark.parametrize(
    ("subject", "name", "fits"),
    [
        ("王芳", "王芳", True), ("王 芳", "王芳", True), ("０王芳＠公司", "王芳", True),
        ("芳", "王芳", False), ("Wang", "wang", True), ("x", "", False),
    ],
)  # fmt: skip
def test_names_are_compared_whatever_their_width_case_and_spaces(
    elsewhere: OutsideAuthority, subject: str, name: str, fits: bool
) -> None:
    certificate = elsewhere.issue(name_of(subject), ec.generate_private_key(ec.SECP256R1()))
    if fits:
        importing.check_names_person(certificate, name, None)
    else:
        with pytest.raises(CertificateUnfit):
            importing.check_names_person(certificate, name, None)


def test_a_legal_entity_is_named_by_its_credit_code_too(elsewhere: OutsideAuthority) -> None:
    code = "91310000MA1FL0AB3X"
    subject = x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Spruce Ltd"),
         x509.NameAttribute(NameOID.ORGANIZATION_IDENTIFIER, f"NTRCN-{code}"),
         x509.NameAttribute(NameOID.COMMON_NAME, "Spruce Ltd")]
    )  # fmt: skip
    certificate = elsewhere.issue(subject, ec.generate_private_key(ec.SECP256R1()))
    importing.check_names_entity(certificate, "云杉测试科技有限公司", code)
    with pytest.raises(CertificateUnfit):
        importing.check_names_entity(certificate, "云杉测试科技有限公司", None)


@pytest.mark.parametrize(
    ("names", "is_one"),
    [
        ({NameOID.COMMON_NAME: "王芳", NameOID.ORGANIZATION_NAME: "云杉公司"}, False),
        ({NameOID.COMMON_NAME: "云杉公司"}, False),
        ({NameOID.COMMON_NAME: "云杉 公司", NameOID.ORGANIZATION_NAME: "云杉公司"}, True),
        ({NameOID.COMMON_NAME: "041@云杉公司@1", NameOID.ORGANIZATION_NAME: "云杉公司"}, True),
        ({NameOID.COMMON_NAME: "云杉公司", NameOID.ORGANIZATIONAL_UNIT_NAME: "Organizational-1"}, True),
        ({NameOID.COMMON_NAME: "王芳", NameOID.ORGANIZATIONAL_UNIT_NAME: "Individual-1"}, False),
    ],
)
def test_what_says_that_it_belongs_to_a_legal_entity(
    elsewhere: OutsideAuthority, names: dict[x509.ObjectIdentifier, str], is_one: bool
) -> None:
    subject = x509.Name([x509.NameAttribute(kind, text) for kind, text in names.items()])
    certificate = elsewhere.issue(subject, ec.generate_private_key(ec.SECP256R1()))
    assert is_of_entity(certificate) is is_one
