"""``search``, ``export`` and ``evidence``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from core.ids import new_id
from core.permissions import Principal
from retention.bundle import write_bundle
from retention.errors import EvidenceThere
from retention.export import export as export_cases
from retention.export import find_case
from search.explaining import explain
from search.hit_json import described
from search.index import Hit, Order, Query
from search.saved import SavedSearches, find_named
from search.service import Searcher
from vermilion.commands.exporting import export_to
from vermilion.commands.terminal import Work, at_work, err, out, print_json, progress, texts


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("search")(search)
    app.command("export")(export)
    app.command("evidence")(evidence)


def search(
    query: Annotated[str | None, typer.Argument(help="Keywords.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object for each hit.")] = False,
    kind: Annotated[str | None, typer.Option(help="document, case or seal_record")] = None,
    order: Annotated[Order, typer.Option(help="What comes first.")] = "best",
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 25,
    user: Annotated[str | None, typer.Option("--as", help="See only what this person may see.")] = None,
    saved: Annotated[str | None, typer.Option(help="Name of one of the person's saved searches.")] = None,
    to: Annotated[
        Path | None, typer.Option("--to", help="Write all that is found to this .xlsx or .csv file.")
    ] = None,
) -> None:
    """Find documents, cases and seal records: words, "phrases", -without, a OR b, field:value.

    What of the query made no sense is said on standard error, and so is a query that was put right.
    With --to everything that is found goes into a file, as an export of the person named by --as.
    """
    if (query is None) == (saved is None):
        raise typer.BadParameter("give keywords, or --saved")
    if user is None and (saved is not None or to is not None):
        raise typer.BadParameter("--saved and --to need --as")
    with at_work() as work:
        work.runtime.get(Searcher).require_complete()  # an index that was lost is built before the answer
        work.finish(task="search.index")
        principal = work.principal(user)
        asked = _saved(work, principal, saved) if saved is not None else Query(query or "", kind, order=order)
        if to is not None:
            _export(work, principal, asked, to, as_json=as_json)
            return
        results = work.runtime.get(Searcher).search(principal, replace(asked, limit=limit, facets=False))
    text = texts()
    for mistake in results.mistakes:
        err.print(explain(mistake, text), style="yellow", markup=False, highlight=False, soft_wrap=True)
    if results.corrected is not None:
        said = text.text("search-put-right", typed=asked.text, meant=results.corrected)
        err.print(said, style="yellow", markup=False, highlight=False, soft_wrap=True)
    for hit in results.hits:
        if as_json:
            print_json(described(hit))
        else:
            out.print(_line(hit), highlight=False, soft_wrap=True)


def _line(hit: Hit) -> Text:
    """Kind and title; then the names in which something was found. What was found is bold in a terminal."""
    line = Text(f"{hit.kind}  ")
    for number, part in enumerate((hit.title_segments, *(name.segments for name in hit.marked_names))):
        line.append(" · " if number else "")
        for piece in part:
            line.append(piece.text, "bold" if piece.is_hit else "")
    return line


def _saved(work: Work, principal: Principal, name: str) -> Query:
    with work.runtime.database.read() as session:
        saved_id = find_named(session, principal, name).id
    return work.runtime.get(SavedSearches).look(principal, saved_id)


def _export(work: Work, principal: Principal, query: Query, to: Path, *, as_json: bool) -> None:
    with progress("export") as advance:
        row = export_to(work, principal, query, to, advance)
    if as_json:
        print_json({"file": str(to), "records": row.done, "is_cut": row.is_cut, "size": row.size})
    else:
        out.print(f"{row.done} → {to}", markup=False, highlight=False, soft_wrap=True)
    if row.is_cut:
        err.print(texts().text("export-cut", count=row.done), style="yellow", markup=False, soft_wrap=True)


def export(
    to: Annotated[Path, typer.Option("--to", help="Folder to write to.")],
    cases: Annotated[list[str] | None, typer.Argument(help="Serial numbers of cases.")] = None,
    query: Annotated[str | None, typer.Option("--query", help="Cases that match these keywords.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All cases.")] = False,
    user: Annotated[str | None, typer.Option("--as", help="Only what this person may see.")] = None,
) -> None:
    """Write the PDFs of cases (sheet and documents as last signed and sealed) with cases.jsonl."""
    chosen = [bool(cases), query is not None, everything]
    if sum(chosen) != 1:
        raise typer.BadParameter("give serial numbers, or --query, or --all")
    with at_work() as work, progress("export") as advance:
        count = export_cases(
            work.runtime, work.principal(user), to, serials=cases, query=query, progress=advance
        )
    out.print(f"{count} → {to}", markup=False, highlight=False)


def evidence(
    cases: Annotated[list[str], typer.Argument(help="Serial numbers of cases.")],
    to: Annotated[Path, typer.Option("--to", help="Folder to write to; a ZIP for each case.")],
    user: Annotated[str | None, typer.Option("--as", help="Only what this person may see.")] = None,
) -> None:
    """Write the evidence bundle of cases: what a court's expert checks with openssl, pdfsig and an editor."""
    with at_work() as work, progress("evidence") as advance:
        principal = work.principal(user)
        with work.runtime.database.read() as session:
            ids = {serial: find_case(session, principal, serial) for serial in cases}
        to.mkdir(parents=True, exist_ok=True)
        for done, (serial, case_id) in enumerate(ids.items()):
            advance(done, len(ids), serial)
            unfinished = to / f"{new_id()}.part"
            try:
                name = write_bundle(work.runtime, principal, case_id, unfinished)
                if (to / name).exists():
                    raise EvidenceThere(file=str(to / name))
                unfinished.rename(to / name)
            finally:
                unfinished.unlink(missing_ok=True)
            out.print(f"{to / name}", markup=False, highlight=False, soft_wrap=True)
