"""Heads, proofs, and every way of rewriting history that they have to find."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from core import append_only, audit, audit_tree, merkle, outbox
from core.clock import FixedClock
from core.database import table_of
from core.models import AuditEntry, AuditHead, AuditTile, AuditTree
from core.tasks import run_pending
from signing import trail, transparency
from signing.detached import NotGood, signer_of, stamped_at
from signing.heads import HeadNotUnderstood, SignedHead, parse, read_file
from signing.models import SealRecord
from signing.register_models import TreeHead
from signing.transparency import signed
from tests import homes
from tests.builders import PIN
from tests.office import Office, open_office


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(homes.TODAY)


@pytest.fixture
def at_work(tmp_path: Path, empty_database_url: str, clock: FixedClock) -> Iterator[Office]:
    """An office whose trail has two heads, the first one kept elsewhere too."""
    with open_office(tmp_path / "home", empty_database_url, clock) as office:
        act(office, 300)
        clock.advance(timedelta(hours=1))
        office.signing.transparency.make_head()
        act(office, 30)
        clock.advance(timedelta(hours=1))
        office.signing.transparency.make_head()
        yield office


def act(office: Office, count: int) -> None:
    now = office.runtime.clock.now()
    with office.runtime.database.write() as session:
        for number in range(count):
            audit.record(session, now, None, "thing.done", "thing", None, {"number": number})


def report(office: Office, *anchors: tuple[str, SignedHead]) -> trail.Report:
    with office.runtime.database.read() as session:
        return trail.check(session, anchors)


def stored_heads(office: Office) -> list[SignedHead]:
    with office.runtime.database.read() as session:
        return [signed(row) for row in session.scalars(select(TreeHead).order_by(TreeHead.number))]


def codes(found: trail.Report) -> set[str]:
    return {one.code for one in found.findings}


def tamper(office: Office, change: Callable[[Session], object]) -> None:
    """As somebody who rules over the database: the triggers are taken off first."""
    with office.runtime.database.write() as session:
        append_only.unprotect(session.connection())
        change(session)


def rechain(session: Session, first: int) -> None:
    """Compute payload digests and chain anew from an entry on, head included: a whole history rewritten."""
    rows = session.scalars(select(AuditEntry).order_by(AuditEntry.sequence)).all()
    previous = audit.GENESIS
    for number, row in enumerate(rows, start=1):
        if row.sequence != number:
            row.sequence = number
        if number >= first:
            row.payload_digest = audit.digest_payload(row.salt or "", row.payload or {})
            row.chain_digest = audit.digest_entry(previous, row)
        previous = row.chain_digest
        session.flush()
    session.execute(update(AuditHead).values(sequence=len(rows), chain_digest=previous))


def regrow(session: Session) -> None:
    """Build the kept tree anew over what stands in the trail now."""
    leaves, previous = [], audit.GENESIS
    for entry in session.scalars(select(AuditEntry).order_by(AuditEntry.sequence)):
        leaves.append(audit_tree.leaf(previous, entry))
        previous = entry.chain_digest
    session.execute(delete(AuditTile))
    for (level, position), hashes in merkle.appended(lambda _l, _p: b"", 0, leaves).items():
        session.add(AuditTile(level=level, position=position, hashes=hashes))
    session.execute(update(AuditTree).values(size=len(leaves)))


def test_an_untouched_trail_with_its_heads_is_whole(at_work: Office) -> None:
    anchors = [(f"{number}.json", one) for number, one in enumerate(stored_heads(at_work))]
    found = report(at_work, *anchors)
    assert found.findings == []
    assert (found.heads, found.anchors) == (2, 2) and found.entries > 330


def test_a_head_is_made_when_something_happened_and_at_least_daily(
    at_work: Office, clock: FixedClock
) -> None:
    make = at_work.signing.transparency.make_head
    assert make() is None
    clock.advance(timedelta(hours=23))
    assert make() is None
    clock.advance(timedelta(hours=1))
    third = make()
    assert third is not None and third.number == 3
    assert third.size == parse(stored_heads(at_work)[1].body).size
    assert report(at_work).is_whole


def test_openssl_accepts_a_heads_signature_and_token(at_work: Office, tmp_path: Path) -> None:
    one = stored_heads(at_work)[0]
    root = tmp_path / "root.pem"
    for name, data in (("body", one.body.encode()), ("p7s", one.signature), ("tst", one.token)):
        (tmp_path / name).write_bytes(data)
    der = at_work.roots()[0]
    convert = ["openssl", "x509", "-inform", "DER", "-out", str(root)]
    subprocess.run(convert, input=der, check=True, capture_output=True)
    cms = (
        "openssl cms -verify -binary -inform DER -in p7s -content body -CAfile root.pem -purpose any -out out"
    )
    ts = "openssl ts -verify -data p7s -in tst -token_in -CAfile root.pem"
    for command in (cms, ts):
        done = subprocess.run(command.split(), cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    (tmp_path / "body").write_bytes(one.body.replace("size", "Size").encode())
    assert subprocess.run(cms.split(), cwd=tmp_path, capture_output=True).returncode != 0


Change = Callable[[Session], object]


def change_row(session: Session) -> None:
    session.execute(update(AuditEntry).where(AuditEntry.sequence == 100).values(action="other.done"))


def change_payload(session: Session) -> None:
    session.execute(update(AuditEntry).where(AuditEntry.sequence == 100).values(payload={"number": -1}))


def remove_row(session: Session) -> None:
    session.execute(delete(AuditEntry).where(AuditEntry.sequence == 100))


def remove_tail(session: Session) -> None:
    last = session.scalar(select(func.max(AuditEntry.sequence))) or 0
    session.execute(delete(AuditEntry).where(AuditEntry.sequence > last - 5))
    digest = session.scalar(select(AuditEntry.chain_digest).where(AuditEntry.sequence == last - 5))
    session.execute(update(AuditHead).values(sequence=last - 5, chain_digest=digest))


def reorder(session: Session) -> None:
    for old, new in ((100, -1), (101, 100), (-1, 101)):
        session.execute(update(AuditEntry).where(AuditEntry.sequence == old).values(sequence=new))


def insert_row(session: Session) -> None:
    """An entry in between, those after it moved up by one."""
    last = session.scalar(select(func.max(AuditEntry.sequence))) or 0
    for number in range(last, 99, -1):
        session.execute(update(AuditEntry).where(AuditEntry.sequence == number).values(sequence=number + 1))
    row = session.get_one(AuditEntry, 99)
    values = {column.name: getattr(row, column.name) for column in table_of(AuditEntry).columns}
    session.execute(insert(AuditEntry), [{**values, "sequence": 100}])


CRUDE: dict[str, tuple[Change, str, int]] = {
    "a row changed": (change_row, "chain", 100),
    "a payload changed": (change_payload, "payload", 100),
    "a row removed": (remove_row, "missing", 100),
    "rows reordered": (reorder, "chain", 100),
    "a row inserted": (insert_row, "chain", 100),
}


@pytest.mark.parametrize("name", CRUDE)
def test_crude_tampering_is_named_at_the_entry_it_touched(at_work: Office, name: str) -> None:
    change, code, sequence = CRUDE[name]
    tamper(at_work, change)
    first = report(at_work).findings[0]
    assert (first.code, first.sequence) == (code, sequence)


def test_entries_cut_off_at_the_end_are_named(at_work: Office) -> None:
    size = parse(stored_heads(at_work)[1].body).size
    tamper(at_work, remove_tail)
    found = report(at_work).findings
    assert trail.Finding("missing", size - 4, size) in found
    assert trail.Finding("head-ahead", size - 4, size, "2") in found


@pytest.mark.parametrize("name", CRUDE)
def test_a_history_rewritten_with_a_new_chain_is_found_by_the_kept_tree(at_work: Office, name: str) -> None:
    change = CRUDE[name][0]

    def rewrite(session: Session) -> None:
        change(session)
        session.expire_all()
        rechain(session, 100)

    tamper(at_work, rewrite)
    with at_work.runtime.database.read() as session:
        assert audit.verify(session) is None  # the chain alone says nothing
    found = report(at_work)
    first = found.findings[0]
    assert (first.code, first.sequence) == ("tree", 100)
    assert {"head-root"} <= codes(found)


@pytest.mark.parametrize("name", CRUDE)
def test_a_history_rewritten_with_chain_and_tree_is_found_by_the_earlier_head(
    at_work: Office, name: str, clock: FixedClock
) -> None:
    """The operator rewrites everything in the database, heads signed anew included."""
    kept = stored_heads(at_work)
    change = CRUDE[name][0]

    def rewrite(session: Session) -> None:
        change(session)
        session.expire_all()
        rechain(session, 100)
        regrow(session)
        session.execute(delete(TreeHead))

    tamper(at_work, rewrite)
    at_work.signing.transparency.make_head()
    assert report(at_work).is_whole  # what is inside says nothing
    found = report(at_work, ("mail-1.json", kept[0]), ("mail-2.json", kept[1]))
    sizes = [parse(one.body).size for one in kept]
    assert ("head-root", 1, sizes[0], "mail-1.json") in [
        (one.code, one.sequence, one.last, one.subject) for one in found.findings
    ]
    assert "head-unknown" in codes(found)


def test_the_range_is_narrowed_by_a_head_before_the_change(at_work: Office) -> None:
    kept = stored_heads(at_work)
    sizes = [parse(one.body).size for one in kept]

    def rewrite(session: Session) -> None:
        wanted = AuditEntry.sequence == sizes[0] + 3
        session.execute(update(AuditEntry).where(wanted).values(payload={"number": "x"}))
        session.expire_all()
        rechain(session, sizes[0] + 3)
        regrow(session)

    tamper(at_work, rewrite)
    found = [one for one in report(at_work).findings if one.code == "head-root"]
    assert found == [trail.Finding("head-root", sizes[0] + 1, sizes[1], "2")]


def test_a_head_that_was_changed_or_taken_away_is_found(at_work: Office) -> None:
    tamper(
        at_work, lambda s: s.execute(update(TreeHead).where(TreeHead.number == 1).values(token=b"\x30\x00"))
    )
    assert codes(report(at_work)) == {"head-token"}
    with at_work.runtime.database.write() as session:
        session.execute(update(TreeHead).where(TreeHead.number == 1).values(signature=b"no"))
    assert codes(report(at_work)) == {"head-token", "head-signature"}
    with at_work.runtime.database.write() as session:
        session.execute(delete(TreeHead).where(TreeHead.number == 1))
    assert codes(report(at_work)) == {"head-order"}


def test_a_person_cannot_sign_a_head(at_work: Office) -> None:
    one = stored_heads(at_work)[0]
    gm = at_work.signing.unlock(at_work.company.people["gm"], PIN).key
    forged = SignedHead(one.body, gm.template.sign(hashlib.sha256(one.body.encode()).digest()), one.token)
    assert codes(report(at_work, ("forged.json", forged))) == {"head-signature", "head-token"}
    with pytest.raises(NotGood):
        signer_of(one.signature, one.body.encode() + b" ", at_work.roots(), at_work.runtime.clock.now())
    with pytest.raises(NotGood):
        signer_of(one.signature, one.body.encode(), [], at_work.runtime.clock.now())
    with pytest.raises(NotGood):
        stamped_at(one.token, one.signature + b" ", at_work.roots())
    with pytest.raises(NotGood):
        stamped_at(one.signature, one.signature, at_work.roots())


def test_erasing_personal_data_leaves_everything_whole(at_work: Office) -> None:
    with at_work.runtime.database.write() as session:
        session.execute(
            update(AuditEntry).where(AuditEntry.sequence == 100).values(payload=None, salt=None)
        )  # through the triggers
    assert report(at_work).is_whole


@pytest.mark.parametrize(
    "statement",
    [
        "update audit_entry set action = 'x' where sequence = 100",
        "update audit_entry set payload_digest = 'x', payload = null, salt = null where sequence = 100",
        "update audit_entry set salt = '00' where sequence = 100",
        "delete from audit_entry where sequence = 100",
        "update tree_head set root = 'x'",
        "delete from tree_head",
        "update seal_record set copies = 9",
        "delete from seal_record",
    ],
)
def test_the_database_itself_refuses_to_change_what_was_written(at_work: Office, statement: str) -> None:
    case_id = at_work.submit_contract()
    at_work.approve_all(case_id)
    at_work.apply_seal(case_id)
    with pytest.raises(DatabaseError, match="append-only"), at_work.runtime.database.write() as session:
        session.execute(text(statement))


REGISTER: dict[str, tuple[Change, set[str]]] = {
    "copies changed": (lambda s: s.execute(update(SealRecord).values(copies=99)), {"register-changed"}),
    "a keeper exchanged": (
        lambda s: s.execute(update(SealRecord).values(keeper_id=SealRecord.applicant_id)),
        {"register-changed"},
    ),
    "number changed": (
        lambda s: s.execute(update(SealRecord).values(number=2)),
        {"register-gap", "register-changed"},
    ),
    "a line removed": (lambda s: s.execute(delete(SealRecord)), {"register-missing"}),
}


@pytest.mark.parametrize("name", REGISTER)
def test_tampering_with_the_register_is_found(office: Office, name: str) -> None:
    change, expected = REGISTER[name]
    case_id = office.submit_contract()
    office.approve_all(case_id)
    office.apply_seal(case_id)
    assert report(office).is_whole
    tamper(office, change)
    assert codes(report(office)) == expected


def test_every_entry_is_proved_against_a_head_and_heads_against_each_other(at_work: Office) -> None:
    first, second = (parse(one.body) for one in stored_heads(at_work))
    with at_work.runtime.database.read() as session:
        for sequence in (1, 100, first.size):
            for head in (first, second):
                proof = transparency.inclusion(session, sequence, head.size)
                path = [bytes.fromhex(step) for step in proof.path]
                leaf = merkle.leaf_hash(transparency.link_of(session, sequence))
                assert proof.root == head.root
                assert merkle.is_included(leaf, sequence - 1, head.size, path, bytes.fromhex(head.root))
        both = transparency.consistency(session, first.size, second.size)
    path = [bytes.fromhex(step) for step in both.path]
    roots = [bytes.fromhex(one) for one in (first.root, second.root)]
    assert merkle.is_consistent(first.size, second.size, *roots, path)


def test_a_head_survives_the_way_through_a_file_and_through_a_mail(at_work: Office) -> None:
    one = stored_heads(at_work)[0]
    assert read_file(one.to_file(), "x") == one
    mail = b"From: a\r\nSubject: x\r\n\r\n" + one.body.replace("\n", "\r\n").encode() + b"\r\n-- \r\n"
    assert read_file(mail, "x") == SignedHead(one.body)
    for junk in (b"", b"{}", b"{", b"\xff\xfe", b"[1]", json.dumps({"format": "x"}).encode()):
        with pytest.raises(HeadNotUnderstood):
            read_file(junk, "junk")


def test_the_hourly_job_makes_a_head(office: Office) -> None:
    with office.runtime.database.write() as session:
        outbox.enqueue(session, "signing.make_head", {}, office.runtime.clock.now())
    run_pending(office.runtime)
    assert len(stored_heads(office)) == 1
