"""Uploads: each file by itself."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import UploadFile

from api.errors import TooManyFiles
from api.limits import MOST_FILES
from api.principals import Caller
from api.schemas_documents import Refusal, TakenFile, UploadAnswer
from core.errors import VermilionError
from core.i18n import translator
from core.runtime import Runtime
from ingest.models import DocumentKind
from ingest.service import IngestService


class FilesRefused(VermilionError):
    """No file of an upload was taken. Context: ``errors``, a problem for each file, and ``count``."""

    code = "files-refused"
    status = 422


def receive(
    runtime: Runtime, caller: Caller, files: Sequence[UploadFile], kind: DocumentKind
) -> UploadAnswer:
    """Hand each file to ingest. Raises TooManyFiles, and the file's own error when the only one is refused.

    A back-end that is down stops the whole upload: what was taken before it stays taken.
    """
    if len(files) > MOST_FILES:
        raise TooManyFiles(field="files", limit=MOST_FILES)
    results, problems = [], {}
    for number, file in enumerate(files):
        try:
            results.append(_take(runtime, caller, file, kind))
        except VermilionError as error:
            if error.status >= 500 or len(files) == 1:
                raise
            problems[f"files.{number}"] = error
            results.append(_refused(file, error, caller))
    if problems and len(problems) == len(files):
        raise FilesRefused(errors=problems, count=len(problems))
    return UploadAnswer(results=results)


def _take(runtime: Runtime, caller: Caller, file: UploadFile, kind: DocumentKind) -> TakenFile:
    name = file.filename or ""
    received = runtime.get(IngestService).receive(caller.principal, file.file, name, kind)
    return TakenFile(
        file=name,
        document_id=received.document_id,
        digest=received.digest,
        size=received.size,
        state=received.state,
        duplicate_of=received.duplicate_of,
        error=None,
    )


def _refused(file: UploadFile, error: VermilionError, caller: Caller) -> TakenFile:
    message = translator(caller.language).error(error)
    return TakenFile(
        file=file.filename or "",
        document_id=None,
        digest=None,
        size=None,
        state=None,
        duplicate_of=None,
        error=Refusal(code=error.code, message=message),
    )
