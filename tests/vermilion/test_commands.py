"""The command line, as processes of its own in homes of its own."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import delete, select, text, update

from core import append_only, audit
from core.models import AuditEntry, AuditHead, AuditTile, AuditTree
from signing.models import SealRecord
from signing.register_models import HeadDelivery, TreeHead
from tests.e2e.approver import open_home
from tests.office import contract_pdf, open_office
from tests.signing.national import builder as seals
from tests.signing.pictures import SQUARE, encoded, on_paper
from vermilion import assembly

ROOT = Path(__file__).parents[2]


def run(home: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "vermilion.cli", *arguments],
        env={**os.environ, "VERMILION_HOME": str(home), "LANG": "C.UTF-8", **environment},
        capture_output=True,
        text=True,
        timeout=120,
        cwd=ROOT,
    )


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Path]]:
    """A home with one finished contract, closed, and the contract's papers as files."""
    home, folder = tmp_path_factory.mktemp("commands") / "home", tmp_path_factory.mktemp("papers")
    files: dict[str, Path] = {}
    with open_office(home) as office:
        case_id = office.finished_contract()
        for name, data in office.papers(case_id).items():
            files[name] = folder / f"{name}.pdf"
            files[name].write_bytes(data)
        files["root"] = folder / "root.der"
        files["root"].write_bytes(office.roots()[0])
    files["unsigned"] = folder / "unsigned.pdf"
    files["unsigned"].write_bytes(contract_pdf())
    broken = bytearray(files["document"].read_bytes())
    broken[1500] ^= 1
    files["broken"] = folder / "broken.pdf"
    files["broken"].write_bytes(bytes(broken))
    return home, files


def test_ingest_needs_no_set_up_and_prints_one_object_for_each_file(tmp_path: Path) -> None:
    good, bad = tmp_path / "合同.pdf", tmp_path / "程序.pdf"
    good.write_bytes(contract_pdf())
    bad.write_bytes(b"MZ\x90\x00")
    made = run(
        tmp_path / "home",
        "ingest",
        "--json",
        "--kind",
        "contract",
        str(good),
        str(bad),
        str(tmp_path / "none"),
    )
    assert made.returncode == 1
    lines = [json.loads(line) for line in made.stdout.splitlines()]
    assert [line["error"] and line["error"]["code"] for line in lines] == [
        None,
        "type-not-accepted",
        "file-not-readable",
    ]
    assert set(lines[0]) == {
        "file",
        "sha256",
        "document",
        "kind",
        "media_type",
        "pages",
        "duplicate_of",
        "invoice",
        "warnings",
        "error",
    }
    assert (lines[0]["pages"], lines[0]["kind"], lines[0]["media_type"]) == (2, "contract", "application/pdf")
    again = json.loads(run(tmp_path / "home", "ingest", "--json", str(good)).stdout)
    assert again["duplicate_of"] == lines[0]["document"]
    found = run(tmp_path / "home", "search", "质量保证 amount:many", "--order", "newest", "--json")
    assert "“many” is no amount" in found.stderr
    assert {json.loads(line)["id"] for line in found.stdout.splitlines()} >= {lines[0]["document"]}


def test_verify_says_what_it_found_by_its_exit_status(
    finished: tuple[Path, dict[str, Path]], tmp_path: Path
) -> None:
    home, files = finished
    for name, status, verdict in (
        ("document", 0, "valid"),
        ("sheet", 0, "valid"),
        ("broken", 1, "invalid"),
        ("unsigned", 4, "unsigned"),
    ):
        said = run(home, "verify", "--json", str(files[name]))
        assert (said.returncode, json.loads(said.stdout)["verdict"]) == (status, verdict)
    empty = tmp_path / "empty"
    assert run(empty, "verify", str(files["document"])).returncode == 3
    assert run(empty, "verify", "--trust", str(files["root"]), str(files["document"])).returncode == 0
    assert run(empty, "verify", str(tmp_path / "none.pdf")).returncode == 2
    assert run(empty, "verify", "--trust", str(files["unsigned"]), str(files["document"])).returncode == 2
    assert not (empty / "vermilion.db").exists()
    assert run(home, "verify", str(files["document"]), str(files["broken"])).returncode == 1


def test_verify_writes_a_report_that_verifies_itself(
    finished: tuple[Path, dict[str, Path]], tmp_path: Path
) -> None:
    home, files = finished
    report = tmp_path / "report.pdf"

    said = run(home, "verify", "--report", str(report), str(files["broken"]))

    assert said.returncode == 1, said.stderr
    assert run(home, "verify", str(report)).returncode == 0
    both = (str(files["document"]), str(files["broken"]))
    assert run(home, "verify", "--report", str(report), *both).returncode == 2
    # Where nothing was set up nobody could sign a report: no home is made, and no recovery key is shown.
    empty, nowhere = tmp_path / "empty", tmp_path / "nowhere.pdf"
    for trust in ([], ["--trust", str(files["root"])]):
        said = run(empty, "verify", "--report", str(nowhere), *trust, str(files["document"]))
        assert (said.returncode, said.stdout) == (2, "")
        assert "was never set up" in said.stderr
    assert not nowhere.exists() and not (empty / "vermilion.db").exists()
    assert not empty.exists() or not any(empty.iterdir())


def test_verify_takes_ofd_files_and_roots_with_sm2(tmp_path: Path) -> None:
    who = seals.office()
    sealed = seals.sign_ofd(seals.small_ofd(), who)
    page = "Doc_0/Pages/Page_0/Content.xml"
    files = {
        "valid": (0, sealed),
        "invalid": (1, seals.changed(sealed, page, lambda data: data.replace("壹".encode(), "玖".encode()))),
        "unsigned": (4, seals.small_ofd()),
    }
    pem = x509.load_der_x509_certificate(who.root.der).public_bytes(Encoding.PEM)
    (tmp_path / "root.pem").write_bytes(pem)
    for verdict, (status, data) in files.items():
        (tmp_path / f"{verdict}.ofd").write_bytes(data)
        said = run(
            tmp_path / "empty", "verify", "--json", "--trust", str(tmp_path / "root.pem"),
            str(tmp_path / f"{verdict}.ofd"),
        )  # fmt: skip
        answer = json.loads(said.stdout)
        assert (said.returncode, answer["verdict"]) == (status, verdict)
        assert answer["sha256"] == hashlib.sha256(data).hexdigest()
    assert run(tmp_path / "empty", "verify", str(tmp_path / "valid.ofd")).returncode == 3


def test_export_backup_and_the_lists(finished: tuple[Path, dict[str, Path]], tmp_path: Path) -> None:
    home, files = finished
    out = tmp_path / "out"
    assert run(home, "export", "--all", "--to", str(out)).returncode == 0
    lines = [json.loads(line) for line in (out / "cases.jsonl").read_text("utf-8").splitlines()]
    assert len(lines) == 1
    exported = {(out / paper["file"]).read_bytes() for paper in lines[0]["documents"]}
    assert exported == {files["sheet"].read_bytes(), files["document"].read_bytes()}
    assert run(home, "backup", "run").returncode == 0
    assert run(home, "backup", "verify").returncode == 0
    assert json.loads(run(home, "backup", "list", "--json").stdout.splitlines()[-1])["kind"] == "full"
    assert "合同专用章" in run(home, "seal", "list").stdout
    assert "contract" in run(home, "flow", "list").stdout
    assert "keeper" in run(home, "user", "list").stdout
    root = tmp_path / "root.pem"
    assert run(home, "ca", "export", "--to", str(root)).returncode == 0
    assert root.read_text().startswith("-----BEGIN CERTIFICATE")
    assert run(home, "doctor").returncode == 0


def test_a_seal_from_a_scan_is_applied_for_and_waits_for_somebody_else(
    finished: tuple[Path, dict[str, Path]], tmp_path: Path
) -> None:
    home, _ = finished
    photo, shown = tmp_path / "print.jpg", tmp_path / "print.svg"
    photo.write_bytes(encoded(on_paper(SQUARE, 700, shade=0.2), "JPEG", quality=90))
    kind = ("--kind", "legal_representative")
    taken = run(home, "seal", "scan", str(photo), *kind, "--to", str(shown), "--width", "18")
    assert taken.returncode == 0, taken.stderr
    assert 'width="18mm" height="18mm"' in shown.read_text()
    applied = run(
        home, "seal", "apply", "法定代表人章", *kind, "--keeper", "keeper", "--user", "staff",
        "--entity", "云杉测试科技有限公司", "--reason", "新任", "--scan", taken.stdout.strip(),
    )  # fmt: skip
    assert applied.returncode == 0, applied.stderr
    own = run(home, "seal", "decide", applied.stdout.strip(), "agree")
    assert own.returncode == 1 and "Somebody else has to agree" in own.stderr


def test_what_the_index_refuses_is_named_by_reindex_and_doctor(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with open_office(home) as office:
        case_id = office.submit_contract()
    runtime = open_home(home, "")
    with runtime.database.write() as session:  # past the column's type, as only a damaged database has it
        session.execute(text(f"UPDATE \"case\" SET amount = 1e25 WHERE id = '{case_id.hex}'"))
    assembly.close(runtime)
    done = run(home, "reindex")
    assert done.returncode == 0 and int(done.stdout) > 1
    assert f"case {case_id} is not taken by the index: OverflowError" in done.stderr
    lines = [json.loads(line) for line in run(home, "doctor", "--json").stdout.splitlines()]
    (said,) = [one["message"] for one in lines if one["subject"] == "search" and one["level"] != "ok"]
    assert said.startswith("1 not taken by the index") and str(case_id) in said and "OverflowError" in said


def test_audit_verify_names_the_entry_that_does_not_fit(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with open_office(home):
        pass
    assert run(home, "audit", "verify").returncode == 0
    runtime = open_home(home, "")
    with runtime.database.write() as session:
        append_only.unprotect(session.connection())
        session.execute(update(AuditEntry).where(AuditEntry.sequence == 4).values(action="nothing.happened"))
    assembly.close(runtime)
    said = run(home, "audit", "verify")
    assert said.returncode == 1
    assert "entry 4 " in said.stderr and "Traceback" not in said.stderr
    found = json.loads(run(home, "audit", "verify", "--json").stdout)
    assert (found["is_whole"], found["findings"][0]["code"], found["findings"][0]["sequence"]) == (
        False,
        "chain",
        4,
    )
    refused = run(home, "audit", "head")
    assert refused.returncode == 1 and "entry 4" in refused.stderr


def test_heads_leave_and_are_compared_when_they_come_back(tmp_path: Path) -> None:
    home, worm = tmp_path / "home", tmp_path / "worm"
    worm.mkdir()
    with open_office(home) as office:
        case_id = office.finished_contract()
        with office.runtime.database.read() as session:
            record = session.scalars(select(SealRecord)).one()
    made = run(home, "audit", "head", VERMILION_HEAD_TARGETS=f"file:{worm}")
    assert made.returncode == 0 and made.stdout.startswith("vermilion audit tree head v1")
    (kept,) = worm.iterdir()
    listed = [json.loads(line) for line in run(home, "audit", "heads", "--json").stdout.splitlines()]
    assert listed[0]["number"] == 1 and listed[0]["sent"][0]["sent_at"]
    assert "1 heads kept elsewhere" in run(home, "audit", "verify", "--head", str(kept)).stdout
    assert run(home, "audit", "verify", "--head", str(tmp_path / "none")).returncode == 2
    proof = json.loads(run(home, "audit", "proof", str(record.id)).stdout)
    assert proof["entry"]["action"] == "seal.applied"
    assert (
        proof["entry"]
        == json.loads(run(home, "audit", "proof", str(proof["entry"]["sequence"])).stdout)["entry"]
    )
    assert run(home, "audit", "proof", "nothing").returncode == 1

    out = tmp_path / "out"
    said = run(home, "evidence", record.case_serial, "--to", str(out))
    assert said.returncode == 0, said.stderr
    (bundle,) = out.iterdir()
    assert bundle.name == f"{record.case_serial}-evidence.zip" and str(case_id)
    again = run(home, "evidence", record.case_serial, "--to", str(out))
    assert again.returncode == 1 and list(out.iterdir()) == [bundle]
    assert run(home, "evidence", "HT-0000-1", "--to", str(out)).returncode == 1

    def rewrite(number: int) -> None:
        runtime = open_home(home, "")
        with runtime.database.write() as session:
            append_only.unprotect(session.connection())
            session.execute(delete(HeadDelivery))
            session.execute(delete(TreeHead))
            rows = session.scalars(select(AuditEntry).order_by(AuditEntry.sequence)).all()
            rows[number].payload = {"forged": True}
            previous = audit.GENESIS
            for row in rows:
                row.payload_digest = audit.digest_payload(row.salt or "", row.payload or {})
                row.chain_digest = previous = audit.digest_entry(previous, row)
            session.execute(update(AuditHead).values(chain_digest=previous))
            session.execute(delete(AuditTile))
            session.execute(delete(AuditTree))
        assembly.close(runtime)

    rewrite(10)
    assert run(home, "audit", "verify").returncode == 0  # the database alone tells nothing
    found = run(home, "audit", "verify", "--head", str(kept))
    assert found.returncode == 1
    assert kept.name in found.stderr and "another history" in found.stderr


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("VERMILION_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none"),
        ("VERMILION_OBJECTS_URL", "ftp://x"),
        ("VERMILION_LISTEN", "nonsense"),
        ("VERMILION_UPLOAD_MAX_BYTES", "many"),
        ("VERMILION_SEARCH_URL", "solr:x"),
        ("VERMILION_OBJECTS_URL", "s3://k:s@127.0.0.1:1/bucket?secure=0"),
    ],
)
def test_a_setting_that_cannot_work_stops_the_start_with_one_line(
    tmp_path: Path, setting: str, value: str
) -> None:
    said = run(tmp_path / "home", "serve", **{setting: value})
    assert said.returncode == 1
    lines = [line for line in said.stderr.splitlines() if line.strip()]
    assert len(lines) == 1 or lines[-1].startswith("Setting"), said.stderr
    assert setting in lines[-1] and "Traceback" not in said.stderr


def test_people_are_added_with_a_password_that_is_shown_once(finished: tuple[Path, dict[str, Path]]) -> None:
    home, _files = finished
    made = run(home, "user", "add", "newcomer", "新人", "--department", "市场部")
    assert made.returncode == 0 and len(made.stdout.strip()) >= 12
    again = run(home, "user", "add", "newcomer", "新人", "--department", "市场部")
    assert again.returncode == 1 and "Traceback" not in again.stderr
