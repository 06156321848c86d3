"""How fast files of each carrier are taken in and read, beside a bare extraction of their text.

Ours is the way of a file in one process with its two parsers' processes, two threads at once as in ``serve``:
received, checked, stored durably, read (PDF, words, QR codes, invoice fields, signatures), written down,
indexed. For text PDFs a second figure goes on until all background work is done: the PDF/A beside the
original. The rival opens the same bytes with pdfium (text PDFs also with pypdf), takes the text of every
page, and does nothing else; for carriers that are no PDF it reads the PDF that was made of them. Files of a
case differ, so that nothing is found in a cache.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final
from uuid import UUID

import httpx
import pypdf
import pypdfium2
from sqlalchemy import func, select

from bench import Figure, run
from bench.approval import server
from bench.ingest_files import CARRIERS, large_pdf
from core import tasks
from core.models import OutboxJob
from core.runtime import Runtime
from core.settings import Settings
from core.sign_in import SignInService
from ingest.models import Document, DocumentKind, DocumentState
from ingest.sandbox import Sandbox
from ingest.service import IngestService
from ingest.worker import MEMORY
from tests.builders import Company, make_company
from vermilion.assembly import build, close
from vermilion.first_start import open_home

AT_ONCE: Final = 2
LARGE: Final = 100 * 1024 * 1024
EXTRA_ALLOWED: Final = 64.0
"""MiB that the server may take while it receives a 100 MiB file."""
_PATIENCE: Final = 300.0
_UNTIL_READY: Final = ("ingest.process", "search.index")


class Archive:
    """A fresh home with one employee."""

    def __init__(self, home: Path) -> None:
        settings = Settings(home=home, log_level="error")
        self.runtime: Runtime = build(settings, open_home(settings).master_key)
        self.company: Company = make_company(self.runtime)
        self.service = self.runtime.get(IngestService)

    def receive(self, data: bytes, name: str) -> UUID:
        """Receive one file; the document it became."""
        person = self.company.principal("staff")
        return self.service.receive(person, io.BytesIO(data), name, DocumentKind.ATTACHMENT).document_id

    def work(self, names: tuple[str, ...] | None = None) -> None:
        """Work, as the product's own threads do, until no task of these names is left, or none at all."""
        left = select(func.count()).select_from(OutboxJob).where(OutboxJob.failed_at.is_(None))
        if names is not None:
            left = left.where(OutboxJob.task.in_(names))
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            worked = tasks.run_pending(self.runtime, limit=1)
            with self.runtime.database.read() as session:
                if not session.scalar(left):
                    return
            if not worked:
                time.sleep(0.002)
        raise TimeoutError

    def documents(self, ids: Sequence[UUID]) -> list[Document]:
        """These and what came out of them."""
        with self.runtime.database.read() as session:
            found = [session.get_one(Document, one) for one in ids]
            inside = [member for one in found for member in self.service.members(session, one.id)]
        return found + inside

    def pdf_of(self, document: Document) -> bytes:
        """The PDF that people see; empty for a container."""
        with self.runtime.database.read() as session:
            versions = self.service.versions(session, document.id)
        pdfs = [one for one in versions if one.media_type == "application/pdf"]
        return self.service._store.read(pdfs[-1].digest) if pdfs else b""


def carrier(archive: Archive, name: str, files: Sequence[bytes], ending: str) -> list[Figure]:
    """The figures of one carrier."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for one in files[:AT_ONCE]:  # warm: both parsers' processes have to run
            archive.receive(one, f"warm{ending}")
        list(pool.map(archive.work, [None] * AT_ONCE))
        begun = time.perf_counter()
        ids = list(pool.map(lambda one: archive.receive(one, f"{name}{ending}"), files[AT_ONCE:]))
        list(pool.map(archive.work, [_UNTIL_READY] * AT_ONCE))
        ours = len(ids) / (time.perf_counter() - begun)
        list(pool.map(archive.work, [None] * AT_ONCE))
    with_rest = len(ids) / (time.perf_counter() - begun)
    documents = archive.documents(ids)
    refused = [one for one in documents if one.state != DocumentState.READY]
    if refused:
        raise RuntimeError(f"{name}: {refused[0].state} {refused[0].refusal}")
    pdfs = [pdf for one in documents if (pdf := archive.pdf_of(one))]
    figures = [_rate(name, ours, pdfs, len(ids), _pdfium_text, "pdfium text")]
    if name == "text PDF":
        figures.append(_rate(name, ours, pdfs, len(ids), _pypdf_text, "pypdf text"))
        figures.append(
            _rate(f"{name}, with its PDF/A", with_rest, pdfs, len(ids), _pdfium_text, "pdfium text")
        )
    return figures


def _rate(
    name: str, ours: float, pdfs: Sequence[bytes], files: int, extract: Callable[[bytes], int], rival: str
) -> Figure:
    begun = time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE if rival.startswith("pypdf") else 1) as pool:  # pdfium is not thread-safe
        list(pool.map(extract, pdfs))
    rate = files / (time.perf_counter() - begun)
    return Figure("ingest", name, ours, rate, rival, "files per second", is_rate=True)


def _pdfium_text(pdf: bytes) -> int:
    document = pypdfium2.PdfDocument(pdf)
    try:
        return sum(len(page.get_textpage().get_text_range()) for page in document)
    finally:
        document.close()


def _pypdf_text(pdf: bytes) -> int:
    return sum(len(page.extract_text()) for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)


def peak_of(files: Sequence[tuple[str, bytes]]) -> list[Figure]:
    """The most memory that a parsers' process took for one file of each carrier, in MiB.

    LibreOffice is a process of its own and not counted.
    """
    figures = []
    for name, data in files:
        script = "import sys; from bench.ingest import read_alone; print(read_alone(sys.argv[1]))"
        with tempfile.NamedTemporaryFile() as file:
            file.write(data)
            file.flush()
            said = subprocess.run(
                [sys.executable, "-c", script, file.name], capture_output=True, text=True, check=True
            )
        limit = MEMORY / 1024**2
        figures.append(
            Figure("ingest", f"peak memory, {name}", float(said.stdout), limit, "the process's limit", "MiB")
        )
    return figures


def read_alone(path: str) -> float:
    """Take one file in with a home of its own; the most memory that a parsers' process had, in MiB."""
    with tempfile.TemporaryDirectory() as folder:
        archive = Archive(Path(folder) / "home")
        archive.receive(Path(path).read_bytes(), "file")
        archive.work()
        peak = max(_peak(process) for process in _parsers())
        archive.runtime.get(Sandbox).close()
        close(archive.runtime)
    return peak


def _parsers() -> list[Path]:
    """The ``/proc`` folders of this process's own parsers."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
            if parent == os.getpid() and b"ingest.worker" in (folder / "cmdline").read_bytes():
                found.append(folder)
        except OSError:
            continue
    return found


def large_upload() -> Figure:
    """Memory that the server takes while it receives 100 MiB over HTTP; the rival reads the file whole."""
    with tempfile.TemporaryDirectory(prefix="vermilion-bench-") as folder:
        home = Path(folder) / "home"
        settings = Settings(home=home, log_level="error")
        runtime = build(settings, open_home(settings).master_key)
        token = _token(runtime, make_company(runtime))
        close(runtime)
        file = Path(folder) / "large.pdf"
        file.write_bytes(large_pdf(LARGE))
        with server(home) as address:
            process = _server_process(home)
            headers = {"Authorization": f"Bearer {token}"}
            with httpx.Client(base_url=f"{address}/api/v1", headers=headers, timeout=_PATIENCE) as client:
                small = {"files": ("small.pdf", large_pdf(10_000), "application/pdf")}
                client.post("/documents", files=small).raise_for_status()
                time.sleep(2)
                (process / "clear_refs").write_text("5")
                before = _peak(process)
                with file.open("rb") as stream:
                    sent = {"files": ("large.pdf", stream, "application/pdf")}
                    client.post("/documents", files=sent).raise_for_status()
                extra = _peak(process) - before
    case = f"100 MiB PDF received, extra memory of the server (at most {EXTRA_ALLOWED:.0f})"
    return Figure("ingest", case, max(extra, 0.1), LARGE / 1024**2, "the file read whole", "MiB")


def _token(runtime: Runtime, company: Company) -> str:
    person = company.principal("staff").person_id
    with runtime.database.write() as session:
        _row, secret = runtime.get(SignInService).create_token(
            session, person, "bench", ["read", "write"], None
        )
    return secret


def _server_process(home: Path) -> Path:
    """The ``/proc`` folder of the server that works in this home."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes()
            command = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if f"VERMILION_HOME={home}".encode() in environment and b"serve" in command:
            return folder
    raise LookupError(home)


def _peak(process: Path) -> float:
    """The process's highest resident memory since it was reset, in MiB."""
    for line in (process / "status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    raise LookupError(process)


def measure(*, quick: bool) -> list[Figure]:
    """The figures of this run. ``quick`` takes fewer files."""
    figures: list[Figure] = []
    peaks: list[tuple[str, bytes]] = []
    with tempfile.TemporaryDirectory(prefix="vermilion-bench-") as folder:
        archive = Archive(Path(folder) / "home")
        for one in CARRIERS:
            files = [one.make(seed) for seed in range(one.quick_count if quick else one.count)]
            figures += carrier(archive, one.name, files, one.ending)
            peaks.append((one.name, files[0]))
        close(archive.runtime)
    figures.append(large_upload())
    return figures + ([] if quick else peak_of(peaks))


def main() -> None:
    """``python -m bench.ingest [--quick] [--json]``"""
    run(measure, __doc__)


if __name__ == "__main__":
    main()
