"""The encrypted stream: what comes out is what went in, or nothing does."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable, Iterator

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from retention import backup_format
from retention.backup_format import MAGIC, StreamDamaged, StreamOfOtherKey, decrypt, encrypt

KEY, OTHER = bytes(range(32)), bytes(32)
HEADER = len(MAGIC) + 8 + 32
SMALL_FRAME = 16


@pytest.fixture(autouse=True)
def _small_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backup_format, "FRAME", SMALL_FRAME)


def sealed(plaintext: bytes, name: str = "backup/database", key: bytes = KEY) -> bytes:
    out = io.BytesIO()
    assert encrypt(key, name, [plaintext], out) == len(out.getvalue())
    return out.getvalue()


def opened(stream: bytes, name: str = "backup/database", key: bytes = KEY) -> bytes:
    return b"".join(decrypt(key, name, [stream]))


def frames(stream: bytes) -> list[bytes]:
    """The frames after the header, each with its head."""
    found, place = [], HEADER
    while place < len(stream):
        (length,) = struct.unpack(">I", stream[place : place + 4])
        found.append(stream[place : place + 5 + length])
        place += 5 + length
    return found


def cut(data: bytes, sizes: Iterable[int]) -> Iterator[bytes]:
    for size in sizes:
        yield data[:size]
        data = data[size:]
    yield data


@given(
    plaintext=st.binary(max_size=200), sizes=st.lists(st.integers(0, 40)), other=st.lists(st.integers(0, 40))
)
def test_any_bytes_come_back_however_they_are_cut(
    plaintext: bytes, sizes: list[int], other: list[int]
) -> None:
    out = io.BytesIO()
    encrypt(KEY, "a/b", cut(plaintext, sizes), out)
    assert b"".join(decrypt(KEY, "a/b", cut(out.getvalue(), other))) == plaintext
    if len(plaintext) > 3:
        assert plaintext not in out.getvalue()


@given(plaintext=st.binary(max_size=100), data=st.data())
def test_any_flipped_bit_is_found(plaintext: bytes, data: st.DataObject) -> None:
    stream = bytearray(sealed(plaintext))
    place = data.draw(st.integers(0, len(stream) * 8 - 1))
    stream[place // 8] ^= 1 << place % 8
    with pytest.raises((StreamDamaged, StreamOfOtherKey)):
        opened(bytes(stream))


@given(plaintext=st.binary(max_size=100), data=st.data())
def test_any_cut_is_found(plaintext: bytes, data: st.DataObject) -> None:
    stream = sealed(plaintext)
    with pytest.raises(StreamDamaged):
        opened(stream[: data.draw(st.integers(0, len(stream) - 1))])


@given(plaintext=st.binary(max_size=100), more=st.binary(min_size=1, max_size=50))
def test_anything_after_the_end_is_found(plaintext: bytes, more: bytes) -> None:
    with pytest.raises(StreamDamaged):
        opened(sealed(plaintext) + more)


@settings(max_examples=200)
@given(plaintext=st.binary(min_size=SMALL_FRAME * 2 + 1, max_size=SMALL_FRAME * 6), data=st.data())
def test_frames_left_out_repeated_or_moved_are_found(plaintext: bytes, data: st.DataObject) -> None:
    stream = sealed(plaintext)
    order = data.draw(st.lists(st.sampled_from(range(len(frames(stream)))), max_size=8))
    assume(order != list(range(len(frames(stream)))))
    with pytest.raises(StreamDamaged):
        opened(stream[:HEADER] + b"".join(frames(stream)[n] for n in order))


@given(first=st.binary(min_size=1, max_size=60), second=st.binary(min_size=1, max_size=60))
def test_frames_of_another_stream_are_found(first: bytes, second: bytes) -> None:
    one, other = sealed(first), sealed(second)
    with pytest.raises(StreamDamaged):
        opened(one[:HEADER] + b"".join(frames(other)))


def test_a_member_in_the_place_of_another_is_found() -> None:
    with pytest.raises(StreamDamaged):
        opened(sealed(b"rows", "20260302-full/database"), "20260303-full/database")


def test_a_wrong_key_is_told_from_damage() -> None:
    with pytest.raises(StreamOfOtherKey):
        opened(sealed(b"rows"), key=OTHER)


def test_a_frame_that_claims_to_be_huge_is_not_waited_for() -> None:
    stream = sealed(b"rows")
    with pytest.raises(StreamDamaged):
        opened(stream[:HEADER] + struct.pack(">I?", 2**31, True) + b"x" * 100)


def test_two_streams_of_the_same_bytes_differ() -> None:
    assert sealed(b"the same") != sealed(b"the same")
