"""Keys open with the right PIN and the right master key, and with nothing else."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.ids import new_id
from core.masterkey import EnvelopeUnreadable, MasterKey
from signing import pki
from signing.custody import PinDoesNotFit, check_pin, open_envelope, seal_envelope
from signing.errors import PinTooWeak
from tests.office import FAST_PIN

MASTER = MasterKey(bytes(range(32)))
PERSON = UUID(int=7)
KEY = pki.key_to_der(pki.new_key())


@given(st.text(min_size=1, max_size=30))
def test_the_right_pin_opens_the_envelope(pin: str) -> None:
    assert open_envelope(seal_envelope(KEY, pin, PERSON, MASTER, FAST_PIN), pin, PERSON, MASTER) == KEY


@given(st.text(max_size=12), st.text(max_size=12))
def test_another_pin_does_not(right: str, wrong: str) -> None:
    if right == wrong:
        return
    with pytest.raises(PinDoesNotFit):
        open_envelope(seal_envelope(KEY, right, PERSON, MASTER, FAST_PIN), wrong, PERSON, MASTER)


def test_neither_another_person_nor_another_master_key_opens_it() -> None:
    envelope = seal_envelope(KEY, "284617", PERSON, MASTER, FAST_PIN)
    with pytest.raises(PinDoesNotFit):
        open_envelope(envelope, "284617", new_id(), MASTER)
    with pytest.raises(PinDoesNotFit):
        open_envelope(envelope, "284617", PERSON, MasterKey(bytes(32)))


def test_an_envelope_of_another_version_is_refused_by_name() -> None:
    envelope = seal_envelope(KEY, "284617", PERSON, MASTER, FAST_PIN)
    with pytest.raises(EnvelopeUnreadable):
        open_envelope({**envelope, "version": 2}, "284617", PERSON, MASTER)


@pytest.mark.parametrize("pin", ["", "12345", "123456", "654321", "111111", "121212", "qwerty", "abcdef"])
def test_trivial_pins_are_refused(pin: str) -> None:
    with pytest.raises(PinTooWeak):
        check_pin(pin)


@pytest.mark.parametrize("pin", ["284617", "朱印二〇二六年", "correct horse"])
def test_other_pins_are_taken(pin: str) -> None:
    check_pin(pin)
