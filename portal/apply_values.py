"""What an application's form holds when it is sent: values as typed, files, and copies in their place."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from starlette.datastructures import FormData, UploadFile

from core.errors import VermilionError
from ingest.service import IngestService
from portal.fields import as_id
from portal.uploads import as_kind, receive
from portal.visit import Visit
from workflow.flows import DocumentsField, Flow, InvoicesField


def typed(flow: Flow, form: FormData) -> dict[str, Any]:
    """What the form holds, as it was typed; documents as a list of ids."""
    values: dict[str, Any] = {}
    for one in flow.fields:
        if isinstance(one, DocumentsField):
            values[one.key] = [str(entry) for entry in form.getlist(one.key) if isinstance(entry, str)]
        elif isinstance(one, InvoicesField):
            values[one.key] = _typed_lines(one, form)
        else:
            entry = form.get(one.key)
            values[one.key] = entry if isinstance(entry, str) else ""
    return values


def _typed_lines(one: InvoicesField, form: FormData) -> list[dict[str, str]]:
    """A line for each ticked invoice: what was typed beside it."""
    lines = []
    for entry in form.getlist(one.key):
        if isinstance(entry, str):
            line = {"document": entry}
            for part in ("category", "amount", "note"):
                typed = form.get(f"{one.key}.{entry}.{part}")
                if isinstance(typed, str) and typed.strip():
                    line[part] = typed
            lines.append(line)
    return lines


def take_files(visit: Visit, flow: Flow, form: FormData, values: dict[str, Any]) -> dict[str, str]:
    """Take in files that came with the form itself (browsers without scripts); returns what was refused."""
    refused: dict[str, str] = {}
    for one in flow.fields:
        if not isinstance(one, DocumentsField | InvoicesField):
            continue
        for entry in form.getlist(f"files_{one.key}"):
            if not isinstance(entry, UploadFile) or not entry.filename:
                continue
            sent = receive(visit, entry, as_kind(one.kind))  # type: ignore[arg-type]
            if sent.document is not None:
                made = str(sent.document.id)
                values[one.key].append({"document": made} if isinstance(one, InvoicesField) else made)
            else:
                refused[one.key] = visit.text(
                    "apply-upload-refused", name=sent.name, reason=sent.refusal or ""
                )
    return refused


def flatten(visit: Visit, flow: Flow, values: dict[str, Any], document_id: UUID | None) -> dict[str, str]:
    """Put a copy in which nothing acts in the place of a document; returns what went wrong."""
    for one in flow.fields:
        if document_id is None or not isinstance(one, DocumentsField):
            continue
        if str(document_id) not in values[one.key]:
            continue
        try:
            made = visit.runtime.get(IngestService).flatten(visit.person, document_id)
        except VermilionError as error:
            if error.status >= 500:
                raise
            return {one.key: visit.translator.error(error)}
        values[one.key] = [str(made) if entry == str(document_id) else entry for entry in values[one.key]]
        finish_uploads(visit, flow, values)
    return {}


def finish_uploads(visit: Visit, flow: Flow, values: dict[str, Any]) -> None:
    """Documents that were uploaded a moment ago are processed now, so that nobody has to wait and retry."""
    ingest = visit.runtime.get(IngestService)
    for one in flow.fields:
        if isinstance(one, DocumentsField | InvoicesField):
            for entry in values[one.key]:
                document_id = as_id(entry["document"] if isinstance(entry, dict) else entry)
                if document_id is not None:
                    ingest.process(document_id)
