"""Seals and signatures on OFD packages: genuine ones are recognised, tampered ones never pass."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signing.national.ofd_package import OfdPackage
from signing.national.ofd_signatures import verify
from signing.verification.facts import Changes, Coverage, Kind, Outcome
from signing.verification.verdict import Verdict
from signing.verifying import verify_file
from tests.signing.national import builder
from tests.signing.national.builder import NOW, SIGNED_AT, Manner, Office

PAGE = "Doc_0/Pages/Page_0/Content.xml"
SIGN = "Doc_0/Signs/Sign_0"


@pytest.fixture(scope="module")
def who() -> Office:
    return builder.office()


@pytest.fixture(scope="module")
def sealed(who: Office) -> bytes:
    return builder.sign_ofd(builder.small_ofd(), who)


def judged(package: bytes, who: Office, at: datetime = NOW) -> Verdict:
    return verify_file(package, [who.root.der], at)


def codes(verdict: Verdict) -> set[str]:
    found = {problem.code for problem in verdict.facts.problems}
    return found.union(*({problem.code for problem in one.problems} for one in verdict.facts.signatures))


MANNERS = {
    "version 4": Manner(),
    "version 1": Manner(version=1),
    "raw signatures": Manner(is_raw=True),
    "version 1, raw": Manner(version=1, is_raw=True),
    "method by name": Manner(method="SM3"),
    "method in small letters": Manner(method="sm3"),
    "SHA-256": Manner(method="SHA-256"),
    "list covered": Manner(covers_list=True),
    "time-stamp": Manner(has_stamp=True),
    "paths beside": Manner(is_relative=True),
    "no seal file": Manner(writes_seal=False),
}


@pytest.mark.parametrize("manner", MANNERS.values(), ids=list(MANNERS))
def test_a_genuine_seal_is_valid_in_every_form(who: Office, manner: Manner) -> None:
    verdict = judged(builder.sign_ofd(builder.small_ofd(pages=2), who, manner), who)
    assert (verdict.outcome, codes(verdict)) == (Outcome.VALID, set())
    (one,) = verdict.facts.signatures
    assert (one.kind, one.intact, one.trusted) == (Kind.SEAL, True, True)
    assert (one.coverage, one.changes_after) == (Coverage.FILE, Changes.NONE)
    assert (one.signer, one.signed_at) == ("云杉测试科技有限公司", SIGNED_AT)
    assert (one.timestamped_at is not None) == manner.has_stamp


@pytest.mark.parametrize("is_national", [True, False])
@pytest.mark.parametrize("carries_digest", [True, False])
def test_a_plain_signature_without_a_seal_is_valid(
    who: Office, is_national: bool, carries_digest: bool
) -> None:
    manner = Manner(kind="Sign", is_national=is_national, carries_digest=carries_digest)
    package = builder.sign_ofd(builder.small_ofd(), who, manner)
    verdict = judged(package, who)
    assert (verdict.outcome, codes(verdict)) == (Outcome.VALID, set())
    assert verdict.facts.signatures[0].kind is Kind.APPROVAL
    changed = builder.changed(package, PAGE, lambda data: data.replace("壹".encode(), "玖".encode()))
    assert judged(changed, who).outcome is Outcome.INVALID


def test_an_unsigned_package_is_unsigned(who: Office) -> None:
    verdict = judged(builder.small_ofd(), who)
    assert (verdict.outcome, verdict.archived) == (Outcome.UNSIGNED, None)


def test_without_the_root_a_seal_is_intact_but_not_trusted(who: Office, sealed: bytes) -> None:
    for roots, code in (([], "no-trust-anchor"), ([builder.office().root.der], "untrusted-issuer")):
        verdict = verify_file(sealed, roots, NOW)
        assert verdict.outcome is Outcome.INDETERMINATE
        assert verdict.facts.signatures[0].intact is True
        assert code in codes(verdict)


@pytest.mark.parametrize("method", ["MD5", "SHA1", "SHA-1"])
def test_a_weak_digest_is_flagged_and_decides_nothing(who: Office, method: str) -> None:
    verdict = judged(builder.sign_ofd(builder.small_ofd(), who, Manner(method=method)), who)
    assert verdict.outcome is Outcome.INDETERMINATE
    assert verdict.facts.signatures[0].intact is True
    assert "algorithm-ended" in codes(verdict)


def test_a_second_seal_may_break_the_first_one_s_reference_to_the_list(who: Office) -> None:
    first = builder.sign_ofd(builder.small_ofd(), who, Manner(covers_list=True))
    second = builder.sign_ofd(first, who, Manner(covers_list=True, version=1))
    verdict = judged(second, who)
    assert (verdict.outcome, codes(verdict)) == (Outcome.VALID, set())
    earlier, later = verdict.facts.signatures
    assert (earlier.coverage, earlier.changes_after) == (Coverage.REVISION, Changes.ALLOWED)
    assert (later.coverage, later.changes_after) == (Coverage.FILE, Changes.NONE)
    page = builder.changed(second, PAGE, lambda data: data + b" ")
    assert [one.intact for one in judged(page, who).facts.signatures] == [False, False]


def test_a_seal_taken_away_is_noticed(who: Office) -> None:
    first = builder.sign_ofd(builder.small_ofd(), who, Manner(covers_list=True))
    parts = builder.unpacked(builder.sign_ofd(first, who))
    before = builder.unpacked(first)
    parts[builder.LIST] = before[builder.LIST]
    hidden = judged(builder.packed(parts), who)
    assert (hidden.outcome, hidden.facts.hidden_signatures) == (Outcome.INVALID, 2)
    parts = builder.unpacked(first)
    parts[builder.LIST] = parts[builder.LIST].replace(b"<ofd:Signature ", b"<ofd:Nothing ")
    assert judged(builder.packed(parts), who).outcome is Outcome.INVALID
    parts["OFD.xml"] = builder.unpacked(builder.small_ofd())["OFD.xml"]
    assert judged(builder.packed(parts), who).outcome is Outcome.INVALID


def test_what_is_changed_removed_or_added_is_named(who: Office, sealed: bytes) -> None:
    changed = judged(builder.changed(sealed, PAGE, lambda data: data + b" "), who)
    assert changed.outcome is Outcome.INVALID
    assert PAGE in json.dumps(changed.to_json("f", "en"))
    assert "reference-changed" in codes(changed)
    parts = builder.unpacked(sealed)
    del parts["Doc_0/PublicRes.xml"]
    removed = judged(builder.packed(parts), who)
    assert (removed.outcome, "reference-missing" in codes(removed)) == (Outcome.INVALID, True)
    parts = {**builder.unpacked(sealed), "Doc_0/Attachs/more.xml": b"<x/>"}
    added = judged(builder.packed(parts), who)
    assert added.outcome is Outcome.INDETERMINATE
    assert "Doc_0/Attachs/more.xml" in json.dumps(added.to_json("f", "en"))


def test_a_page_that_no_signature_covers_is_invalid(who: Office) -> None:
    package = builder.sign_ofd(builder.small_ofd(pages=2), who, Manner(leaves_out=frozenset({PAGE})))
    assert judged(package, who).outcome is Outcome.INVALID


def test_a_list_cannot_excuse_a_page_by_calling_it_a_signature(who: Office) -> None:
    package = builder.sign_ofd(builder.small_ofd(pages=2), who, Manner(leaves_out=frozenset({PAGE})))
    entry = f'<ofd:Signature ID="7" Type="Seal" BaseLoc="/{PAGE}"/></ofd:Signatures>'.encode()
    twisted = builder.changed(package, builder.LIST, lambda data: data.replace(b"</ofd:Signatures>", entry))
    assert judged(twisted, who).outcome is Outcome.INVALID


def test_another_document_slipped_in_front_is_not_valid(who: Office, sealed: bytes) -> None:
    parts = builder.unpacked(sealed)
    parts["OFD.xml"] = parts["OFD.xml"].replace(b"<ofd:DocRoot>Doc_0/", b"<ofd:DocRoot>Doc_1/")
    parts["Doc_1/Document.xml"] = parts["Doc_0/Document.xml"]
    assert judged(builder.packed(parts), who).outcome is Outcome.INVALID


def test_an_exchanged_picture_in_the_seal_is_noticed(who: Office) -> None:
    good = builder.seal(who.maker, [who.signer.der])
    image = builder.picture()
    forged = good.replace(image, image[:-20] + bytes(20))
    assert forged != good
    verdict = judged(builder.sign_ofd(builder.small_ofd(), who, esl=forged), who)
    assert (verdict.outcome, "seal-broken" in codes(verdict)) == (Outcome.INVALID, True)


def test_the_seal_s_file_must_be_the_seal_that_was_put_on(who: Office) -> None:
    other = builder.seal(who.maker, [who.signer.der], title="另一枚印章")
    manner = Manner(leaves_out=frozenset({f"{SIGN}/Seal.esl"}))
    package = builder.sign_ofd(builder.small_ofd(), who, manner)
    assert judged(package, who).outcome is Outcome.VALID
    verdict = judged(builder.changed(package, f"{SIGN}/Seal.esl", lambda _: other), who)
    assert (verdict.outcome, "seal-file-differs" in codes(verdict)) == (Outcome.INVALID, True)


def test_a_stolen_or_outdated_seal_is_not_valid(who: Office) -> None:
    thief = builder.certificate("小偷", issuer=who.root)
    esl = builder.seal(who.maker, [who.signer.der])
    stolen = judged(builder.sign_ofd(builder.small_ofd(), replace(who, signer=thief), esl=esl), who)
    assert (stolen.outcome, "signer-not-owner" in codes(stolen)) == (Outcome.INDETERMINATE, True)
    for valid, code in (
        ((builder.START, SIGNED_AT - timedelta(days=1)), "seal-expired"),
        ((SIGNED_AT + timedelta(days=1), builder.END), "seal-not-yet-valid"),
    ):
        esl = builder.seal(who.maker, [who.signer.der], valid=valid)
        verdict = judged(builder.sign_ofd(builder.small_ofd(), who, esl=esl), who)
        assert (verdict.outcome, code in codes(verdict)) == (Outcome.INDETERMINATE, True)


def test_owners_may_be_named_by_the_digest_of_their_certificate(who: Office) -> None:
    esl = builder.seal(who.maker, [who.signer.der], by_digest=True)
    assert judged(builder.sign_ofd(builder.small_ofd(), who, esl=esl), who).outcome is Outcome.VALID


def test_a_seal_of_an_unknown_maker_is_not_trusted(who: Office) -> None:
    stranger = builder.certificate("私刻印章")
    esl = builder.seal(stranger, [who.signer.der])
    verdict = judged(builder.sign_ofd(builder.small_ofd(), who, esl=esl), who)
    assert (verdict.outcome, "seal-maker-untrusted" in codes(verdict)) == (Outcome.INDETERMINATE, True)


def test_after_the_certificate_s_end_only_a_time_stamp_carries_a_seal(who: Office) -> None:
    end = SIGNED_AT + timedelta(days=300)
    short = replace(who, signer=builder.certificate("云杉", issuer=who.root, end=end))
    later = end + timedelta(days=400)
    bare = judged(builder.sign_ofd(builder.small_ofd(), short), who, later)
    assert (bare.outcome, "certificate-expired-since" in codes(bare)) == (Outcome.INDETERMINATE, True)
    stamped = builder.sign_ofd(builder.small_ofd(), short, Manner(has_stamp=True))
    assert judged(stamped, who, later).outcome is Outcome.VALID
    early = replace(who, signer=builder.certificate("云杉", issuer=who.root, end=SIGNED_AT - timedelta(1)))
    expired = judged(builder.sign_ofd(builder.small_ofd(), early), who)
    assert "certificate-expired" in codes(expired)


def test_two_parts_of_one_name_are_not_valid(who: Office, sealed: bytes) -> None:
    parts = {**builder.unpacked(sealed), PAGE.replace("Content", "CONTENT"): b"<x/>"}
    verdict = judged(builder.packed(parts), who)
    assert (verdict.outcome, "duplicate-part" in codes(verdict)) == (Outcome.INDETERMINATE, True)


SIGNED_PARTS = [
    "OFD.xml", "Doc_0/Document.xml", PAGE, builder.LIST, f"{SIGN}/Signature.xml", f"{SIGN}/SignedValue.dat",
    f"{SIGN}/Seal.esl",
]  # fmt: skip


@pytest.fixture(scope="module")
def whole(who: Office) -> dict[str, dict[str, bytes]]:
    """Packages whose list of signatures is covered too: there, every byte of every part counts."""
    return {
        name: builder.unpacked(builder.sign_ofd(builder.small_ofd(), who, manner))
        for name, manner in {
            "4": Manner(covers_list=True),
            "1": Manner(covers_list=True, version=1),
            "raw": Manner(covers_list=True, is_raw=True),
            "stamped": Manner(covers_list=True, has_stamp=True),
            "plain": Manner(covers_list=True, kind="Sign"),
        }.items()
    }


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    form=st.sampled_from(["4", "1", "raw", "stamped", "plain"]), part=st.sampled_from(SIGNED_PARTS),
    place=st.integers(min_value=0), change=st.integers(1, 255),
)  # fmt: skip
def test_any_byte_changed_is_never_valid(
    who: Office, whole: dict[str, dict[str, bytes]], form: str, part: str, place: int, change: int
) -> None:
    parts = dict(whole[form])
    part = part if part in parts else PAGE
    data = bytearray(parts[part])
    place %= len(data)
    data[place] ^= change
    parts[part] = bytes(data)
    assert judged(builder.packed(parts), who).outcome is not Outcome.VALID, (part, place)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(part=st.sampled_from(SIGNED_PARTS), content=st.binary(max_size=300))
def test_malformed_parts_get_an_answer(who: Office, sealed: bytes, part: str, content: bytes) -> None:
    assert judged(builder.changed(sealed, part, lambda _: content), who).outcome is not Outcome.VALID


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=300))
def test_malformed_packages_get_an_answer(data: bytes) -> None:
    for package in (data, b"PK\x03\x04" + data, b"PK\x05\x06" + data):
        assert verify_file(package, [], NOW).outcome is Outcome.INDETERMINATE


def test_the_answer_for_a_reader_has_both_languages_and_no_file(who: Office, sealed: bytes) -> None:
    package = OfdPackage(sealed)
    answer = verify(package.read, [who.root.der], NOW, package.names)
    assert set(answer) == {"zh-CN", "en"}
    assert answer["en"]["verdict"] == "valid"
    assert not {"file", "sha256"} & set(answer["en"])
    assert verify(package.read, [who.root.der], NOW)["en"]["verdict"] == "valid"


def test_a_time_stamp_of_an_unknown_authority_decides_nothing(who: Office) -> None:
    stranger = builder.certificate("陌生时间戳", is_stamper=True, usage=0x80)
    stamped = builder.sign_ofd(builder.small_ofd(), replace(who, stamper=stranger), Manner(has_stamp=True))
    verdict = judged(stamped, who)
    assert (verdict.outcome, codes(verdict)) == (Outcome.INDETERMINATE, {"timestamp-untrusted"})


def test_a_signature_of_the_future_is_not_valid(who: Office) -> None:
    late = Manner(at=datetime(2030, 1, 1, tzinfo=UTC))
    verdict = judged(builder.sign_ofd(builder.small_ofd(), who, late), who)
    assert (verdict.outcome, "signed-in-future" in codes(verdict)) == (Outcome.INDETERMINATE, True)
