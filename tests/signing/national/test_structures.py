"""Certificates, seals and signed data: read as they are, refused when they are not."""

from __future__ import annotations

import base64
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from signing import pki
from signing.national import cms, der, ses
from signing.national.certificates import CertificateBroken, check_chain, load
from tests.signing.national import builder
from tests.signing.national.builder import END, NOW, SIGNED_AT, START, Office


@pytest.fixture(scope="module")
def who() -> Office:
    return builder.office()


# certificates


def test_a_certificate_names_its_holder_and_credit_code(who: Office) -> None:
    found = load(who.signer.der)
    assert (found.common_name, found.organisation) == ("云杉测试科技有限公司", "云杉测试科技有限公司")
    assert found.credit_code == "91350100M000100Y43"
    assert (found.not_before, found.not_after) == (START, END)
    assert found.sm2_key is not None
    assert found.sm2_key.to_bytes() == who.signer.key.encoded


def test_a_certificate_is_read_from_der_pem_and_base64(who: Office) -> None:
    text = base64.encodebytes(who.root.der)
    pem = b"-----BEGIN CERTIFICATE-----\n" + text + b"-----END CERTIFICATE-----\n"
    for data in (who.root.der, text, pem):
        assert load(data).der == who.root.der
    for data in (b"", b"0", b"\x30\x03\x02\x01\x00", who.root.der[:-1], b"!!"):
        with pytest.raises(CertificateBroken):
            load(data)


def test_a_chain_of_three_is_followed_to_its_root(who: Office) -> None:
    middle = builder.certificate("中级", issuer=who.root, is_authority=True)
    leaf = builder.certificate("签章人", issuer=middle)
    roots, others = [load(who.root.der)], [load(middle.der)]
    assert check_chain(load(leaf.der), others, roots, NOW).trusted
    assert check_chain(load(leaf.der), [], roots, NOW).code == "untrusted-issuer"
    assert check_chain(load(leaf.der), others, [], NOW).trusted is None


def test_links_that_must_not_hold_do_not_hold(who: Office) -> None:
    roots = [load(who.root.der)]
    not_an_authority = builder.certificate("员工", issuer=who.root)
    below = load(builder.certificate("冒充", issuer=not_an_authority).der)
    assert check_chain(below, [load(not_an_authority.der)], roots, NOW).code == "certificate-unsuitable"
    same_name = builder.certificate("国密测试根", is_authority=True)
    forged = load(builder.certificate("冒充", issuer=same_name).der)
    assert check_chain(forged, [load(same_name.der)], roots, NOW).code == "untrusted-issuer"
    encryption = load(builder.certificate("加密证书", issuer=who.root, usage=0x30).der)
    assert check_chain(encryption, [], roots, NOW).code == "certificate-unsuitable"
    past = load(builder.certificate("过期", issuer=who.root, end=SIGNED_AT).der)
    assert check_chain(past, [], roots, NOW).code == "certificate-expired"
    assert check_chain(past, [], roots, SIGNED_AT - timedelta(days=1)).trusted
    future = load(builder.certificate("未来", issuer=who.root, start=END - timedelta(days=1)).der)
    assert check_chain(future, [], roots, NOW).code == "certificate-not-yet-valid"


def test_certificates_of_other_kinds_are_followed_too() -> None:
    key, leaf_key = pki.new_key(), pki.new_key()
    root = pki.make_root(pki.Identity("Root", "Org"), key, NOW)
    issuer = pki.Issuer(root, key, "http://x/crl", "http://x/crt")
    leaf = pki.make_issuing(pki.Identity("Issuing", "Org"), leaf_key, issuer, NOW)
    signer = pki.make_signer(
        pki.Identity("Signer", "Org"), pki.new_key(), pki.Issuer(leaf, leaf_key, "http://x", "http://x"), NOW
    )
    ders = [one.public_bytes(Encoding.DER) for one in (root, leaf, signer)]
    found = [load(one) for one in ders]
    assert check_chain(found[2], [found[1]], [found[0]], NOW + timedelta(days=1)).trusted
    assert not check_chain(found[2], [], [found[0]], NOW + timedelta(days=1)).trusted


def test_a_key_that_was_too_short_at_the_time_is_not_trusted() -> None:
    """RSA-1024 ended with 2013; 2048 bits end with 2030."""
    root_key, old = pki.new_key(), datetime(2012, 1, 1, tzinfo=UTC)
    root = pki.make_root(pki.Identity("Root", "Org"), root_key, old)
    issuer = pki.Issuer(root, root_key, "http://x/crl", "http://x/crt")
    for bits, last in (
        (1024, datetime(2013, 12, 31, tzinfo=UTC)),
        (2048, datetime(2030, 12, 31, tzinfo=UTC)),
    ):
        key = rsa.generate_private_key(65537, bits)
        begins = last - timedelta(days=300)
        made = pki.make_signer(pki.Identity("签章人", "Org"), key, issuer, begins)
        signer, roots = (load(one.public_bytes(Encoding.DER)) for one in (made, root))
        assert check_chain(signer, [], [roots], last).trusted
        refused = check_chain(signer, [], [roots], last + timedelta(days=1))
        assert (refused.code, refused.trusted) == ("certificate-algorithm", False)
        assert f"RSA-{bits} ({last:%Y-%m-%d})" in refused.detail


def test_a_signature_of_a_part_of_a_byte_is_none() -> None:
    altered = bytearray(_OFFICE.signer.der)
    altered[-len(load(_OFFICE.signer.der).signature) - 1] = 1  # the bits of the last byte that do not count
    with pytest.raises(CertificateBroken):
        load(bytes(altered))


@settings(max_examples=80, deadline=None)
@given(place=st.integers(min_value=0), change=st.integers(1, 255))
def test_a_certificate_with_any_byte_changed_leads_nowhere(place: int, change: int) -> None:
    who = _OFFICE
    altered = bytearray(who.signer.der)
    altered[place % len(altered)] ^= change
    try:
        found = load(bytes(altered))
    except CertificateBroken:
        return
    assert not check_chain(found, [], [load(who.root.der)], NOW).trusted


_OFFICE = builder.office()


def test_openssl_reads_and_checks_the_builder_s_certificates(who: Office, tmp_path: Path) -> None:
    for name, holder in (("root", who.root), ("signer", who.signer)):
        pem = x509.load_der_x509_certificate(holder.der).public_bytes(Encoding.PEM)
        (tmp_path / f"{name}.pem").write_bytes(pem)
    said = subprocess.run(
        ["openssl", "verify", "-CAfile", "root.pem", "-vfyopt", "distid:1234567812345678", "signer.pem"],
        cwd=tmp_path, capture_output=True, check=False,
    )  # fmt: skip
    assert b"OK" in said.stdout, said.stderr


def test_openssl_s_own_certificates_are_followed(tmp_path: Path) -> None:
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "sm2", "-nodes", "-keyout", "k.pem", "-out", "c.pem", "-sm3",
         "-days", "30", "-subj", "/C=CN/O=Test/CN=OpenSSL SM2", "-sigopt", "distid:1234567812345678",
         "-addext", "basicConstraints=critical,CA:TRUE"],
        cwd=tmp_path, capture_output=True, check=True,
    )  # fmt: skip
    found = load((tmp_path / "c.pem").read_bytes())
    assert check_chain(found, [], [found], found.not_before).trusted
    assert found.check(found.algorithm, "sm3", found.signed, found.signature)


# seals


@pytest.mark.parametrize("version", [4, 1])
@pytest.mark.parametrize("is_raw", [True, False])
def test_a_seal_is_read_whole(who: Office, version: int, is_raw: bool) -> None:
    data = builder.seal(who.maker, [who.signer.der], version=version, is_raw=is_raw)
    found = ses.parse_seal(data)
    assert (found.format, found.version, found.vendor, found.type) == (version, version, "TEST", 1)
    assert (found.seal_id, found.name) == ("35010020260001", "云杉测试科技有限公司发票专用章")
    assert (found.valid_from, found.valid_to, found.owners) == (START, END, (who.signer.der,))
    assert (found.picture.kind, found.picture.width, found.picture.height) == ("png", 40, 30)
    assert found.picture.data == builder.picture()
    assert (found.maker, found.raw) == (who.maker.der, data)
    assert found.is_intact()
    assert found.is_owned_by(load(who.signer.der))
    assert not found.is_owned_by(load(who.maker.der))


@pytest.mark.parametrize("version", [4, 1])
def test_a_seal_signature_is_read_whole(who: Office, version: int) -> None:
    esl = builder.seal(who.maker, [who.signer.der], version=version)
    data = builder.seal_signature(b"h" * 32, "/Doc_0/Signature.xml", who.signer, esl, version=version)
    found = ses.parse_signature(data + bytes(50))
    assert (found.format, found.signed_at, found.data_hash) == (version, SIGNED_AT, b"h" * 32)
    assert (found.property_info, found.signer) == ("/Doc_0/Signature.xml", who.signer.der)
    assert found.to_sign in data
    assert found.seal.raw == esl
    assert found.is_intact()


@pytest.mark.parametrize(
    "time_info",
    [
        builder.generalized(SIGNED_AT),
        builder.utc_time(SIGNED_AT),
        builder.bits(builder.generalized(SIGNED_AT)),
        builder.bits(b"20260305023015Z"),
        builder.bits(b"20260305103015"),
        builder.bits(b"20260305103015+0800"),
    ],
)
def test_the_time_is_read_in_every_form(who: Office, time_info: bytes) -> None:
    esl = builder.seal(who.maker, [who.signer.der], version=1)
    for version in (1, 4):
        data = builder.seal_signature(
            b"h" * 32, "/S.xml", who.signer, esl, version=version, time_info=time_info
        )
        assert ses.parse_signature(data).signed_at == SIGNED_AT


def test_a_token_as_the_time_is_read(who: Office) -> None:
    esl = builder.seal(who.maker, [who.signer.der], version=1)
    token = builder.bits(builder.time_stamp(who.stamper, b"x", SIGNED_AT))
    data = builder.seal_signature(b"h" * 32, "/S.xml", who.signer, esl, version=1, time_info=token)
    assert ses.parse_signature(data).signed_at == SIGNED_AT


def test_further_fields_are_allowed_and_signed(who: Office) -> None:
    extra = builder.element(
        0xA0, builder.sequence(builder.sequence(builder.oid("1.2.3"), builder.octets(b"x")))
    )
    esl = builder.seal(who.maker, [who.signer.der], extra=extra)
    data = builder.seal_signature(b"h" * 32, "/S.xml", who.signer, esl, extra=extra)
    found = ses.parse_signature(data)
    assert found.is_intact()
    assert found.seal.is_intact()


_SEALED = builder.seal_signature(
    b"h" * 32, "/S.xml", _OFFICE.signer, builder.seal(_OFFICE.maker, [_OFFICE.signer.der], image=b"x")
)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 4000), st.integers(0, 200))
def test_malformed_structures_are_refused_and_nothing_worse(data: bytes, start: int, length: int) -> None:
    good = _SEALED
    start %= len(good)
    for altered in (data, good[:start], good[:start] + data + good[start + length :]):
        for parse in (ses.parse_signature, ses.parse_seal):
            try:
                parse(altered)
            except ses.SesBroken:
                continue
        try:
            cms.parse(altered)
        except der.DerBroken:
            continue


@pytest.mark.parametrize(
    "data",
    [
        b"\x30\x85\xff\xff\xff\xff\xff",
        b"\x30\x89" + bytes(9),
        b"\x30\x80",
        b"\x30\x80" * 2000,
        b"\x1f" + b"\xff" * 40,
        b"\x04\x80\x00\x00",
        b"",
    ],
)
def test_lengths_that_lie_are_refused(data: bytes) -> None:
    with pytest.raises(der.DerBroken):
        der.read(data)


def test_open_lengths_are_read() -> None:
    inner = builder.integer(7) + builder.octets(b"x")
    found = der.read(b"\x30\x80" + inner + b"\x00\x00")
    assert [one.content for one in found.children] == [b"\x07", b"x"]
    pieces = der.read(b"\x24\x80" + builder.octets(b"a") + builder.octets(b"b") + b"\x00\x00")
    assert pieces.octets() == b"ab"


# signed data


@pytest.mark.parametrize("is_national", [True, False])
@pytest.mark.parametrize("has_attributes", [True, False])
@pytest.mark.parametrize("content", [None, b"covered", builder.sm3(b"covered")])
def test_signed_data_is_checked_in_every_form(
    who: Office, is_national: bool, has_attributes: bool, content: bytes | None
) -> None:
    data = builder.signed_data(
        who.signer, b"covered", is_national=is_national, has_attributes=has_attributes, content=content
    )
    signed = cms.parse(data)
    assert signed.is_national
    (signer,) = signed.signers
    assert cms.check(signed, signer, b"covered") == cms.Checked(True)
    assert cms.check(signed, signer, b"other").intact is False


@settings(max_examples=100, deadline=None)
@given(has_attributes=st.booleans(), place=st.integers(min_value=0), change=st.integers(1, 255))
def test_signed_data_with_a_byte_changed_convinces_nobody(
    has_attributes: bool, place: int, change: int
) -> None:
    data = bytearray(_SIGNED[has_attributes])
    data[place % len(data)] ^= change
    try:
        signed = cms.parse(bytes(data))
    except der.DerBroken:
        return
    (signer,) = signed.signers
    if cms.check(signed, signer, b"covered").intact and signer.certificate is not None:
        # Versions and the list of digests in front are bound by nothing in CMS; whose it is, is.
        assert signer.certificate.sm2_key == load(_OFFICE.signer.der).sm2_key


_SIGNED = {has: builder.signed_data(_OFFICE.signer, b"covered", has_attributes=has) for has in (True, False)}


def test_a_time_stamp_fits_only_what_it_stamps(who: Office) -> None:
    token = builder.time_stamp(who.stamper, b"value", SIGNED_AT)
    roots = [load(who.root.der)]
    good = cms.check_stamp(token, [b"value"], [], roots)
    assert isinstance(good, cms.Stamp)
    assert (good.at, good.trusted) == (SIGNED_AT, True)
    other = cms.check_stamp(token, [b"another"], [], roots)
    assert isinstance(other, cms.BadStamp)
    assert other.code == "timestamp-differs"
    answer = builder.sequence(builder.sequence(builder.integer(0)), token)
    assert isinstance(cms.check_stamp(answer, [b"value"], [], roots), cms.Stamp)
    no_stamper = builder.time_stamp(who.signer, b"value", SIGNED_AT)
    unfit = cms.check_stamp(no_stamper, [b"value"], [], roots)
    assert isinstance(unfit, cms.Stamp)
    assert unfit.trusted is False
