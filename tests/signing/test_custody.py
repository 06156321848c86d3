"""Keys open with the right PIN and the right master key, and with nothing else."""

from __future__ import annotations

import base64
from typing import Any
from uuid import UUID

import pytest
from argon2.low_level import Type, hash_secret_raw
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from core.masterkey import EnvelopeUnreadable, MasterKey
from signing import pki
from signing.custody import PinDoesNotFit, check_pin, open_envelope, seal_envelope
from signing.errors import PinTooWeak
from signing.peppers import PepperSecret
from tests.office import FAST_PIN

PEPPER = PepperSecret(2, bytes(range(32)))
PERSON = UUID(int=7)
KEY = pki.key_to_der(pki.new_key())


def pepper_of(number: int) -> PepperSecret:
    return {PEPPER.number: PEPPER}[number]


def sealed(pin: str) -> dict[str, Any]:
    return seal_envelope(KEY, pin, PERSON, PEPPER, FAST_PIN)


def open_as(envelope: dict[str, Any], pin: str, person: UUID = PERSON) -> bytes:
    return open_envelope(envelope, pin, person, pepper_of)


@given(st.text(min_size=1, max_size=30))
def test_the_right_pin_opens_the_envelope(pin: str) -> None:
    assert open_as(sealed(pin), pin) == KEY


@given(st.text(max_size=12), st.text(max_size=12))
def test_another_pin_does_not(right: str, wrong: str) -> None:
    if right == wrong:
        return
    with pytest.raises(PinDoesNotFit):
        open_as(sealed(right), wrong)


@given(st.binary(min_size=32, max_size=32).filter(lambda secret: secret != PEPPER.secret), st.uuids())
def test_neither_another_pepper_nor_another_person_opens_it(secret: bytes, person: UUID) -> None:
    envelope = sealed("284617")
    with pytest.raises(PinDoesNotFit):
        open_envelope(envelope, "284617", PERSON, lambda number: PepperSecret(number, secret))
    with pytest.raises(PinDoesNotFit):
        open_as(envelope, "284617", person)


@given(st.data())
def test_an_envelope_with_any_member_altered_never_opens(data: st.DataObject) -> None:
    envelope = sealed("284617")
    name = data.draw(st.sampled_from(sorted(envelope)))
    strange = st.one_of(
        st.none(), st.integers(-3, 70_000), st.text(max_size=60), st.binary(max_size=60).map(encoded)
    )
    if name in ("salt", "nonce", "ciphertext"):
        strange = st.one_of(strange, st.builds(flipped, st.just(envelope[name]), st.integers(0, 5000)))
    value = data.draw(strange.filter(lambda value: value != envelope[name]))
    with pytest.raises((PinDoesNotFit, EnvelopeUnreadable)):
        open_as({**envelope, name: value}, "284617")


@given(st.sampled_from(sorted(sealed("284617"))))
def test_an_envelope_that_lacks_a_member_never_opens(name: str) -> None:
    envelope = sealed("284617")
    del envelope[name]
    with pytest.raises((PinDoesNotFit, EnvelopeUnreadable)):
        open_as(envelope, "284617")


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def flipped(text: str, bit: int) -> str:
    data = bytearray(base64.b64decode(text))
    data[bit // 8 % len(data)] ^= 1 << bit % 8
    return encoded(bytes(data))


def test_an_envelope_of_another_version_is_refused_by_name() -> None:
    for version in (1, 3, "2", None):
        with pytest.raises((EnvelopeUnreadable, PinDoesNotFit)):
            open_as({**sealed("284617"), "version": version}, "284617")


def test_an_envelope_of_version_1_still_opens() -> None:
    """Made by the program before peppers: the pepper was derived from the master key."""
    master = MasterKey(bytes(range(32)))
    envelope = {
        "version": 1, "kdf": "argon2id", "time_cost": 1, "memory_kib": 8, "parallelism": 1,
        "salt": encoded(bytes(16)), "nonce": encoded(bytes(12)),
    }  # fmt: skip
    stretched = hash_secret_raw(b"284617", bytes(16), 1, 8, 1, 32, Type.ID)
    pepper = master.derive("pin")
    key = HKDF(hashes.SHA256(), 32, salt=pepper, info=b"vermilion person key 1").derive(stretched)
    bound = b"vermilion person key 1 " + PERSON.bytes
    envelope["ciphertext"] = encoded(AESGCM(key).encrypt(bytes(12), KEY, bound))
    assert open_envelope(envelope, "284617", PERSON, lambda number: PepperSecret(number, pepper)) == KEY


@pytest.mark.parametrize("pin", ["", "12345", "123456", "654321", "111111", "121212", "qwerty", "abcdef"])
def test_trivial_pins_are_refused(pin: str) -> None:
    with pytest.raises(PinTooWeak):
        check_pin(pin)


@pytest.mark.parametrize("pin", ["284617", "朱印二〇二六年", "correct horse"])
def test_other_pins_are_taken(pin: str) -> None:
    check_pin(pin)
