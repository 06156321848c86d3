"""People's keys in PKCS#11 tokens: each signature takes the owner's PIN, and nobody else's login helps."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pkcs11
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from core.errors import Forbidden, InvalidInput, NotFound
from core.models import AuditEntry, Notice
from core.pkcs11 import (
    Module,
    PersonalToken,
    PinRefused,
    TokenAway,
    TokenKeyMissing,
    TokenLocked,
    TokenPinUnfit,
    TokenUnavailable,
)
from core.sign_in import SignInService, binding
from signing import custody, peppers, trust
from signing.custody_models import KeyLocation, Pepper, PersonToken
from signing.errors import (
    AlreadyEnrolled,
    CertificateUnfit,
    PinBlocked,
    PinTooWeak,
    SecondFactorNeeded,
    SigningSessionOver,
    TokenNotAssigned,
    TokenNotFree,
    WrongPin,
)
from signing.models import Certificate, Credential
from signing.peppers import PepperSecret, number_in
from signing.seal_keys import from_slot
from signing.verification import verify_pdf
from tests import independent
from tests.builders import FAST_PASSWORDS, PASSWORD, PIN, open_runtime
from tests.outside import PASSWORD as P12_PASSWORD
from tests.outside import OutsideAuthority, name_of
from tests.seals import make_seal
from tests.signing.conftest import Desk, make_desk, signing_of
from tests.signing.softhsm import SoftToken, make_token

pytestmark = pytest.mark.xdist_group("softhsm")
TOKEN, TOKEN_PIN, OTHER_PIN = "wangfang", "483-1592", "907-3541"
EC_KEY, RSA_KEY = b"\x21", b"\x22"
Keys = dict[str, x509.Certificate]


@pytest.fixture(scope="module")
def elsewhere() -> OutsideAuthority:
    return OutsideAuthority(datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1))


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> SoftToken:
    """The server's token, and one for 王芳 with an EC and an RSA key whose certificates lie beside them."""
    return make_token(tmp_path_factory.mktemp("people"), "server")


@pytest.fixture(scope="module")
def filled(first: SoftToken, elsewhere: OutsideAuthority) -> Keys:
    first.add_token(TOKEN, TOKEN_PIN)
    made = {}
    for label, key_id, kind in (("sign-ec", EC_KEY, "EC"), ("sign-rsa", RSA_KEY, "RSA")):
        key: Any = first.make_key(TOKEN, TOKEN_PIN, label, key_id, kind)
        made[label] = elsewhere.issue(name_of("王芳"), key)
        first.put_certificate(TOKEN, TOKEN_PIN, label, key_id, made[label])
    first.put_certificate(TOKEN, TOKEN_PIN, "issuing", b"\x77", elsewhere.issuing)
    return made


@pytest.fixture
def soft(first: SoftToken, filled: Keys, tmp_path: Path) -> Iterator[SoftToken]:
    """The tokens as they were made; what a test changes in them is undone."""
    kept, tokens = tmp_path / "tokens", first.folder / "tokens"
    shutil.copytree(tokens, kept)
    first.look_again()
    yield first
    shutil.rmtree(tokens)
    shutil.copytree(kept, tokens)
    first.look_again()


@pytest.fixture
def desk(tmp_path: Path, soft: SoftToken, elsewhere: OutsideAuthority) -> Iterator[Desk]:
    """A desk that trusts the outside authority and has the token's module."""
    made = make_desk(tmp_path / "home", key_replacement_hours=0, **soft.settings(tmp_path))
    with made.runtime.database.write() as session:
        trust.add_root(session, made.runtime.clock, None, elsewhere.root_pem, "signatures", "signs for us")
    yield made
    made.runtime.database.dispose()


def person(desk: Desk, username: str = "head") -> UUID:
    return desk.company.people[username]


def assign(desk: Desk, token: str = TOKEN, username: str = "head") -> None:
    desk.signing.person_slots.assign(desk.company.principal("admin"), person(desk, username), token)


def take(
    desk: Desk, key: str = "sign-ec", token_pin: str = TOKEN_PIN, pin: str = PIN, data: bytes = b"",
    *, username: str = "head", token: str = TOKEN,
) -> Certificate:  # fmt: skip
    return desk.signing.take_slot(desk.company.principal(username), token, key, token_pin, pin, data)


def enrolled(desk: Desk, key: str = "sign-ec") -> Certificate:
    assign(desk)
    return take(desk, key)


def sign(desk: Desk, pin: str = TOKEN_PIN) -> bytes:
    pdf = desk.prepared("F")
    return desk.signing.sign(pdf, "F", desk.signing.unlock(person(desk), pin), reason="批准")


def outcome(desk: Desk, pdf: bytes) -> str:
    return verify_pdf(pdf, desk.roots(), desk.now() + timedelta(minutes=1)).outcome


def refusal(desk: Desk, **how: Any) -> str:
    with pytest.raises(CertificateUnfit) as refused:
        take(desk, **how)
    return str(refused.value.context["reason"])


def is_logged_in(soft: SoftToken, token: str = TOKEN) -> bool:
    """Whether somebody's login is left: private keys show without a PIN then."""
    with soft.opened(token, None) as session:
        return bool(list(session.get_objects({pkcs11.Attribute.CLASS: pkcs11.ObjectClass.PRIVATE_KEY})))


@pytest.mark.parametrize("key", ["sign-ec", "sign-rsa"])
def test_a_person_signs_with_a_key_that_never_leaves_their_token(
    desk: Desk, soft: SoftToken, elsewhere: OutsideAuthority, tmp_path: Path, key: str
) -> None:
    made = enrolled(desk, key)
    for data in elsewhere.lists():
        desk.signing.outside_lists.take(desk.company.principal("admin"), data)

    signed = sign(desk)
    lasting = desk.signing.add_evidence(signed)

    for pdf, level in ((signed, "B-T"), (lasting, "B-LTA")):
        verdict = verify_pdf(pdf, desk.roots(), desk.now() + timedelta(minutes=1))
        found = verdict.facts.signatures[0]
        assert verdict.outcome == "valid"
        assert (found.signer, found.trusted, found.level) == ("王芳", True, level)
        file = tmp_path / f"{level}.pdf"
        file.write_bytes(pdf)
        assert independent.pdfsig(file) == ["Signature is Valid."]
        own = [one for one in independent.signatures(pdf) if not one.is_timestamp]
        assert len(own) == 1 and independent.openssl_accepts(own[0], elsewhere.root_der, tmp_path)
    assert not is_logged_in(soft)
    with desk.runtime.database.read() as session:
        credential = session.scalars(select(Credential).where(Credential.certificate_id == made.id)).one()
        place = session.get_one(KeyLocation, made.id)
        brought = session.scalars(select(AuditEntry).where(AuditEntry.action == "credential.brought")).one()
        everything = [str(vars(one)) for one in session.scalars(select(AuditEntry))]
    assert credential.envelope == custody.IN_SLOT
    assert (place.token, place.label) == (TOKEN, key)
    assert brought.payload["token"] == TOKEN
    assert not [one for one in everything if TOKEN_PIN in one]


def test_the_old_pin_opens_nothing_any_more(desk: Desk) -> None:
    enrolled(desk)
    with pytest.raises(WrongPin) as wrong:
        sign(desk, PIN)
    assert wrong.value.context["left"] == 4
    assert outcome(desk, sign(desk)) == "valid"


def test_a_login_that_somebody_left_lets_no_wrong_pin_sign(desk: Desk, soft: SoftToken) -> None:
    """PKCS#11 answers a login while another holds with CKR_USER_ALREADY_LOGGED_IN, whatever the PIN."""
    enrolled(desk)
    module = Module.at(soft.module)
    for pin in (OTHER_PIN, TOKEN_PIN):
        module.find(TOKEN).open(user_pin=TOKEN_PIN)  # left open
        assert is_logged_in(soft)
        if pin == TOKEN_PIN:
            assert outcome(desk, sign(desk)) == "valid"
        else:
            with pytest.raises(WrongPin):
                sign(desk, pin)
        assert not is_logged_in(soft)
    with pytest.raises(WrongPin):  # the token is not even asked
        sign(desk, "")


def test_right_and_wrong_pins_at_once_are_judged_each_for_itself(desk: Desk, soft: SoftToken) -> None:
    enrolled(desk)
    server, start = soft.token(), threading.Barrier(7)

    def one(number: int) -> str:
        start.wait()
        if number == 6:  # the server's own token meanwhile
            return str(server.use(lambda session: len(list(session.get_objects()))))
        try:
            return outcome(desk, sign(desk, OTHER_PIN if number % 3 == 0 else TOKEN_PIN))
        except WrongPin:
            return "wrong"

    with ThreadPoolExecutor(7) as pool:
        said = list(pool.map(one, range(7)))
    assert said == ["wrong", "valid", "valid", "wrong", "valid", "valid", "0"]
    assert not is_logged_in(soft)


def test_wrong_pins_are_counted_and_slowed_down_and_the_right_one_waits_too(desk: Desk) -> None:
    enrolled(desk)
    for left in (4, 3, 2, 1, 0):
        with pytest.raises(WrongPin) as wrong:
            sign(desk, OTHER_PIN)
        assert wrong.value.context["left"] == left
    with pytest.raises(PinBlocked):
        sign(desk)


def test_a_certificate_that_is_not_in_the_token_is_uploaded(
    desk: Desk, soft: SoftToken, elsewhere: OutsideAuthority
) -> None:
    assign(desk)
    key: Any = soft.make_key(TOKEN, TOKEN_PIN, "bare", b"\x31")
    certificate = elsewhere.issue(name_of("王芳"), key)
    assert refusal(desk, key="bare") == "no-certificate"
    other = elsewhere.issue(name_of("王芳"), soft.make_key(TOKEN, TOKEN_PIN, "spare", b"\x32"))  # type: ignore[arg-type]
    assert refusal(desk, key="bare", data=other.public_bytes(Encoding.DER)) == "key-differs"
    assert refusal(desk, key="bare", data=b"no certificate") == "unreadable"
    pem = b"".join(one.public_bytes(Encoding.PEM) for one in (elsewhere.issuing, certificate))
    soft.destroy(TOKEN, TOKEN_PIN, "issuing")
    assert refusal(desk, key="bare", data=certificate.public_bytes(Encoding.DER)) == "untrusted"

    take(desk, "bare", data=pem)

    assert outcome(desk, sign(desk)) == "valid"


def test_what_a_pkcs12_may_not_be_a_key_in_a_token_may_not_be_either(
    desk: Desk, soft: SoftToken, elsewhere: OutsideAuthority
) -> None:
    assign(desk)
    key: Any = soft.make_key(TOKEN, TOKEN_PIN, "bare", b"\x31")
    stranger = OutsideAuthority(elsewhere.now, "Stranger")
    unfit = {
        "names-another": elsewhere.issue(name_of("李四"), key),
        "expired": elsewhere.issue(name_of("王芳"), key, days=(-20, -1)),
        "usage": elsewhere.issue(name_of("王芳"), key, usage=("key_encipherment",)),
        "untrusted": stranger.issue(name_of("王芳"), key),
        "is-authority": elsewhere.issue(name_of("王芳"), key, is_ca=True),
    }
    for why, certificate in unfit.items():
        assert refusal(desk, key="bare", data=certificate.public_bytes(Encoding.DER)) == why
    assert desk.signatory().name == "王芳"  # with the key from before


def test_of_several_certificates_over_a_key_the_one_that_lasts_longest_is_taken(
    desk: Desk, soft: SoftToken, elsewhere: OutsideAuthority
) -> None:
    assign(desk)
    key: Any = soft.make_key(TOKEN, TOKEN_PIN, "renewed", b"\x33")
    for days in ((-300, 20), (-1, 400), (-400, -1)):
        certificate = elsewhere.issue(name_of("王芳"), key, days=days)
        soft.put_certificate(TOKEN, TOKEN_PIN, "renewed", b"\x33", certificate)
    made = take(desk, "33")  # its id names it too
    assert (made.not_after - desk.now()).days >= 398


def test_a_key_is_named_where_there_are_several(desk: Desk, soft: SoftToken) -> None:
    assign(desk)
    with pytest.raises(InvalidInput) as several:
        take(desk, "")
    assert "sign-ec (21)" in str(several.value.context["reason"])
    with pytest.raises(TokenKeyMissing):
        take(desk, "no-such-key")
    soft.destroy(TOKEN, TOKEN_PIN, "sign-rsa")
    take(desk, "")
    offered = desk.signing.person_slots.offered(person(desk))
    assert [(one.token, [(key.key, key.label, key.subject) for key in one.keys]) for one in offered] == [
        (TOKEN, [("21", "sign-ec", "王芳")])
    ]


def test_the_present_pin_and_the_tokens_are_both_needed(desk: Desk, soft: SoftToken) -> None:
    assign(desk)
    with pytest.raises(WrongPin) as wrong:
        take(desk, pin="000111")
    assert wrong.value.field == "pin"
    for left in (4, 3):  # the right present PIN does not clear the count of the token's
        with pytest.raises(WrongPin) as wrong:
            take(desk, token_pin=OTHER_PIN)
        assert (wrong.value.field, wrong.value.context["left"]) == ("token_pin", left)
    assert desk.signatory().name == "王芳"
    take(desk)
    take(desk, "sign-rsa", pin="")  # of the same token: its PIN is the present one
    assert outcome(desk, sign(desk)) == "valid"


def test_who_has_no_key_yet_begins_with_one_in_a_token(
    desk: Desk, soft: SoftToken, elsewhere: OutsideAuthority
) -> None:
    soft.add_token("zhangwei", OTHER_PIN)
    key: Any = soft.make_key("zhangwei", OTHER_PIN, "sign", b"\x41")
    soft.put_certificate("zhangwei", OTHER_PIN, "sign", b"\x41", elsewhere.issue(name_of("张伟"), key))
    assign(desk, "zhangwei", "staff")
    pem = elsewhere.issuing.public_bytes(Encoding.PEM)
    take(desk, "", OTHER_PIN, "", pem, username="staff", token="zhangwei")
    assert desk.signing.unlock(person(desk, "staff"), OTHER_PIN).name == "张伟"


def test_a_token_is_one_persons_alone(desk: Desk, soft: SoftToken) -> None:
    slots, admin = desk.signing.person_slots, desk.company.principal("admin")
    with pytest.raises(NotFound):
        take(desk)  # not assigned yet: no PIN is tried
    with pytest.raises(Forbidden):
        slots.assign(desk.company.principal("head"), person(desk), TOKEN)
    with pytest.raises(TokenNotFree):
        assign(desk, "server")
    with pytest.raises(TokenAway):
        assign(desk, "no-such-token")
    for label in ("", "x" * 33, "a\nb"):
        with pytest.raises(InvalidInput):
            assign(desk, label)
    assign(desk)
    assign(desk)  # again is harmless
    with pytest.raises(TokenNotFree) as taken:
        assign(desk, username="gm")
    assert taken.value.context["reason"] == "person"
    with pytest.raises(NotFound):
        take(desk, username="gm")
    assert slots.offered(person(desk, "gm")) == []
    with pytest.raises(NotFound):
        slots.take_back(admin, person(desk, "gm"), TOKEN)
    with desk.runtime.database.read() as session:
        assert session.scalars(select(PersonToken)).one().person_id == person(desk)
        told = session.scalars(select(Notice.code).where(Notice.person_id == person(desk))).all()
    assert list(told) == ["signing-token-assigned"]


def test_a_token_with_a_seals_key_is_no_persons_and_the_other_way_round(desk: Desk, soft: SoftToken) -> None:
    seal = make_seal(desk.signing, desk.company)
    soft.add_token("seals", OTHER_PIN)
    with desk.runtime.database.write() as session:
        session.add(
            KeyLocation(
                certificate_id=seal.certificate_id,
                token="seals",
                label="x",
                key_id="",
                details={"version": 1},
            )
        )
    with pytest.raises(TokenNotFree):
        assign(desk, "seals")
    assign(desk)
    soft.make_key("server", soft.pin_file.read_text().strip(), "seal", b"\x51")
    offer = from_slot(desk.signing.slots.look("seal"), own_certificate=False)
    assert offer.place is not None
    offer.place["token"] = TOKEN  # as when the setting named a person's token
    with desk.runtime.database.write() as session, pytest.raises(CertificateUnfit) as taken:
        desk.signing.seal_life.offer_key(session, desk.company.principal("admin"), seal.id, offer, "x")
    assert taken.value.context["reason"] == "in-use"


def test_a_token_that_was_taken_back_signs_no_more_until_it_is_given_again(desk: Desk) -> None:
    enrolled(desk)
    head, bound = desk.company.principal("head"), sign_in(desk)
    batch = desk.signing.open_session(head, TOKEN_PIN, bound, ["a" * 64])
    desk.signing.person_slots.take_back(desk.company.principal("admin"), person(desk), TOKEN)
    with pytest.raises(TokenNotAssigned):
        sign(desk)
    with pytest.raises(SigningSessionOver):
        desk.signing.sessions.take(batch, person(desk), bound, "a" * 64)
    assign(desk)
    assert outcome(desk, sign(desk)) == "valid"


def sign_in(desk: Desk) -> str:
    """A sign-in of 王芳, as batches are bound to."""
    runtime = desk.runtime
    service = SignInService(
        runtime.database, runtime.clock, runtime.settings.zone, timedelta(hours=12), FAST_PASSWORDS
    )
    return binding(service.sign_in("head", PASSWORD, "127.0.0.1").token)


def test_a_token_that_is_away_loses_nothing_and_is_found_again(desk: Desk, soft: SoftToken) -> None:
    enrolled(desk)
    tokens, away = soft.folder / "tokens", soft.folder / "away"
    tokens.rename(away)
    tokens.mkdir()
    soft.look_again()
    for _ in range(6):  # no try at a PIN: none is counted
        with pytest.raises(TokenAway):
            sign(desk)
    offered = desk.signing.person_slots.offered(person(desk))
    assert [(one.token, type(one.error)) for one in offered] == [(TOKEN, TokenAway)]
    tokens.rmdir()
    away.rename(tokens)
    assert outcome(desk, sign(desk)) == "valid"


def test_a_key_that_is_gone_or_another_is_named(desk: Desk, soft: SoftToken) -> None:
    enrolled(desk)
    signatory = desk.signing.unlock(person(desk), TOKEN_PIN)
    soft.destroy(TOKEN, TOKEN_PIN, "sign-ec")
    with pytest.raises(TokenKeyMissing) as missing:
        sign(desk)
    assert (missing.value.context["token"], missing.value.context["label"]) == (TOKEN, "sign-ec")
    soft.make_key(TOKEN, TOKEN_PIN, "sign-ec", EC_KEY)  # under the same name and id
    with pytest.raises(TokenKeyMissing):
        desk.signing.sign(desk.prepared("F"), "F", signatory, reason="批准")


def test_the_pin_is_changed_on_the_token(desk: Desk, soft: SoftToken) -> None:
    enrolled(desk)
    head, bound = desk.company.principal("head"), sign_in(desk)
    batch = desk.signing.open_session(head, TOKEN_PIN, bound, ["a" * 64])
    with pytest.raises(PinTooWeak):
        desk.signing.change_pin(head, TOKEN_PIN, "123456")
    with pytest.raises(WrongPin):
        desk.signing.change_pin(head, OTHER_PIN, "771-830-2")
    with pytest.raises(TokenPinUnfit):
        desk.signing.change_pin(head, TOKEN_PIN, "0817263544" * 40)
    assert outcome(desk, sign(desk)) == "valid"

    desk.signing.change_pin(head, TOKEN_PIN, OTHER_PIN, bound)

    assert outcome(desk, sign(desk, OTHER_PIN)) == "valid"
    with pytest.raises(WrongPin):
        sign(desk)
    with pytest.raises(SigningSessionOver):
        desk.signing.sessions.take(batch, person(desk), bound, "a" * 64)
    with pytest.raises(pkcs11.PinIncorrect), soft.opened(TOKEN, TOKEN_PIN):
        pass


def test_a_batch_signs_with_one_pin_entry_and_does_not_go_on_asking_with_an_old_pin(
    desk: Desk, soft: SoftToken
) -> None:
    enrolled(desk)
    head, bound = desk.company.principal("head"), sign_in(desk)
    digests = [letter * 64 for letter in "abcd"]
    batch = desk.signing.open_session(head, TOKEN_PIN, bound, digests)

    def once(digest: str) -> bytes:
        signatory = desk.signing.sessions.take(batch, head.person_id, bound, digest)
        return desk.signing.sign(desk.prepared("F"), "F", signatory, reason="批准")

    assert [outcome(desk, once(digest)) for digest in digests[:2]] == ["valid", "valid"]
    assert not is_logged_in(soft)
    with soft.opened(TOKEN, TOKEN_PIN) as session:
        session.set_pin(TOKEN_PIN, OTHER_PIN)  # by another program
    with pytest.raises(TokenUnavailable) as refused:
        once(digests[2])
    assert refused.value.context["reason"] == "PinIncorrect"
    with soft.opened(TOKEN, OTHER_PIN) as session:
        session.set_pin(OTHER_PIN, TOKEN_PIN)
    with pytest.raises(TokenUnavailable):  # it would be right now, but is not tried again
        once(digests[3])


def test_a_key_that_asks_for_the_pin_at_each_use_gets_it(
    desk: Desk, soft: SoftToken, elsewhere: OutsideAuthority
) -> None:
    assign(desk)
    key: Any = soft.make_key(TOKEN, TOKEN_PIN, "careful", b"\x61", ALWAYS_AUTHENTICATE=True)
    soft.put_certificate(TOKEN, TOKEN_PIN, "careful", b"\x61", elsewhere.issue(name_of("王芳"), key))
    take(desk, "careful")
    assert outcome(desk, sign(desk)) == "valid"


def test_a_forgotten_pin_is_replaced_by_consent_with_a_key_of_ours_or_in_a_token(desk: Desk) -> None:
    made = enrolled(desk)
    head = desk.company.principal("head")
    with pytest.raises(AlreadyEnrolled):
        desk.signing.enrol(head, "771830")
    desk.signing.replacements.ask(head)
    desk.signing.replacements.consent(desk.company.principal("admin"), head.person_id)
    desk.signing.enrol(head, "771830")
    assert outcome(desk, sign(desk, "771830")) == "valid"
    with desk.runtime.database.read() as session:
        assert session.get_one(Certificate, made.id).revoked_at is None  # its own authority may
        ended = session.scalars(select(Credential).where(Credential.certificate_id == made.id)).one()
        assert (ended.is_active, ended.envelope) == (False, {})
    desk.signing.replacements.ask(head)
    desk.signing.replacements.consent(desk.company.principal("admin"), head.person_id)
    take(desk, "sign-rsa", pin="")  # no present PIN: it is forgotten
    assert outcome(desk, sign(desk)) == "valid"


def test_from_a_token_to_a_file(desk: Desk, soft: SoftToken, elsewhere: OutsideAuthority) -> None:
    enrolled(desk)
    head, file = desk.company.principal("head"), elsewhere.person("王芳")
    with pytest.raises(WrongPin):
        desk.signing.bring_certificate(head, PIN, file, P12_PASSWORD)
    desk.signing.bring_certificate(head, TOKEN_PIN, file, P12_PASSWORD)
    with soft.opened(TOKEN, TOKEN_PIN) as session:
        session.set_pin(TOKEN_PIN, "5192")  # the envelope does not ask the token
    assert outcome(desk, sign(desk)) == "valid"
    take(desk, "sign-ec", "5192", TOKEN_PIN)
    with pytest.raises(PinTooWeak):  # a token may have a PIN that is too short for an envelope
        desk.signing.bring_certificate(head, "5192", file, P12_PASSWORD)


def test_one_key_belongs_to_one_person_whatever_token_it_is_in(
    desk: Desk, soft: SoftToken, elsewhere: OutsideAuthority
) -> None:
    assign(desk)
    key: Any = soft.make_key(TOKEN, TOKEN_PIN, "shared", b"\x71")
    certificate = elsewhere.issue(name_of("王芳 陈总"), key)
    soft.put_certificate(TOKEN, TOKEN_PIN, "shared", b"\x71", certificate)
    take(desk, "shared")
    desk.signing.person_slots.take_back(desk.company.principal("admin"), person(desk), TOKEN)
    assign(desk, username="gm")
    assert refusal(desk, key="shared", username="gm") == "in-use"


def test_a_second_factor_is_asked_for_before_the_token_is(desk: Desk, soft: SoftToken) -> None:
    enrolled(desk)
    with desk.runtime.database.write() as session:
        desk.signing.factors.set_policy(session, desk.company.principal("admin"), "all")
    for pin in (TOKEN_PIN, OTHER_PIN):
        with pytest.raises(SecondFactorNeeded):
            desk.signing.unlock(person(desk), pin, ["a" * 64])


def test_a_changed_master_key_leaves_keys_in_tokens_alone(desk: Desk) -> None:
    enrolled(desk)
    with desk.runtime.database.write() as session:
        for username in ("gm", "legal"):  # only the key in the token is left
            found = select(Credential).where(Credential.person_id == person(desk, username))
            session.scalars(found).one().is_active = False
        desk.signing.enrolment.peppers.prepare_change(session)
        peppers.tidy(session)
        assert session.get(Pepper, peppers.FIRST) is None
    assert outcome(desk, sign(desk)) == "valid"


def test_no_module_any_more_is_said(desk: Desk) -> None:
    enrolled(desk)
    runtime = open_runtime(desk.runtime.settings.home)  # without the settings of the token
    bare = Desk(runtime, desk.company, signing_of(runtime))
    with pytest.raises(TokenAway) as refused:
        sign(bare)
    assert refused.value.context["token"] == TOKEN
    with bare.runtime.database.read() as session:
        assert "signing-tokens-lost" in {one.code for one in bare.signing.standing(session)}
        assert "signing-tokens-lost" not in {one.code for one in desk.signing.standing(session)}
    assert [type(one.error) for one in bare.signing.person_slots.offered(person(bare))] == [TokenAway]
    runtime.database.dispose()


def test_a_persons_token_that_becomes_the_servers_own_signs_for_nobody(desk: Desk, soft: SoftToken) -> None:
    enrolled(desk)
    settings = {**soft.settings(soft.folder), "pkcs11_token": TOKEN}
    runtime = open_runtime(desk.runtime.settings.home, **settings)
    other = Desk(runtime, desk.company, signing_of(runtime))
    with pytest.raises(TokenNotAssigned):
        sign(other)
    with runtime.database.read() as session:
        assert "signing-tokens-lost" in {one.code for one in other.signing.standing(session)}
    runtime.database.dispose()


class _Locked:
    """A token as hardware shows it: SoftHSM never locks a PIN."""

    def __init__(self, flags: pkcs11.TokenFlag, error: type[Exception], after: pkcs11.TokenFlag) -> None:
        self._flags, self._error, self._after = flags, error, after

    @property
    def flags(self) -> pkcs11.TokenFlag:
        return self._flags

    def open(self, **_how: object) -> None:
        self._flags = self._after
        raise self._error


NO_FLAG, LOCKED = pkcs11.TokenFlag(0), pkcs11.TokenFlag.USER_PIN_LOCKED


def test_a_token_that_locks_its_pin_is_told_from_a_wrong_pin(
    desk: Desk, soft: SoftToken, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrolled(desk)
    shown = {
        "before": _Locked(LOCKED, AssertionError, LOCKED),  # it is not even asked
        "now": _Locked(NO_FLAG, pkcs11.PinLocked, LOCKED),
        "by this": _Locked(NO_FLAG, pkcs11.PinIncorrect, LOCKED),
    }
    for token in shown.values():
        monkeypatch.setattr(Module, "find", lambda _module, _label, token=token: token)
        with pytest.raises(TokenLocked) as locked:
            sign(desk)
        assert locked.value.context["token"] == TOKEN
    monkeypatch.undo()
    with pytest.raises(WrongPin) as wrong:
        sign(desk, OTHER_PIN)
    assert wrong.value.context["left"] == 3  # the one that locked it was counted, as it was judged
    assert outcome(desk, sign(desk)) == "valid"


def test_a_pin_that_was_refused_is_not_asked_again(soft: SoftToken) -> None:
    token = PersonalToken(Module.at(soft.module), TOKEN, OTHER_PIN)
    with pytest.raises(PinRefused):
        token.use(lambda _session: None)
    with pytest.raises(TokenUnavailable):
        token.use(lambda _session: None)
    assert OTHER_PIN not in repr(token)


@given(st.integers(2, 9), st.booleans())
def test_only_envelopes_with_a_key_in_them_need_a_pepper(number: int, is_in_slot: bool) -> None:
    pepper = PepperSecret(number, b"p" * 32)
    cost = custody.PinCost(1, 8, 1)
    envelope = (
        custody.IN_SLOT if is_in_slot else custody.seal_envelope(b"key", PIN, UUID(int=1), pepper, cost)
    )
    assert custody.is_in_slot(envelope) is is_in_slot
    assert number_in(envelope) == (None if is_in_slot else number)
