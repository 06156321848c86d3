"""Our index on an Elasticsearch server of one node with TLS, beside SQLite's own full-text search.

The cases are those of ``bench.search``. The server is started for the run and needs Java and Maven.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from bench import Figure, run, search
from search.index import Key, Record
from search.opening import open_index
from tests import elastic_server


def elastic(stack: ExitStack, _: Path, shown: dict[Key, Record]) -> search.Ours:
    """Our index on a real server, which ends with ``stack``."""
    server = stack.enter_context(elastic_server.elastic_server(elastic_server.FOR_MEASURING))
    index = open_index(server.url("vermilion-bench"), server.access)
    stack.callback(index.close)
    return search.Ours(index, shown, " (Elasticsearch)")


def measure(*, quick: bool) -> Iterator[Figure]:
    """The figures of ``bench.search``; none where there is no server to be had."""
    reason = elastic_server.prepare()
    if reason:
        print(f"not measured: {reason}")
        return
    yield from search.measure(quick=quick, engine=elastic)


def main() -> None:
    """``python -m bench.search_elastic [--quick] [--json]``"""
    run(measure, __doc__)


if __name__ == "__main__":
    main()
