"""The evidence bundle: its own instructions are run, with nothing but openssl, pdfsig and a shell."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import tracemalloc
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pikepdf
import pytest
from sqlalchemy import select, update

from core.clock import FixedClock, SystemClock
from core.errors import NotFound
from core.models import AuditEntry
from ingest.models import DocumentKind
from retention.bundle import open_bundle, write_bundle
from retention.bundle_zip import BundleZip
from signing.cutting import cut
from signing.models import SealRecord
from storage.objects import CHUNK
from tests.builders import PIN
from tests.office import Office, contract_pdf, open_office
from workflow.models import AddedKind

PROGRAMS = ["bash", "openssl", "pdfsig", "sha256sum", "sed", "grep", "cut", "cat", "head", "tail", "rm", "wc"]
"""What the instructions need, and all that their commands find."""
pytestmark = pytest.mark.skipif(
    not (shutil.which("openssl") and shutil.which("pdfsig")), reason="openssl and pdfsig are not here"
)


@pytest.fixture(scope="module")
def office_with_case(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Office, UUID]]:
    """A finished contract with an added approver, sealed, after an earlier head; its line was corrected."""
    clock = FixedClock(SystemClock().now() - timedelta(days=3))
    with open_office(tmp_path_factory.mktemp("bundle") / "home", "", clock) as office:
        office.signing.transparency.make_head()
        clock.advance(timedelta(hours=1))
        case_id = office.submit_contract()
        task = office.view("head", case_id).my_task
        assert task is not None
        office.workflow.adding.add(
            office.principal("head"), task.id, AddedKind.BEFORE, [office.company.people["gm"]], "请先确认"
        )
        office.approve_all(case_id, "gm", "head", "legal", "finance", "gm")
        office.apply_seal(case_id)
        office.work_off()
        with office.runtime.database.read() as session:
            record = session.scalars(select(SealRecord)).one()
        with office.runtime.database.write() as session:
            asked = office.signing.corrections.ask(
                session, office.principal("keeper"), record.id, {"copies": 3}, "多盖一份"
            )
        with office.runtime.database.write() as session:
            office.signing.corrections.confirm(session, office.principal("auditor"), asked.id)
        clock.advance(timedelta(hours=1))
        yield office, case_id


def unpacked(office: Office, case_id: UUID, to: Path, who: str = "staff") -> Path:
    path = to / "bundle.zip"
    write_bundle(office.runtime, office.principal(who), case_id, path)
    with zipfile.ZipFile(path) as file:
        file.extractall(to)
    return next(one.parent for one in to.glob("*/SHA256SUMS"))


@pytest.fixture(scope="module")
def folder(office_with_case: tuple[Office, UUID], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle, unpacked. Not to be changed."""
    office, case_id = office_with_case
    return unpacked(office, case_id, tmp_path_factory.mktemp("unpacked"))


def tools_only(to: Path) -> dict[str, str]:
    """An environment whose path holds the programs that the instructions name, and no others."""
    programs = to / "programs"
    programs.mkdir()
    for name in (
        "bash",
        "openssl",
        "pdfsig",
        "sha256sum",
        "sed",
        "grep",
        "cut",
        "cat",
        "head",
        "tail",
        "rm",
        "wc",
    ):
        found = shutil.which(name)
        assert found is not None, name
        (programs / name).symlink_to(found)
    return {"PATH": str(programs), "LC_ALL": "C", "HOME": str(to)}


def commands_of(readme: str) -> list[tuple[str, str]]:
    """The commands of the instructions with the line that each has to say."""
    found = []
    for block, expected in re.findall(r"((?:^    .*\n)+)\n  [^`\n]*`([^`]+)`$", readme, re.MULTILINE):
        found.append(("\n".join(line[4:] for line in block.splitlines()), expected))
    return found


def failures(folder: Path, readme: str, environment: dict[str, str]) -> list[str]:
    failed = []
    for command, expected in commands_of((folder / readme).read_text("utf-8")):
        said = subprocess.run(
            ["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, timeout=60
        )
        if expected not in said.stdout.splitlines():
            failed.append(f"{command}\n{said.stdout}{said.stderr}")
    return failed


@pytest.mark.parametrize("readme", ["README.zh.md", "README.en.md"])
def test_every_command_of_the_instructions_says_what_it_should(
    folder: Path, tmp_path: Path, readme: str
) -> None:
    copy = shutil.copytree(folder, tmp_path / "copy")
    commands = commands_of((copy / readme).read_text("utf-8"))
    text = "\n".join(command for command, _ in commands)
    assert len(commands) > 40
    for needed in ("openssl cms -verify", "openssl ts -verify", "pdfsig", "openssl crl", "sha256sum"):
        assert needed in text
    lines = sum(len(command.splitlines()) for command, _ in commands)
    assert (copy / readme).read_text("utf-8").count("\n    ") == lines  # each has its expectation
    assert failures(copy, readme, tools_only(tmp_path)) == []
    assert {one.name for one in copy.iterdir()} == {one.name for one in folder.iterdir()}


def run_script(folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "check.sh"], cwd=folder, env=environment, capture_output=True, text=True, timeout=120
    )


def test_the_script_says_that_all_is_well(folder: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(folder, tmp_path / "copy")
    said = run_script(copy, tools_only(tmp_path))
    assert said.returncode == 0, said.stdout
    assert said.stdout.splitlines()[-1] == "all is well"
    assert "FAILED" not in said.stdout


PLACES = {
    "the sheet": ("pdf/01-sheet-*.pdf", 3000, {"pdfsig", "signatures", "continuation"}),
    "the continuation sheet": ("pdf/02-sheet-*.pdf", 3000, {"pdfsig", "signatures"}),
    "the contract": ("pdf/03-document-*.pdf", 1500, {"pdfsig", "signatures"}),
    "a signature": ("signatures/01-sheet-*-02.p7s", -20, {"signatures"}),
    "a token": ("signatures/01-sheet-*-02.tst", -20, {"tokens"}),
    "an audit entry": ("audit/*.leaf", 30, {"inclusion"}),
    "a payload": ("audit/*.payload", 5, {"payloads"}),
    "a proof": ("audit/*.proof", 20, {"inclusion"}),
    "a register line": ("register/*.json", 40, {"register"}),
    "the head": ("heads/00000002.txt", 60, {"head"}),
    "the heads signature": ("heads/00000002.p7s", -20, {"head"}),
    "the heads token": ("heads/00000002.tst", -20, {"head"}),
    "the consistency proof": ("heads/*.consistency", 20, {"consistency"}),
    "a revocation list": ("revocation/crl-1.pem", 200, {"revocation"}),
}


@pytest.mark.parametrize("place", PLACES)
def test_an_altered_byte_is_found_even_by_who_made_the_manifest_anew(
    folder: Path, tmp_path: Path, place: str
) -> None:
    pattern, at, sections = PLACES[place]
    copy = shutil.copytree(folder, tmp_path / "copy")
    file = sorted(copy.glob(pattern))[0]
    data = bytearray(file.read_bytes())
    if file.suffix == ".p7s" and file.parent.name == "signatures":
        at = data.index(file.with_suffix(".value").read_bytes()) + 20
    data[at] = data[at] ^ 1 if file.suffix != ".pem" else (65 if data[at] != 65 else 66)
    file.write_bytes(data)
    environment = tools_only(tmp_path)
    said = run_script(copy, environment)
    assert said.returncode == 1
    failed = {line.split()[1].rstrip(":") for line in said.stdout.splitlines() if line.startswith("FAILED")}
    assert "files" in failed
    sums = (copy / "SHA256SUMS").read_text().splitlines()
    renewed = [f"{hashlib.sha256((copy / line[66:]).read_bytes()).hexdigest()}  {line[66:]}" for line in sums]
    (copy / "SHA256SUMS").write_text("\n".join(renewed) + "\n")
    said = run_script(copy, environment)
    failed = {line.split()[1].rstrip(":") for line in said.stdout.splitlines() if line.startswith("FAILED")}
    assert said.returncode == 1 and "files" not in failed
    assert sections <= failed, said.stdout


def test_bytes_after_the_last_signature_are_found(folder: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(folder, tmp_path / "copy")
    file = next(copy.glob("pdf/02-*.pdf"))
    file.write_bytes(file.read_bytes() + b"\n% more\n")
    said = run_script(copy, tools_only(tmp_path))
    assert f"FAILED  coverage: pdf/{file.name}" in said.stdout


def test_the_bundle_holds_what_it_says(folder: Path) -> None:
    names = {str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file()}
    listed = {line[66:] for line in (folder / "SHA256SUMS").read_text().splitlines()}
    assert names == listed | {"SHA256SUMS"}
    case = json.loads((folder / "case.json").read_text("utf-8"))
    assert {paper["file"] for paper in case["documents"]} == {one for one in names if one.startswith("pdf/")}
    lines = [json.loads(one) for one in (folder / "audit/entries.jsonl").read_text("utf-8").splitlines()]
    actions = [one["action"] for one in lines]
    assert {"case.submitted", "seal.applied", "register.corrected"} <= set(actions)
    assert all(one["salt"] for one in lines)
    assert len([one for one in names if one.startswith("register/")]) == 2
    assert any(one.startswith("revocation/crl") for one in names)


def test_the_same_state_gives_the_same_bytes_whoever_asks(
    office_with_case: tuple[Office, UUID], tmp_path: Path
) -> None:
    office, case_id = office_with_case
    digests = set()
    for number, who in enumerate(("staff", "admin", "keeper")):
        path = tmp_path / f"{number}.zip"
        write_bundle(office.runtime, office.principal(who), case_id, path)
        digests.add(hashlib.sha256(path.read_bytes()).hexdigest())
        office.runtime.clock.advance(timedelta(hours=2))  # type: ignore[attr-defined]
        office.signing.transparency.make_head()
    assert len(digests) == 1


def test_a_bundle_is_noted_in_the_trail_and_refused_to_strangers(
    office_with_case: tuple[Office, UUID], tmp_path: Path
) -> None:
    office, case_id = office_with_case
    with pytest.raises(NotFound):
        write_bundle(office.runtime, office.principal("other"), case_id, tmp_path / "no.zip")
    assert not (tmp_path / "no.zip").exists()
    name, file, size = open_bundle(office.runtime, office.principal("staff"), case_id)
    with file:
        data = file.read()
    assert name.endswith("-evidence.zip") and len(data) == size
    assert zipfile.ZipFile(io.BytesIO(data)).testzip() is None
    with office.runtime.database.read() as session:
        last = session.scalars(select(AuditEntry).order_by(AuditEntry.sequence.desc()).limit(1)).one()
    assert (last.action, last.resource_id) == ("evidence.exported", case_id)
    assert last.actor_id == office.company.people["staff"]


def test_an_erased_payload_leaves_the_bundle_whole(office: Office, tmp_path: Path) -> None:
    case_id = office.finished_contract()
    with office.runtime.database.write() as session:
        session.execute(
            update(AuditEntry).where(AuditEntry.action == "case.submitted").values(payload=None, salt=None)
        )
    folder = unpacked(office, case_id, tmp_path)
    said = run_script(folder, {**os.environ, "LC_ALL": "C"})
    assert said.returncode == 0, said.stdout


def test_a_case_that_was_stamped_by_hand_carries_the_scan(office: Office, tmp_path: Path) -> None:
    case_id = office.submit_contract()
    office.approve_all(case_id)
    view = office.view("keeper", case_id)
    assert view.my_task is not None
    office.workflow.stamp(office.principal("keeper"), view.my_task.id, PIN, view.sheet.digest, {})
    office.work_off()
    scan = contract_pdf("盖章页")
    document = office.upload("keeper", scan, "盖章页.pdf", DocumentKind.ATTACHMENT)
    with office.runtime.database.write() as session:
        record = session.scalars(select(SealRecord)).one()
        office.signing.by_hand.add_scan(
            session, office.principal("keeper"), record.id, document, hashlib.sha256(scan).hexdigest()
        )
    folder = unpacked(office, case_id, tmp_path)
    assert [one.read_bytes() for one in (folder / "scans").iterdir()] == [scan]
    assert run_script(folder, {**os.environ, "LC_ALL": "C"}).returncode == 0


def test_a_zip_is_made_of_its_contents_only(tmp_path: Path) -> None:
    for name in ("a.zip", "b.zip"):
        with BundleZip(tmp_path / name, "x") as made:
            made.add("b", "b")
            made.add("b", "b")
            made.add_pieces("a", iter([b"a", b"a"]))
            with pytest.raises(ValueError, match="twice"):
                made.add("b", "c")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_a_large_paper_takes_no_memory(tmp_path: Path) -> None:
    source = tmp_path / "large.pdf"
    pdf = pikepdf.new()
    pdf.add_blank_page()
    for _ in range(4):
        pdf.pages[0].Resources = pikepdf.Dictionary(X=pdf.make_stream(os.urandom(15_000_000)))
    pdf.Root.Attached = pdf.make_stream(os.urandom(45_000_000))
    pdf.save(source)
    del pdf
    tracemalloc.start()
    try:
        assert cut(source).cuts == []
        with BundleZip(tmp_path / "large.zip", "x") as made, source.open("rb") as file:
            made.add_pieces("pdf/large.pdf", iter(lambda: file.read(CHUNK), b""))
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert source.stat().st_size > 55_000_000
    assert peak < 10_000_000
