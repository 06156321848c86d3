"""What a seal record costs on disk and in computing time: the figures that docs/scaling.md reckons with.

``python -m bench.sizes [--records N] [--search URL]`` fills an empty index with invented seal records and
prints a JSON line. They are shaped as ``signing.records`` makes them: two digests, six access terms, ids of
the time of the record. ``--search`` is as ``VERMILION_SEARCH_URL``, by default an embedded index in a folder
that is deleted afterwards; an index that has something in it is refused. Time is this process's own, without
waiting.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

from bench.seal_records import seal_records
from core.batches import batches
from search.elastic_address import Access
from search.index import Index, Lookup, Record, Tag
from search.opening import open_index

_BATCH = 1_000  # as a rebuild writes
_KINDS = "电子用印"
_ENTITY = "云杉测试科技有限公司"


def true_records(many: int) -> Iterator[Record]:
    """Seal records as the register's rows become them, in the order in which they were made."""
    rows = sorted(seal_records(many), key=lambda record: record.date)
    for n, record in enumerate(rows, start=1):
        digests = [hashlib.sha256(f"{n}{which}".encode()).hexdigest() for which in ("after", "before")]
        made = UUID(int=(int(record.date.timestamp() * 1000) << 80) | (7 << 76) | (2 << 62) | (n << 8))
        people = tuple(_tag(person) for person in record.people)
        seal, department = record.seal and _tag(record.seal), record.department and _tag(record.department)
        terms = [f"person:{person.id}" for person in people]
        owners = (("seal", seal), ("department", department), ("entity", _tag(Tag(record.id, _ENTITY))))
        terms += [f"{kind}:{tag.id}" for kind, tag in owners if tag]
        yield replace(
            record,
            id=made,
            title=f"{record.seal.name if record.seal else ''} {record.date.year}-{n:04d} {record.title}",
            number=f"{record.date.year}-{n:04d}",
            other_numbers=(record.number or "", *digests),
            texts=(f"{record.title}.pdf", _KINDS, _ENTITY),
            subkind="electronic",
            seal=seal,
            department=department,
            applicant=people[0],
            people=people,
            amount=None,
            access=tuple(sorted(terms)),
        )


def _tag(tag: Tag) -> Tag:
    """With an id as long and as random as a real one."""
    return Tag(UUID(bytes=hashlib.sha256(tag.name.encode()).digest()[:16]), tag.name)


def measure(index: Index, many: int) -> dict[str, Any]:
    """Fill an empty index; bytes and seconds for each record."""
    if index.count():
        raise SystemExit("the index is not empty")
    index.finish_rebuild(index.begin_rebuild())  # complete: what is rebuilt now is written once
    records = true_records(many)
    name = index.begin_rebuild()
    spent, begun = 0.0, time.monotonic()
    for some in batches(records, _BATCH):
        before = time.process_time()
        index.apply_rebuilt(name, some)
        spent += time.process_time() - before
    index.finish_rebuild(name)
    about = index.describe()
    found = index.search(Lookup(access=None, limit=1))
    return {
        "engine": f"{about['engine']} {about['version']}",
        "records": found.total,
        "bytes_per_record": round(int(about["bytes"]) / found.total),
        "own_microseconds_per_record": round(spent / found.total * 1e6),
        "seconds": round(time.monotonic() - begun, 1),
        "indices": about.get("indices", 1),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--search", help="empty index to fill; an embedded one that is then deleted")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        index = open_index(options.search or f"tantivy:{Path(folder) / 'search'}", Access())
        try:
            print(json.dumps(measure(index, options.records)), flush=True)
        finally:
            index.close()


if __name__ == "__main__":
    main()
