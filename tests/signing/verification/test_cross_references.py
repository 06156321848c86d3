"""Tricks with cross-references: which object a number means is what readers disagree about."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from signing.verification.facts import Outcome
from tests.signing.conftest import Desk
from tests.signing.verification.attacked import EVIL, content_number, judged, page_number, stream_body
from tests.signing.verification.attacks import (
    appended,
    body_of,
    packed,
    xref,
)

Attack = Callable[[bytes], bytes]


def _xref_in_place(pdf: bytes) -> bytes:
    return appended(pdf, {content_number(pdf): stream_body(EVIL)})


def _xref_old_chain(pdf: bytes) -> bytes:
    """A chain that passes over the signed revision."""
    starts = [int(one) for one in re.findall(rb"startxref\s+(\d+)", pdf)]
    return appended(pdf, {900: b"null"}, previous=starts[0])


def _xref_loop(pdf: bytes) -> bytes:
    made = appended(pdf, {900: b"null"})
    at = int(re.findall(rb"startxref\s+(\d+)", made)[-1])
    return re.sub(rb"/Prev \d+ >>\nstartxref\n%d" % at, b"/Prev %d >>\nstartxref\n%d" % (at, at), made)


def _new_catalog(pdf: bytes) -> bytes:
    _, _size, root = xref(pdf)
    return appended(pdf, {901: body_of(pdf, root)}, root=901)


def _overlapping_numbers(pdf: bytes) -> bytes:
    number = content_number(pdf)
    made = appended(pdf, {number: stream_body(EVIL)})
    at = re.search(rb"\n%d 0 obj\nnope" % number, made)
    assert at is None
    place = int(re.findall(rb"%d 1\n(\d{10}) 00000 n" % number, made)[-1])
    old = pdf.find(b"\n%d 0 obj" % number) + 1
    return appended(pdf, {number: stream_body(EVIL)}, listed=[(number, place), (number, old)])


def _higher_generation(pdf: bytes) -> bytes:
    return appended(pdf, {content_number(pdf): stream_body(EVIL)}, generation=1)


def _freed(pdf: bytes) -> bytes:
    made = appended(pdf, {900: b"null"})
    number = content_number(pdf)
    return made.replace(b"xref\n900 1\n", b"xref\n%d 1\n0000000000 00001 f \n900 1\n" % number)


def _unlisted_object(pdf: bytes) -> bytes:
    number = content_number(pdf)
    junk = b"%d 0 obj\n%s\nendobj\n" % (number, stream_body(EVIL))
    return appended(pdf, {900: b"null"}, junk=junk)


def _hybrid(pdf: bytes) -> bytes:
    return appended(pdf, {900: b"null"}, entries=b"/XRefStm 17")


def _packed_page(pdf: bytes) -> bytes:
    number = page_number(pdf)
    body = re.sub(rb"/Contents \d+ 0 R", b"/Contents 902 0 R", body_of(pdf, number))
    return packed(appended(pdf, {902: stream_body(EVIL)}), {number: body})


def _renamed_type(pdf: bytes) -> bytes:
    number = page_number(pdf)
    return appended(pdf, {number: body_of(pdf, number).replace(b"/Type /Page", b"/Type (/Page)")})


@pytest.mark.parametrize(
    "attack",
    [
        _xref_in_place, _xref_old_chain, _xref_loop, _new_catalog, _overlapping_numbers, _higher_generation,
        _freed, _unlisted_object, _hybrid, _packed_page, _renamed_type,
    ],
    ids=lambda one: one.__name__,
)  # fmt: skip
def test_tricks_with_cross_references_are_never_valid(
    shared_desk: Desk, plain: bytes, attack: Attack
) -> None:
    forged = attack(plain)
    assert forged != plain
    assert judged(shared_desk, forged).outcome in (Outcome.INVALID, Outcome.INDETERMINATE)


def test_a_harmless_revision_written_by_hand_is_no_attack(shared_desk: Desk, plain: bytes) -> None:
    assert judged(shared_desk, appended(plain, {900: b"null"})).outcome is Outcome.VALID
    assert judged(shared_desk, packed(plain, {900: b"null"})).outcome is Outcome.VALID
