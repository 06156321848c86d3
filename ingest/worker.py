"""The process that parses strangers' files: ``python -m ingest.worker``.

It reads one JSON request a line and writes one JSON answer a line. Files come and go by path. It
limits itself before it reads anything: memory, processor time, size of what it writes, no child
processes. Whatever goes wrong ends at most this process.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from ingest import pdf, reading
from ingest.allowance import RECOGNITION
from ingest.confined import forbid_programs
from ingest.errors import FileRefused
from ingest.identification import identify
from ingest.limits import CPU_SECONDS
from ingest.media import IMAGES, MediaType

MEMORY: Final = 2 * 1024**3
"""Address space, in bytes. Libraries alone map about 400 MB."""
OUTPUT: Final = 1024**3


def limit() -> None:
    """Give up what parsing does not need."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 5))  # first SIGXCPU, then SIGKILL
    resource.setrlimit(resource.RLIMIT_FSIZE, (OUTPUT, OUTPUT))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    if not forbid_programs() and os.geteuid() != 0:
        resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))  # it forbids threads too


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Do what one request asks for. Raises FileRefused with plain context."""
    operation, source = request["operation"], Path(request["source"])
    if operation == "check":
        return _check(source, MediaType(request["media_type"]), request["most_pages"])
    if operation == "read":
        return asdict(_read(source, request))
    if operation == "inspect":
        return pdf.inspect(source)
    if operation == "find":
        from ingest import finding, pdf_words

        places = finding.hits(pdf_words.words(source), request["keyword"])
        return {"places": [place.to_json() for place in places]}
    target = Path(request["target"])
    if operation == "picture":
        pdf.picture(source, request["page"], request["width"], target)
        return {}
    if operation == "plain":
        from ingest.scanning import plain

        plain.plain(source, MediaType(request["media_type"]), target)
        return {}
    if operation == "archival":
        return reading.archival(source, target, Path(request["folder"]), request.get("attachments", []))
    if operation == "attach":
        from ingest.attaching import attach

        return attach(source, target, Path(request["folder"]), request["parts"])
    if operation in ("viewer", "flattened"):
        from ingest import renditions

        make = renditions.viewer if operation == "viewer" else renditions.flattened
        make(source, target)
        return {"pages": pdf.inspect(target)["pages"]}
    raise ValueError(operation)


def _check(source: Path, family: MediaType, most_pages: int) -> dict[str, Any]:
    """The quick judgement at the upload: the exact type, and pages as far as they are known."""
    media_type = identify(source, family)
    pages = 0
    if media_type is MediaType.PDF:
        pages = pdf.check(source, most_pages)["pages"]
    elif media_type in IMAGES:
        from ingest import scanning

        pages = scanning.check(source)["pages"]
    return {"media_type": media_type.value, "pages": pages}


def _read(source: Path, request: dict[str, Any]) -> reading.Outcome:
    RECOGNITION.begin(request.get("recognising_seconds"))
    return reading.read(
        source,
        Path(request["folder"]),
        MediaType(request["media_type"]),
        request["trust"],
        datetime.fromisoformat(request["at"]),
        request["most_pages"],
    )


def _without_paths(context: dict[str, object]) -> dict[str, object]:
    """Libraries put the name of the file into their messages; it is ours and says nothing."""
    reason = context.get("reason")
    if isinstance(reason, str) and ": " in reason and reason.startswith("/"):
        return {**context, "reason": reason.split(": ", 1)[1]}
    return context


def main() -> None:
    """Answer requests until the parent closes the pipe."""
    limit()
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints must not get between the answers
    for line in sys.stdin:
        try:
            result: dict[str, Any] = {"ok": answer(json.loads(line))}
        except FileRefused as error:
            result = {"refused": type(error).__name__, "context": _without_paths(error.context)}
        except MemoryError:
            result = {"refused": "ParserFailed", "context": {"reason": "memory"}}
        except Exception as error:  # a library's surprise is the file's fault, not the product's
            result = {
                "refused": "FileBroken",
                "context": {"reason": f"{type(error).__name__}: {error}"[:200]},
            }
        answers.write(json.dumps(result, ensure_ascii=True) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
