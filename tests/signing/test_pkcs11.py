"""Keys in a PKCS#11 slot sign as others do, and what goes wrong with the token is said in words."""

from __future__ import annotations

import copy
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pkcs11
import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.x509.oid import NameOID
from pkcs11.util.ec import encode_named_curve_parameters

from core.errors import SettingUnusable
from core.key_stores import TokenStore, load_master_key
from core.masterkey import FILE_NAME, MasterKey
from core.pkcs11 import Token, TokenKeyMissing, TokenUnavailable
from core.settings import Settings
from signing import trust
from signing.custody_models import KeyLocation
from signing.errors import CertificateUnfit, SealChangeNotPossible
from signing.models import Certificate, Seal
from signing.pkcs11 import SlotKeys
from signing.seal_changes import ChangeKind
from signing.seal_keys import from_slot
from signing.verification import verify_pdf
from tests.office import Office, open_office
from tests.signing.softhsm import PIN, SoftToken, make_token
from vermilion.first_start import open_home

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.xdist_group("softhsm")


@pytest.fixture(scope="module")
def soft(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SoftToken]:
    made = make_token(tmp_path_factory.mktemp("softhsm"))

    def fill(session: Any) -> None:
        parameters = session.create_domain_parameters(
            pkcs11.KeyType.EC,
            {pkcs11.Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")},
            local=True,
        )
        for number, label in enumerate(("seal-ec", "seal-own", "seal-gone")):
            parameters.generate_keypair(store=True, label=label, id=bytes([number + 1]))
        session.generate_keypair(pkcs11.KeyType.RSA, 2048, store=True, label="seal-rsa", id=b"\x09")
        session.generate_key(pkcs11.KeyType.AES, 256, store=True, label="master", id=b"\x10")

    made.token().use(fill)
    yield made


@pytest.fixture
def office(tmp_path: Path, soft: SoftToken) -> Iterator[Office]:
    with open_office(tmp_path / "home", **soft.settings(tmp_path)) as made:
        yield made


def slot_keys(office: Office) -> SlotKeys:
    return office.signing.slots


def move(office: Office, label: str, *, own_certificate: bool = False) -> Certificate:
    """One person offers the slot's key, another agrees."""
    offer = from_slot(slot_keys(office).look(label), own_certificate=own_certificate)
    life = office.signing.seal_life
    with office.runtime.database.write() as session:
        change = life.offer_key(session, office.principal("legal"), office.seal.id, offer, "into the token")
    with office.runtime.database.write() as session:
        life.agree(session, office.principal("admin"), change.id)
        seal = session.get_one(Seal, office.seal.id)
        return session.get_one(Certificate, seal.certificate_id)


def sealed_contract(office: Office) -> bytes:
    return office.papers(office.finished_contract())["document"]


@pytest.mark.parametrize("label", ["seal-ec", "seal-rsa"])
def test_a_seal_signs_with_a_key_that_never_leaves_its_token(office: Office, label: str) -> None:
    with office.runtime.database.read() as session:
        before = session.get_one(Seal, office.seal.id).certificate_id
    made = move(office, label)
    with office.runtime.database.read() as session:
        seal = session.get_one(Seal, office.seal.id)
        old = session.get_one(Certificate, before)
    assert seal.certificate_id == made.id and seal.wrapped_key == b""
    assert old.revocation_reason == "superseded"
    pdf = sealed_contract(office)
    verdict = verify_pdf(pdf, office.roots(), datetime.now(UTC))
    assert verdict.outcome == "valid"
    serials = {one.signer for one in verdict.facts.signatures}
    assert any(signer and "合同专用章" in signer for signer in serials)


def test_the_adapters_signatures_are_those_of_the_certificates_key(office: Office) -> None:
    for label in ("seal-ec", "seal-rsa"):
        made = move(office, label)
        with office.runtime.database.read() as session:
            key: Any = slot_keys(office).key(session, made.id)
        public: Any = x509.load_der_x509_certificate(made.der).public_key()
        for algorithm in (hashes.SHA256(), hashes.SHA384(), hashes.SHA512()):
            if label == "seal-ec":
                signature = key.key.sign(b"data", ec.ECDSA(algorithm))
                public.verify(signature, b"data", ec.ECDSA(algorithm))
                with pytest.raises(InvalidSignature):
                    public.verify(signature, b"Data", ec.ECDSA(algorithm))
            else:
                signature = key.key.sign(b"data", padding.PKCS1v15(), algorithm)
                public.verify(signature, b"data", padding.PKCS1v15(), algorithm)
        with pytest.raises(ValueError, match="does not leave"):
            key.key.private_bytes(None, None, None)
        assert copy.copy(key.key) is key.key


def test_a_certificate_of_an_outside_authority_is_taken_from_the_slot_with_its_chain(
    office: Office, soft: SoftToken
) -> None:
    root, issuing = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    certificates = {
        "root": certificate("Root", "Root", root.public_key(), root, is_ca=True),
        "issuing": certificate("Issuing", "Root", issuing.public_key(), root, is_ca=True),
    }
    found = slot_keys(office).look("seal-own")
    public: Any = serialization.load_der_public_key(found.public_key)
    certificates["own"] = certificate("云杉测试科技有限公司", "Issuing", public, issuing)
    root_pem = certificates["root"].public_bytes(serialization.Encoding.PEM)

    def put(session: Any) -> None:
        for name, one in certificates.items():
            session.create_object(
                {
                    pkcs11.Attribute.CLASS: pkcs11.ObjectClass.CERTIFICATE,
                    pkcs11.Attribute.CERTIFICATE_TYPE: pkcs11.CertificateType.X_509,
                    pkcs11.Attribute.TOKEN: True,
                    pkcs11.Attribute.LABEL: name,
                    pkcs11.Attribute.ID: b"\x02" if name == "own" else b"\x77" + name.encode(),
                    pkcs11.Attribute.SUBJECT: one.subject.public_bytes(),
                    pkcs11.Attribute.VALUE: one.public_bytes(serialization.Encoding.DER),
                }
            )

    with pytest.raises(CertificateUnfit) as bare:
        move(office, "seal-own", own_certificate=True)
    assert bare.value.context["reason"] == "no-certificate"
    soft.token().use(put)
    with pytest.raises(CertificateUnfit) as untrusted:
        move(office, "seal-own", own_certificate=True)
    assert untrusted.value.context["reason"] == "untrusted"
    with office.runtime.database.write() as session:
        trust.add_root(session, office.runtime.clock, None, root_pem, "signatures", "seals for us")
    made = move(office, "seal-own", own_certificate=True)
    with office.runtime.database.read() as session:
        key = slot_keys(office).key(session, made.id)
    assert key is not None
    assert [one.subject.native["common_name"] for one in key.chain] == ["Issuing"]
    pdf = sealed_contract(office)
    anchors = [*office.roots(), certificates["root"].public_bytes(serialization.Encoding.DER)]
    facts = verify_pdf(pdf, anchors, datetime.now(UTC)).facts
    seals = [one for one in facts.signatures if one.signer == "云杉测试科技有限公司"]
    assert len(seals) == 1 and seals[0].intact
    assert {one.label: one.has_certificate for one in slot_keys(office).found()}["seal-own"]


def test_a_renewed_certificate_finds_the_same_key_in_its_slot(office: Office) -> None:
    made = move(office, "seal-ec")
    renewed = office.signing.certificates.renew(office.principal("admin"), made.id, "renewed in time")
    assert renewed != made.id
    with office.runtime.database.read() as session:
        key = slot_keys(office).key(session, renewed)
    assert key is not None
    verdict = verify_pdf(sealed_contract(office), office.roots(), datetime.now(UTC))
    assert verdict.outcome == "valid"


def test_a_destroyed_seals_key_is_destroyed_in_its_token(office: Office) -> None:
    move(office, "seal-gone")
    with office.runtime.database.write() as session:
        life, admin = office.signing.seal_life, office.principal("admin")
        change = life.ask(session, admin, office.seal.id, ChangeKind.DESTROY, "到期")
        life.agree(session, office.principal("legal"), change.id)
    assert "seal-gone" in {one.label for one in slot_keys(office).found()}  # only after the commit
    office.work_off()
    assert "seal-gone" not in {one.label for one in slot_keys(office).found()}
    with pytest.raises(TokenKeyMissing):
        slot_keys(office).look("seal-gone")
    assert office.signing.slot_ends.destroy_due() == 0
    with pytest.raises(SealChangeNotPossible):
        move(office, "seal-ec")


def test_what_is_wrong_with_a_token_is_said_without_its_pin(tmp_path: Path, soft: SoftToken) -> None:
    with pytest.raises(TokenKeyMissing) as missing:
        soft.token().encrypt("no-such-key", b"x")
    assert missing.value.context == {"token": soft.label, "label": "no-such-key"}
    gone = Token(soft.module, "pulled-out", lambda: PIN)
    with pytest.raises(TokenUnavailable) as away:
        gone.use(lambda session: session)
    wrong = tmp_path / "pin"
    wrong.write_text("00000000")
    for text in (str(away.value), repr(away.value), str(vars(gone))):
        assert PIN not in text
    with pytest.raises(SettingUnusable):
        Token.of(Settings(home=tmp_path, pkcs11_module=str(tmp_path / "no.so"), pkcs11_token="x"))
    with pytest.raises(SettingUnusable):
        Token.of(Settings(home=tmp_path))


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the library's own
def test_a_token_that_comes_back_is_used_again(soft: SoftToken) -> None:
    token = soft.token()
    sealed = token.encrypt("master", b"secret")
    token.use(lambda session: session.close())  # as when the token was pulled out and put back
    assert token.decrypt("master", sealed) == b"secret"


def test_a_master_key_that_a_token_wraps_lies_nowhere_in_the_clear(tmp_path: Path, soft: SoftToken) -> None:
    settings = Settings(
        home=tmp_path, **soft.settings(tmp_path, master_key_url="pkcs11:master", log_level="error")
    )
    opened = open_home(settings)
    assert opened.recovery_key is not None
    assert open_home(settings).recovery_key is None
    written = (tmp_path / FILE_NAME).read_bytes()
    assert written.startswith(b"pkcs11:") and MasterKey.from_recovery_key(opened.recovery_key).derive("x")
    found = load_master_key(settings)
    assert found is not None and found.recovery_key() == opened.recovery_key
    found.begin_change()
    assert found.is_changing and found.recovery_key() != opened.recovery_key
    found.end_change()
    assert not opened.master_key.is_changing
    assert opened.master_key.recovery_key() == found.recovery_key()
    assert isinstance(TokenStore(settings, "master").read(), tuple)
    plain = Settings(home=tmp_path / "plain", **soft.settings(tmp_path, master_key_url="pkcs11:master"))
    MasterKey.generate().save(plain.home)
    with pytest.raises(SettingUnusable):
        load_master_key(plain)


def test_the_command_line_lists_the_slot_and_gives_a_seal_its_key(tmp_path: Path, soft: SoftToken) -> None:
    home = tmp_path / "home"
    with open_office(home) as office:
        seal_id = office.seal.id
        environment = {
            **os.environ,
            "VERMILION_HOME": str(home),
            "VERMILION_PKCS11_MODULE": soft.module,
            "VERMILION_PKCS11_TOKEN": soft.label,
            "VERMILION_PKCS11_PIN": PIN,
            "LANG": "C.UTF-8",
        }

        def run(*arguments: str) -> str:
            done = subprocess.run(
                [sys.executable, "-m", "vermilion.cli", "seal", *arguments],
                env=environment,
                capture_output=True,
                text=True,
                timeout=60,
                cwd=ROOT,
            )
            assert done.returncode == 0, done.stderr
            assert PIN not in done.stdout + done.stderr
            return done.stdout

        assert "seal-ec" in run("slots")
        change = run("slot", "合同专用章", "--label", "seal-ec", "--reason", "into the token").strip()
        with office.runtime.database.write() as session:
            office.signing.seal_life.agree(session, office.principal("legal"), UUID(change))
        with office.runtime.database.read() as session:
            seal = session.get_one(Seal, seal_id)
            assert session.get_one(KeyLocation, seal.certificate_id).label == "seal-ec"


def certificate(
    subject: str, issuer: str, public: Any, key: ec.EllipticCurvePrivateKey, *, is_ca: bool = False
) -> x509.Certificate:
    def name(common: str) -> x509.Name:
        kinds = (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME)
        return x509.Name([x509.NameAttribute(kind, common) for kind in kinds])

    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name(issuer))
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365))
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
