"""Types are told by content."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest import media
from ingest.media import MediaType
from tests.ingest import samples


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (samples.saved(samples.plain()), MediaType.PDF),
        (b"\n\n  junk before it %PDF-1.7\n", MediaType.PDF),
        (samples.picture(form="JPEG"), MediaType.JPEG),
        (samples.picture(), MediaType.PNG),
        (b"PK\x03\x04\x14\x00", MediaType.ZIP),
        (b"II*\x00\x08", MediaType.TIFF),
        (b"RIFF\x24\x00\x00\x00WEBPVP8 ", MediaType.WEBP),
        (b"\x00\x00\x00\x18ftypheic", MediaType.HEIC),
        (b"\xef\xbb\xbf<?xml version='1.0'?><EInvoice/>", MediaType.XML),
        ("<?xml version='1.0'?><EInvoice/>".encode("utf-16"), MediaType.XML),
        (b"From: a@b.cn\r\nSubject: =?utf-8?B?5Y+R56Wo?=\r\nMIME-Version: 1.0\r\n\r\nhello", MediaType.EML),
    ],
)
def test_accepted_types_are_recognised(data: bytes, expected: MediaType) -> None:
    assert media.recognise(data[: media.HEAD]) is expected


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"MZ\x90\x00\x03", "windows-program"),
        (b"\x7fELF\x02\x01", "linux-program"),
        (b"#!/bin/sh\n", "script"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "office"),
        (b"GIF89a", "gif"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", "media"),
        (b"\x00\x00\x00\x18ftypmp42", "media"),
    ],
)
def test_other_known_types_are_named_and_not_accepted(head: bytes, name: str) -> None:
    assert media.recognise(head) is None
    assert media.describe(head) == name


@pytest.mark.parametrize("first", [b"MZ", b"GIF89a", b"#!/bin/sh\n", b"<html>", b"Rar!"])
def test_polyglot_is_judged_by_what_comes_first(first: bytes) -> None:
    assert media.recognise(first + b"....%PDF-1.7\n") is None


@given(st.binary(max_size=2048))
def test_any_bytes_get_an_answer(data: bytes) -> None:
    assert media.recognise(data) in {None, *MediaType}
    assert media.describe(data) is None or isinstance(media.describe(data), str)
