"""SM2 and SM3 against the standards' own examples, OpenSSL, and a signer written apart."""

from __future__ import annotations

import hashlib
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signing.national import sm2, sm3
from tests.signing.national.builder import Key, N, integer, sequence

# GB/T 32918.5-2017, A.2
KEY = Key(0x3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8)
PUBLIC = sm2.PublicKey(
    0x09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020,
    0xCCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13,
)
MESSAGE = b"message digest"
R = 0xF5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3
S = 0xB1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA
RAW = R.to_bytes(32, "big") + S.to_bytes(32, "big")
DER = sequence(integer(R), integer(S))
_SHORT = st.binary(max_size=200)


@pytest.mark.parametrize(
    ("message", "digest"),
    [
        (b"abc", "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"),
        (b"abcd" * 16, "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"),
        (b"", "1ab21d8355cfa17f8e61194831e81a8f22bec8c728fefb747ed035eb5082aa2b"),
    ],
)
def test_sm3_gives_the_standard_s_examples(message: bytes, digest: str) -> None:
    assert sm3.sm3(message).hex() == sm3.sm3_here(message).hex() == digest


@settings(max_examples=60)
@given(_SHORT)
def test_sm3_without_openssl_is_the_same(data: bytes) -> None:
    assert sm3.sm3_here(data) == sm3.sm3(data)


def test_sm3_falls_back_where_openssl_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_args: object, **_more: object) -> None:
        raise ValueError("unsupported hash type sm3")

    expected = sm3.sm3(b"abc")
    monkeypatch.setattr(hashlib, "new", missing)
    assert sm3.sm3(b"abc") == expected


def test_the_standard_s_signature_is_good_in_all_its_forms() -> None:
    assert sm2.z_value(PUBLIC).hex() == "b2e14c5c79c6df5b85f4fe7ed8db7a262b9da7e07ccb0ea9f4747b8ccda8a4f3"
    wide = bytes(32) + RAW[:32] + bytes(32) + RAW[32:]
    for value in (RAW, DER, wide):
        assert sm2.verify(PUBLIC, value, MESSAGE)
    k = 0x59276E27D506861A16680F3AD9C02DCCEF3CC1FA3CDBE4CE6D54B80DEAC1BC21
    assert KEY.sign_numbers(MESSAGE, k=k) == (R, S)


def test_a_point_is_read_in_every_form_and_only_from_the_curve() -> None:
    x = PUBLIC.x.to_bytes(32, "big")
    whole = PUBLIC.to_bytes()
    assert sm2.PublicKey.from_bytes(bytes([2 + PUBLIC.y % 2]) + x) == PUBLIC
    assert sm2.PublicKey.from_bytes(bytes([6 + PUBLIC.y % 2]) + whole[1:]) == PUBLIC
    assert sm2.PublicKey.from_bytes(whole) == sm2.PublicKey.from_bytes(whole[1:]) == PUBLIC
    wrong = [
        b"", b"\x00", whole[:-1], whole[:-1] + b"\x00", b"\x05" + whole[1:],
        bytes([7 - PUBLIC.y % 2]) + whole[1:],
        b"\x04" + sm2.P.to_bytes(32, "big") + bytes(32),
    ]  # fmt: skip
    for encoded in wrong:
        with pytest.raises(ValueError):
            sm2.PublicKey.from_bytes(encoded)


@pytest.mark.parametrize(("r", "s"), [(0, S), (R, 0), (N, S), (R, N), (R + N, S), (R, N - R), (1, 1)])
def test_numbers_outside_their_range_are_refused(r: int, s: int) -> None:
    assert not sm2.verify(PUBLIC, sequence(integer(r), integer(s)), MESSAGE)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, N - 2), _SHORT, _SHORT)
def test_what_the_other_signer_signs_is_good_and_nothing_else(
    secret: int, message: bytes, identity: bytes
) -> None:
    key = Key(secret)
    public = sm2.PublicKey.from_bytes(key.encoded)
    value = key.sign(message, identity=identity)
    assert sm2.verify(public, value, message, identity)
    assert not sm2.verify(public, value, message + b".", identity)
    assert not sm2.verify(public, value, message, identity + b".")
    assert not sm2.verify(PUBLIC, value, message, identity)


@settings(max_examples=80, deadline=None)
@given(st.sampled_from([RAW, DER]), st.integers(min_value=0), st.integers(1, 255))
def test_any_byte_of_a_signature_counts(value: bytes, place: int, change: int) -> None:
    altered = bytearray(value)
    altered[place % len(value)] ^= change
    assert not sm2.verify(PUBLIC, bytes(altered), MESSAGE)


@given(st.binary(max_size=150))
def test_any_bytes_as_a_signature_get_an_answer(value: bytes) -> None:
    assert not sm2.verify(PUBLIC, value, MESSAGE)


def test_a_signature_is_checked_within_eight_milliseconds() -> None:
    sm2.verify(PUBLIC, RAW, MESSAGE)
    begun = time.process_time()
    for _ in range(20):
        assert sm2.verify(PUBLIC, RAW, MESSAGE)
    assert (time.process_time() - begun) / 20 < 0.008


def _openssl(*arguments: str, folder: Path) -> bytes:
    return subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True).stdout


def test_openssl_signs_what_we_check_and_checks_what_the_builder_signs(tmp_path: Path) -> None:
    (tmp_path / "message").write_bytes(MESSAGE)
    _openssl("genpkey", "-algorithm", "SM2", "-out", "key.pem", folder=tmp_path)
    info = _openssl("pkey", "-in", "key.pem", "-pubout", "-outform", "DER", folder=tmp_path)
    public = sm2.PublicKey.from_bytes(info[-65:])
    for identity in ("1234567812345678", "ALICE123@YAHOO.COM"):
        value = _openssl(
            "dgst", "-sm3", "-sign", "key.pem", "-sigopt", f"distid:{identity}", "message", folder=tmp_path
        )
        assert sm2.verify(public, value, MESSAGE, identity.encode())
        assert not sm2.verify(public, value, MESSAGE, b"other")
    private = _openssl("pkey", "-in", "key.pem", "-outform", "DER", folder=tmp_path)
    secret = next(
        int.from_bytes(private[n : n + 32], "big")
        for n in range(len(private) - 31)
        if Key(int.from_bytes(private[n : n + 32], "big") % N or 1).encoded == public.to_bytes()
    )
    (tmp_path / "value").write_bytes(Key(secret).sign(MESSAGE))
    (tmp_path / "public.der").write_bytes(info)
    said = _openssl(
        "dgst", "-sm3", "-verify", "public.der", "-keyform", "DER", "-sigopt", "distid:1234567812345678",
        "-signature", "value", "message", folder=tmp_path,
    )  # fmt: skip
    assert b"OK" in said
