"""A root that lives offline: asked by file, answered without server or network, judged by OpenSSL."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import select

from core.clock import FixedClock
from core.errors import Forbidden
from core.models import AuditEntry, Notice
from signing import pki, root_folder
from signing.errors import AuthorityNotReady, CertificateActRefused, RequestUnfit
from signing.models import Certificate, CertificateRequest, CertificateRole
from signing.root_papers import Answer, read_answer, read_request, write_answer, write_request
from signing.service import SigningService
from signing.verification import verify_pdf
from storage.folder import FolderObjects
from storage.service import ObjectStore
from tests import openssl
from tests.builders import PIN, make_company, make_runtime
from tests.office import FAST_PIN
from tests.seals import make_seal
from tests.signing.conftest import Desk

NAME = "云杉测试科技有限公司"
PASSPHRASE = "correct horse battery"
START = datetime.fromisoformat("2026-11-26T10:00:00+08:00")


@pytest.fixture(autouse=True)
def _few_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(root_folder, "ROUNDS", 1000)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(START)


@pytest.fixture
def desk(tmp_path: Path, clock: FixedClock) -> Iterator[Desk]:
    """A desk before its set-up: there is no authority yet."""
    home = tmp_path / "home"
    runtime = make_runtime(home, clock=clock)
    company = make_company(runtime)
    store = ObjectStore(runtime.database, FolderObjects(home / "objects"), clock, home / "staging")
    signing = SigningService(
        runtime.database, store, runtime.master_key, clock, runtime.settings, pin_cost=FAST_PIN
    )
    yield Desk(runtime, company, signing)
    runtime.database.dispose()


@pytest.fixture
def folder(tmp_path: Path, clock: FixedClock) -> Path:
    """A root that was made offline."""
    made = tmp_path / "root"
    root_folder.make(made, pki.Identity("", NAME), PASSPHRASE, clock.now())
    return made


def answered(desk: Desk, folder: Path, data: bytes, days: int = root_folder.LIST_DAYS) -> bytes:
    root = root_folder.open_root(folder, PASSPHRASE)
    return write_answer(root_folder.answer(root, read_request(data), desk.now(), days))


def fetch(desk: Desk, folder: Path, **options: bool) -> None:
    """Ask, answer, install."""
    data = desk.signing.offline_root.request(None, **options)  # type: ignore[arg-type]
    digest = root_folder.fingerprint(root_folder.open_root(folder, PASSPHRASE).certificate)
    desk.signing.offline_root.install(None, answered(desk, folder, data), digest)


def rows(desk: Desk, role: CertificateRole) -> list[Certificate]:
    with desk.runtime.database.read() as session:
        return list(
            session.scalars(
                select(Certificate).where(Certificate.role == role).order_by(Certificate.not_before)
            )
        )


def codes(desk: Desk) -> list[str]:
    with desk.runtime.database.read() as session:
        return [one.code for one in desk.signing.standing(session)]


def openssl_says(desk: Desk, der: bytes, folder: Path, issuing: str = "issuing") -> str:
    file = {name: desk.signing.pki_file(name)[1]
            for name in ("root.crt", "root.crl", f"{issuing}.crt", f"{issuing}.crl")}  # fmt: skip
    return openssl.verify(
        folder, der, file["root.crt"], [file[f"{issuing}.crt"]], [file["root.crl"], file[f"{issuing}.crl"]],
        at=desk.now(),
    )  # fmt: skip


def everything_goes_on(desk: Desk, folder: Path, issuing: str = "issuing") -> None:
    """A new person signs, seals are made, a list and an OCSP answer come, and OpenSSL believes it all."""
    desk.signing.enrol(desk.company.principal("head"), PIN)
    seal = make_seal(desk.signing, desk.company, "公章", "official")
    with desk.runtime.database.write() as session:
        desk.signing.check_ready(session)
        sealed = session.get_one(Certificate, seal.certificate_id)
    signed = desk.signing.add_evidence(desk.signed("head"))
    assert verify_pdf(signed, desk.roots(), desk.now()).outcome == "valid"
    for role in (CertificateRole.PERSON, CertificateRole.OCSP):
        assert openssl_says(desk, rows(desk, role)[-1].der, folder, issuing) == "", role
    assert openssl_says(desk, sealed.der, folder, issuing) == ""


def test_an_installation_begins_with_a_root_that_was_never_here(
    desk: Desk, folder: Path, tmp_path: Path
) -> None:
    data = desk.signing.offline_root.request(None, NAME)
    assert codes(desk) == ["root-asked"]
    desk.signing.set_up(NAME, is_demo=False)  # the set-up page makes no second authority
    assert rows(desk, CertificateRole.ROOT) == []
    with pytest.raises(AuthorityNotReady):
        desk.signing.enrol(desk.company.principal("head"), PIN)

    answer = answered(desk, folder, data)
    root = root_folder.open_root(folder, PASSPHRASE).certificate
    for wrong in ("", "0" * 64):
        with pytest.raises(RequestUnfit) as refused:
            desk.signing.offline_root.install(None, answer, wrong)
        assert refused.value.context["reason"] == "fingerprint"
    desk.signing.offline_root.install(None, answer, root_folder.fingerprint(root).upper())

    assert rows(desk, CertificateRole.ROOT)[0].wrapped_key is None
    assert codes(desk) == ["crl-good"]
    everything_goes_on(desk, tmp_path)
    assert openssl.run("pkcs12", "-in", f"{folder}/root.p12", "-nodes", "-passin", f"pass:{PASSPHRASE}",
                       folder=tmp_path).stdout.count("BEGIN") == 2  # fmt: skip


def test_openssl_reads_the_request_and_the_answer(desk: Desk, folder: Path, tmp_path: Path) -> None:
    data = desk.signing.offline_root.request(None, NAME)
    (tmp_path / "request.pem").write_text(json.loads(data)["certificate"])
    shown = openssl.run("req", "-in", "request.pem", "-verify", "-noout", "-text", folder=tmp_path)
    assert "verify OK" in shown.stdout + shown.stderr and "CA:TRUE, pathlen:0" in shown.stdout
    answer = json.loads(answered(desk, folder, data))
    (tmp_path / "list.pem").write_text(answer["list"])
    (tmp_path / "root.pem").write_text(answer["root"])
    said = openssl.run("crl", "-in", "list.pem", "-CAfile", "root.pem", "-noout", folder=tmp_path)
    assert "verify OK" in said.stdout + said.stderr


def test_a_root_moves_offline_and_everything_goes_on(desk: Desk, tmp_path: Path, clock: FixedClock) -> None:
    desk.signing.set_up(NAME, is_demo=False)
    away = tmp_path / "away"

    digest = desk.signing.offline_root.move(away, PASSPHRASE)

    row = rows(desk, CertificateRole.ROOT)[0]
    assert row.wrapped_key is None
    opened = root_folder.open_root(away, PASSPHRASE)
    assert opened.certificate.public_bytes(Encoding.DER) == row.der
    assert root_folder.fingerprint(opened.certificate) == digest
    assert (away / "root.p12").stat().st_mode & 0o077 == 0
    assert row.id not in desk.signing.authority.members._loaded
    everything_goes_on(desk, tmp_path)
    with pytest.raises(RequestUnfit) as again:
        desk.signing.offline_root.move(tmp_path / "again", PASSPHRASE)
    assert again.value.context["reason"] == "root-away"
    clock.advance(timedelta(days=100))
    desk.signing.authority.renew_crls()
    desk.signing.certificates.renew_due()
    assert codes(desk) == ["crl-good"]


def test_another_process_forgets_the_key_of_a_root_that_moved(desk: Desk, tmp_path: Path) -> None:
    desk.signing.set_up(NAME, is_demo=False)
    other = SigningService(
        desk.runtime.database, desk.signing._store, desk.runtime.master_key, desk.runtime.clock,
        desk.runtime.settings,
    )  # fmt: skip
    root = other.authority.members.newest(CertificateRole.ROOT)
    assert root is not None
    desk.signing.offline_root.move(tmp_path / "away", PASSPHRASE)
    other.authority.members.forget()  # what half a minute does
    other.authority.members.entries()
    assert other.authority.members.newest(CertificateRole.ROOT) is None
    assert root.id not in other.authority.members._loaded


def test_a_folder_is_not_written_over_and_the_key_stays_where_it_was(desk: Desk, folder: Path) -> None:
    desk.signing.set_up(NAME, is_demo=False)
    for where, passphrase, reason in (
        (folder, PASSPHRASE, "exists"),
        (folder / "x", "short", "passphrase-short"),
    ):
        with pytest.raises(RequestUnfit) as refused:
            desk.signing.offline_root.move(where, passphrase)
        assert refused.value.context["reason"] == reason
    assert rows(desk, CertificateRole.ROOT)[0].wrapped_key is not None
    with pytest.raises(RequestUnfit) as wrong:
        root_folder.open_root(folder, PASSPHRASE + "x")
    assert wrong.value.context["reason"] == "password"


def test_the_roots_list_is_fetched_in_time_and_people_are_told(
    desk: Desk, folder: Path, clock: FixedClock, tmp_path: Path
) -> None:
    desk.signing.offline_root.request(None, NAME)
    fetch(desk, folder)
    for _day in range(root_folder.LIST_DAYS - 29):
        clock.advance(timedelta(days=1))
        desk.signing.offline_root.remind()
    desk.signing.authority.renew_crls()
    desk.signing.certificates.renew_due()
    assert codes(desk) == ["crl-offline-ending"]
    with desk.runtime.database.read() as session:
        told = session.scalars(select(Notice).where(Notice.code == "root-list-ending")).all()
    assert [one.person_id for one in told] == [desk.company.people["admin"]]

    fetch(desk, folder)

    assert codes(desk) == ["crl-good"]
    assert len(rows(desk, CertificateRole.ISSUING)) == 1
    with desk.runtime.database.read() as session:
        assert session.scalars(select(Notice.seen_at).where(Notice.code == "root-list-ending")).one()
    clock.advance(timedelta(days=root_folder.LIST_DAYS))
    desk.signing.authority.renew_crls()
    desk.signing.certificates.renew_due()
    assert "crl-overdue" in codes(desk)
    with desk.runtime.database.read() as session, pytest.raises(AuthorityNotReady):
        desk.signing.check_ready(session)


def test_the_issuing_authority_gets_a_successor_from_the_offline_root(
    desk: Desk, folder: Path, clock: FixedClock, tmp_path: Path
) -> None:
    desk.signing.offline_root.request(None, NAME)
    fetch(desk, folder)
    old = rows(desk, CertificateRole.ISSUING)[0]
    with pytest.raises(CertificateActRefused) as refused:
        desk.signing.certificates.renew(None, old.id, "x")
    assert refused.value.context["state"] == "offline"
    clock.advance(timedelta(days=366 * 9))
    fetch(desk, folder)  # only lists so far: it is due a year later at the earliest, or now
    desk.signing.certificates.renew_due()
    desk.signing.authority.renew_crls()
    made = rows(desk, CertificateRole.ISSUING)
    assert len(made) == 2
    assert "Vermilion Issuing CA 2" in made[1].subject
    everything_goes_on(desk, tmp_path, "issuing-2")
    assert codes(desk) == ["crl-good"]


def test_what_was_revoked_goes_with_the_request_and_comes_back_in_the_list(
    desk: Desk, folder: Path, tmp_path: Path
) -> None:
    desk.signing.offline_root.request(None, NAME)
    fetch(desk, folder)
    old = rows(desk, CertificateRole.ISSUING)[0]
    early = desk.signing.offline_root.request(None)

    desk.signing.certificates.revoke(None, old.id, "keyCompromise", "the server was stolen")

    assert "certificate-missing" in codes(desk)
    stale = answered(desk, folder, early)
    with pytest.raises(RequestUnfit) as forgets:
        desk.signing.offline_root.install(None, stale)
    assert forgets.value.context["reason"] == "forgets"
    fetch(desk, folder)
    crl = x509.load_der_x509_crl(desk.signing.pki_file("root.crl")[1])
    listed = crl.get_revoked_certificate_by_serial_number(int(old.serial_number, 16))
    assert listed is not None
    assert listed.extensions.get_extension_for_class(x509.CRLReason).value.reason.value == "keyCompromise"
    for role in (CertificateRole.TSA, CertificateRole.SERVICE):
        assert openssl_says(desk, rows(desk, role)[-1].der, tmp_path, "issuing-2") == "", role
    everything_goes_on(desk, tmp_path, "issuing-2")
    assert "revoked" in openssl_says(desk, rows(desk, CertificateRole.TSA)[0].der, tmp_path)
    fetch(desk, folder)  # and the next list remembers it
    crl = x509.load_der_x509_crl(desk.signing.pki_file("root.crl")[1])
    assert crl.get_revoked_certificate_by_serial_number(int(old.serial_number, 16)) is not None


def test_a_revocation_that_the_roots_list_lacks_is_an_error_on_the_health_page(
    desk: Desk, folder: Path, clock: FixedClock
) -> None:
    desk.signing.offline_root.request(None, NAME)
    fetch(desk, folder)
    clock.advance(timedelta(days=1))
    fetch(desk, folder, issuing=True)
    desk.signing.certificates.revoke(None, rows(desk, CertificateRole.ISSUING)[0].id, "superseded", "x")
    assert "crl-lacks" in codes(desk)
    fetch(desk, folder)
    assert "crl-lacks" not in codes(desk)


def test_asking_again_is_the_same_request_until_it_is_given_up(desk: Desk, folder: Path) -> None:
    first = read_request(desk.signing.offline_root.request(None, NAME))
    again = read_request(desk.signing.offline_root.request(None, NAME))
    assert first == again
    anew = read_request(desk.signing.offline_root.request(None, NAME, anew=True))
    assert anew.number != first.number
    with desk.runtime.database.read() as session:
        assert len(session.scalars(select(CertificateRequest)).all()) == 1
    late = write_answer(root_folder.answer(root_folder.open_root(folder, PASSPHRASE), first, desk.now()))
    with pytest.raises(RequestUnfit) as refused:
        desk.signing.offline_root.install(None, late, "")
    assert refused.value.context["reason"] == "other-key"


def test_the_same_request_gets_the_same_certificate_again(desk: Desk, folder: Path) -> None:
    data = desk.signing.offline_root.request(None, NAME)
    one, two = (read_answer(answered(desk, folder, data)) for _ in range(2))
    assert one.certificate == two.certificate
    assert two.revocation_list != one.revocation_list


def test_only_administrators_ask_and_install(desk: Desk, folder: Path) -> None:
    data = desk.signing.offline_root.request(desk.company.principal("admin"), NAME)
    for username in ("head", "keeper", "auditor", "legal"):
        with pytest.raises(Forbidden):
            desk.signing.offline_root.request(desk.company.principal(username), NAME)
        with pytest.raises(Forbidden):
            desk.signing.offline_root.install(desk.company.principal(username), answered(desk, folder, data))
    with desk.runtime.database.read() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "authority.root_asked")).one()
    assert entry.actor_id == desk.company.people["admin"]


def test_a_root_that_is_here_is_not_asked(desk: Desk) -> None:
    desk.signing.set_up(NAME, is_demo=False)
    with pytest.raises(RequestUnfit) as refused:
        desk.signing.offline_root.request(None, NAME)
    assert refused.value.context["reason"] == "root-here"


def forged(
    how: str, good: Answer, asked_key: x509.CertificateSigningRequest, folder: Path, now: datetime
) -> Answer:
    """An answer that the root, or somebody else, signed, with one thing wrong."""
    root = root_folder.open_root(folder, PASSPHRASE)
    certificate = good.certificate
    assert certificate is not None
    key = asked_key.public_key()
    urls = ("http://127.0.0.1:8600/pki/root.crl", "http://127.0.0.1:8600/pki/root.crt")
    issuer = pki.Issuer(root.certificate, root.key, *urls)
    stranger = ec.generate_private_key(ec.SECP256R1())
    crl = lambda at, until, number=99, key=root.key: pki.make_crl(  # noqa: E731
        root.certificate, key, number, (), at, until
    )
    year = timedelta(days=366)
    changes: dict[str, dict[str, object]] = {
        "other-key": {"certificate": pki.make_issuing(asked_key.subject, stranger, issuer, now)},
        "constraints": {"certificate": pki.make_signer(asked_key.subject, key, issuer, now)},
        "addresses": {
            "certificate": pki.make_issuing(
                asked_key.subject, key, replace(issuer, crl_url="http://elsewhere/root.crl"), now
            )
        },
        "expired": {"certificate": pki.make_issuing(asked_key.subject, key, issuer, now - 15 * year)},
        "not-yet": {"certificate": pki.make_issuing(asked_key.subject, key, issuer, now + year)},
        "no-certificate": {"certificate": None},
        "broken-signature": {
            "certificate": pki.make_issuing(asked_key.subject, key, replace(issuer, key=stranger), now)
        },
        "list-expired": {"revocation_list": crl(now - year, now)},
        "list-not-yet": {"revocation_list": crl(now + year, now + 2 * year)},
        "list-broken-signature": {"revocation_list": crl(now, now + year, key=stranger)},
        "list-older": {"revocation_list": crl(now, now + year, number=0)},
    }  # fmt: skip
    return replace(good, **changes[how])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "how",
    [
        "other-key", "constraints", "addresses", "expired", "not-yet", "no-certificate", "broken-signature",
        "list-expired", "list-not-yet", "list-broken-signature", "list-older",
    ],
)  # fmt: skip
def test_an_answer_with_anything_wrong_changes_nothing(desk: Desk, folder: Path, how: str) -> None:
    data = desk.signing.offline_root.request(None, NAME)
    asked = read_request(data)
    assert asked.signing_request is not None
    good = read_answer(answered(desk, folder, data))
    digest = root_folder.fingerprint(good.root)
    with pytest.raises(RequestUnfit) as refused:
        made = forged(how, good, asked.signing_request, folder, desk.now())
        desk.signing.offline_root.install(None, write_answer(made), digest)
    assert refused.value.context["reason"] == how.removeprefix("list-")
    assert rows(desk, CertificateRole.ROOT) == rows(desk, CertificateRole.ISSUING) == []
    desk.signing.offline_root.install(None, write_answer(good), digest)


def test_an_answer_of_another_root_is_refused_once_one_is_installed(
    desk: Desk, folder: Path, tmp_path: Path
) -> None:
    desk.signing.offline_root.request(None, NAME)
    fetch(desk, folder)
    data = desk.signing.offline_root.request(None)
    other = tmp_path / "other"
    root_folder.make(other, pki.Identity("", NAME), PASSPHRASE, desk.now())
    with pytest.raises(RequestUnfit) as offline:
        answered(desk, other, data)
    assert offline.value.context["reason"] == "not-ours"
    asked = read_request(data)
    forged_answer = root_folder.answer(
        root_folder.open_root(other, PASSPHRASE), replace(asked, root=None), desk.now()
    )
    with pytest.raises(RequestUnfit) as here:
        digest = root_folder.fingerprint(forged_answer.root)
        desk.signing.offline_root.install(None, write_answer(forged_answer), digest)
    assert here.value.context["reason"] == "not-ours"


def test_the_offline_machine_does_not_believe_a_list_that_it_did_not_sign(folder: Path, desk: Desk) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    root = root_folder.open_root(folder, PASSPHRASE)
    crl = pki.make_crl(root.certificate, key, 5, (), desk.now())
    (folder / "root.crl").write_bytes(crl.public_bytes(Encoding.DER))
    with pytest.raises(RequestUnfit) as refused:
        root_folder.open_root(folder, PASSPHRASE)
    assert refused.value.context["reason"] == "broken-signature"


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"[1]", b'{"format": "vermilion root request"}', b"\xff\xfe", b"[" * 100_000, b"null"],
)  # fmt: skip
def test_what_is_no_paper_is_refused(data: bytes) -> None:
    for read in (read_request, read_answer):
        with pytest.raises(RequestUnfit) as refused:
            read(data)
        assert refused.value.context["reason"] == "unreadable"


def test_a_paper_of_a_newer_program_is_refused(desk: Desk) -> None:
    found = json.loads(desk.signing.offline_root.request(None, NAME))
    with pytest.raises(RequestUnfit) as refused:
        read_request(json.dumps({**found, "version": 2}).encode())
    assert refused.value.context["reason"] == "newer"
    asked = read_request(json.dumps(found).encode())
    assert read_request(write_request(asked)) == asked
