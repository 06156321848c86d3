"""The master key: wrapping, and the recovery key that people write down."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.masterkey import EnvelopeUnreadable, MasterKey, RecoveryKeyInvalid

KEY = MasterKey(bytes(range(32)))


@given(st.binary(max_size=200), st.text(max_size=20))
def test_what_was_wrapped_comes_back(plaintext: bytes, purpose: str) -> None:
    assert KEY.unwrap(KEY.wrap(plaintext, purpose=purpose), purpose=purpose) == plaintext


@given(st.binary(max_size=50), st.integers(min_value=0), st.integers(1, 255))
def test_no_changed_byte_of_an_envelope_is_accepted(plaintext: bytes, place: int, change: int) -> None:
    envelope = bytearray(KEY.wrap(plaintext, purpose="seal"))
    envelope[place % len(envelope)] ^= change
    with pytest.raises(EnvelopeUnreadable):
        KEY.unwrap(bytes(envelope), purpose="seal")


def test_an_envelope_cannot_serve_another_purpose() -> None:
    with pytest.raises(EnvelopeUnreadable):
        KEY.unwrap(KEY.wrap(b"key", purpose="seal"), purpose="person")


@given(st.binary(min_size=32, max_size=32))
def test_the_recovery_key_gives_the_master_key_back_however_it_is_typed(secret: bytes) -> None:
    key = MasterKey(secret)
    typed = key.recovery_key().lower().replace("-", " ").replace("o", "0")
    assert MasterKey.from_recovery_key(typed).derive("x") == key.derive("x")


@given(
    st.binary(min_size=32, max_size=32),
    st.integers(0, 54),
    st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"),
)
def test_one_wrong_character_of_the_recovery_key_is_noticed(secret: bytes, place: int, letter: str) -> None:
    letters = list(MasterKey(secret).recovery_key().replace("-", ""))
    if letters[place % len(letters)] == letter:
        return
    letters[place % len(letters)] = letter
    with pytest.raises(RecoveryKeyInvalid):
        MasterKey.from_recovery_key("".join(letters))


@pytest.mark.parametrize("text", ["", "ABC", "用恢复密钥", "A" * 56, "!!!!!-?????"])
def test_nonsense_is_refused_as_a_recovery_key(text: str) -> None:
    with pytest.raises(RecoveryKeyInvalid):
        MasterKey.from_recovery_key(text)


def test_the_key_file_is_readable_by_its_owner_only_and_never_replaced(tmp_path: Path) -> None:
    KEY.save(tmp_path)
    assert (tmp_path / "master.key").stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        MasterKey.generate().save(tmp_path)
    loaded = MasterKey.load(tmp_path)
    assert loaded is not None and loaded.derive("x") == KEY.derive("x")
