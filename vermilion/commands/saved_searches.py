"""``saved-search``: a person's saved searches, from the terminal."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from search.index import Order, Query
from search.saved import SavedSearches, find_named, saved_searches
from vermilion.commands.terminal import at_work, out, print_json, texts

app = typer.Typer(help="Searches that people keep.", no_args_is_help=True)
Whose = Annotated[str, typer.Option("--as", help="User name of the person whose searches they are.")]


@app.command("list")
def list_saved(
    user: Whose,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object for each.")] = False,
) -> None:
    """List what a person keeps, and how much each found anew since they last looked."""
    with at_work() as work:
        principal = work.principal(user)
        with work.runtime.database.read() as session:
            rows = saved_searches(session, principal)
    if as_json:
        for row in rows:
            print_json(
                {"id": row.id, "name": row.name, "query": row.query, "is_notified": row.is_notified,
                 "new": row.new_count}
            )  # fmt: skip
        return
    text = texts()
    table = Table(*(text.text(f"saved-search-{column}") for column in ("name", "query", "notices", "new")))
    for row in rows:
        table.add_row(row.name, str(row.query["text"]), "✓" if row.is_notified else "–", str(row.new_count))
    out.print(table, markup=False)


@app.command("save")
def save(
    name: Annotated[str, typer.Argument(help="A name that the person has not used yet.")],
    query: Annotated[str, typer.Argument(help="Keywords, as for 'search'.")],
    user: Whose,
    kind: Annotated[str | None, typer.Option(help="document, case or seal_record")] = None,
    order: Annotated[Order, typer.Option(help="What comes first.")] = "best",
    notify: Annotated[bool, typer.Option("--notify", help="Tell the person when it finds more.")] = False,
) -> None:
    """Keep a search for a person. Prints its id."""
    with at_work() as work:
        row = work.runtime.get(SavedSearches).save(
            work.principal(user), name, Query(text=query, kind=kind, order=order), is_notified=notify
        )
    out.print(str(row.id), highlight=False)


@app.command("delete")
def delete(name: Annotated[str, typer.Argument(help="Its name.")], user: Whose) -> None:
    """Forget one of a person's searches, with its notices."""
    with at_work() as work:
        principal = work.principal(user)
        with work.runtime.database.read() as session:
            saved_id = find_named(session, principal, name).id
        work.runtime.get(SavedSearches).delete(principal, saved_id)
