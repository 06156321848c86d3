"""Our embedded index beside SQLite's own full-text search (FTS5 with its trigram tokenizer).

Both hold the same invented register of seal uses and the same long documents, normalised the same way. The
case ``two words`` is a whole result page: words, access terms, days, all facets, the newest twenty, and
the places of the words in them marked; the rival gets the same by SQL. Trigrams cannot find a word of two
characters, the commonest length in Chinese: there the texts themselves have to be read.

``bench.search_elastic`` is the same on Elasticsearch.
"""

from __future__ import annotations

import gc
import random
import resource
import sqlite3
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Final
from uuid import UUID

from bench import Figure, run
from bench.seal_records import PAPERS, PROJECTS, SYLLABLES, TRADES, documents, seal_records
from core.batches import batches
from search import highlight, tokens
from search.index import Index, Key, Lookup, Record, Tag
from search.language import parse
from search.tantivy_index import TantivyIndex

RIVAL: Final = "SQLite FTS5 trigram"
_BATCH: Final = 1_000  # as a rebuild has it (search.keeping)
_PAGE: Final = 20
_SEARCHERS: Final = 8
_WARMING: Final = 200
_PAGES: Final = 200
_TODAY: Final = date(2026, 11, 27)


@dataclass(frozen=True)
class Question:
    """What somebody types, and who they are; None sees everything."""

    text: str
    access: frozenset[str] | None = None
    since: datetime | None = None


def questions(each: int) -> dict[str, list[Question]]:
    """What is asked, by kind of question."""
    chance = random.Random(7)
    pairs = [name + other for name in SYLLABLES for other in SYLLABLES]
    me = frozenset({"person:1", "department:7", "department:8"})
    recent = datetime(2024, 1, 1, tzinfo=UTC)
    return {
        "word of two characters": [Question(chance.choice(pairs)) for _ in range(each)],
        "word of four characters": [
            Question(chance.choice(pairs) + chance.choice(TRADES)[:2]) for _ in range(each)
        ],
        "beginning of a number": [
            Question(f"HT-{chance.randrange(2018, 2027)}-{chance.randrange(1000):03d}") for _ in range(each)
        ],
        "two characters, own records, recent": [
            Question(chance.choice(pairs), me, recent) for _ in range(each)
        ],
        "commonest word": [Question("项目")] * max(3, each // 10),
    }


def whole_pages(each: int, seed: int = 8) -> list[Question]:
    """Two words, access terms and days: what a head of department asks."""
    chance = random.Random(seed)
    return [
        Question(
            f"{chance.choice(PROJECTS)} {chance.choice(PAPERS)}",
            frozenset(
                {
                    f"person:{chance.randrange(1000)}",
                    *(f"department:{n}" for n in chance.sample(range(50), 3)),
                }
            ),
            datetime(chance.randrange(2018, 2026), 1, 1, tzinfo=UTC),
        )
        for _ in range(each)
    ]


class Ours:
    """Our index on one of its engines. ``case`` tells its figures from the other engine's."""

    def __init__(self, index: Index, shown: dict[Key, Record], case: str = "") -> None:
        self.index = index
        self.case = case
        self._shown = shown
        self._rebuild: str | None = None

    def fill(self, some: Sequence[Record]) -> None:
        """Index records as a rebuild does."""
        if self._rebuild is None:
            self._rebuild = self.index.begin_rebuild()
        self.index.apply_rebuilt(self._rebuild, some)

    def complete(self) -> None:
        """All are there: take them into use."""
        if self._rebuild is not None:
            self.index.finish_rebuild(self._rebuild)

    def change(self, record: Record) -> None:
        """Index one record, as after somebody's act."""
        self.index.apply([record])

    def _lookup(self, question: Question, *, facets: bool) -> Lookup:
        return Lookup(
            clauses=parse(question.text, _TODAY).clauses,
            access=question.access,
            since=question.since,
            limit=_PAGE,
            facets=facets,
        )

    def ask(self, question: Question) -> int:
        """How many are found."""
        return self.index.search(self._lookup(question, facets=False)).total

    def ask_page(self, question: Question) -> int:
        """A page with facets and marks; how many are found."""
        lookup = self._lookup(question, facets=True)
        found = self.index.search(lookup)
        words = lookup.words
        for key in found.keys:
            record = self._shown[key]
            highlight.segments(record.title, words)
            highlight.excerpt(record, words)
        return found.total


class Rival:
    """SQLite with FTS5, its tables as one would make them."""

    def __init__(self, folder: Path, shown: dict[Key, Record]) -> None:
        folder.mkdir()
        self._shown = shown
        self._keys: dict[int, Key] = {}
        self._base = sqlite3.connect(folder / "fts.db")
        self._base.executescript(
            """
            pragma journal_mode = wal;
            pragma synchronous = normal;
            pragma cache_size = -200000;
            create virtual table text using fts5(words, tokenize = 'trigram');
            create table record (id integer primary key, date integer, kind text, seal text, department text,
                counterparty text, state text, year text, month text);
            create index record_date on record (date);
            create table person (id integer, name text, primary key (id, name)) without rowid;
            create table access (term text, id integer, primary key (term, id)) without rowid;
            """
        )

    def change(self, record: Record) -> None:
        """Index one record."""
        self.fill([record])

    def fill(self, some: Sequence[Record]) -> None:
        """Index records, a transaction for all."""
        with self._base:
            for record in some:
                self._add(record)

    def _add(self, record: Record) -> None:
        number = record.id.int
        words = " ".join(map(tokens.normalise, record.passages()))
        self._base.execute("insert into text (rowid, words) values (?, ?)", (number, words))
        self._base.execute(
            "insert into record values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                number, record.date.timestamp(), record.kind, _name(record.seal), _name(record.department),
                record.counterparty, record.state, record.year, record.month,
            ),
        )  # fmt: skip
        self._base.executemany(
            "insert or ignore into person values (?, ?)", [(number, p.name) for p in record.people]
        )
        self._base.executemany(
            "insert or ignore into access values (?, ?)", [(term, number) for term in record.access]
        )
        self._keys[number] = record.key

    def _conditions(self, question: Question) -> tuple[str, list[str]]:
        words = tokens.normalise(question.text).split()
        conditions = ["instr(words, ?) > 0"] * sum(len(word) < 3 for word in words)
        values = [word for word in words if len(word) < 3]
        if phrases := [f'"{word}"' for word in words if len(word) >= 3]:
            conditions.append("text match ?")
            values.append(" AND ".join(phrases))
        if question.since is not None:
            conditions.append("date >= ?")
            values.append(str(question.since.timestamp()))
        if question.access is not None:
            marks = ",".join("?" * len(question.access))
            # The plus keeps SQLite from asking its text index once for each id: 600 times slower.
            conditions.append(f"+text.rowid in (select id from access where term in ({marks}))")
            values.extend(sorted(question.access))
        return " and ".join(conditions), values

    def ask(self, question: Question) -> int:
        """How many are found."""
        where, values = self._conditions(question)
        found = self._base.execute(
            "select text.rowid, count(*) over () from text join record on record.id = text.rowid"
            f" where {where} order by date desc limit {_PAGE}",
            values,
        ).fetchall()
        return int(found[0][1]) if found else 0

    def ask_page(self, question: Question) -> int:
        """A page with facets and marks; how many are found."""
        where, values = self._conditions(question)
        rows = self._base.execute(
            "select record.id, kind, seal, department, counterparty, state, year, month from text"
            f" join record on record.id = text.rowid where {where} order by date desc",
            values,
        ).fetchall()
        for column in range(1, 8):
            Counter(row[column] for row in rows).most_common(50)
        people: Counter[str] = Counter()
        for some in batches((row[0] for row in rows), 500):
            marks = ",".join("?" * len(some))
            people.update(
                name for (name,) in self._base.execute(f"select name from person where id in ({marks})", some)
            )
        words = tuple(clause[0].condition for clause in parse(question.text, _TODAY).clauses)
        for row in rows[:_PAGE]:
            record = self._shown[self._keys[row[0]]]
            highlight.segments(record.title, words)  # type: ignore[arg-type]
            highlight.excerpt(record, words)  # type: ignore[arg-type]
        return len(rows)


def _name(tag: Tag | None) -> str | None:
    return None if tag is None else tag.name


Engine = Callable[[ExitStack, Path, dict[Key, Record]], Ours]
"""Opens our index, in a folder or elsewhere."""


def embedded(_: ExitStack, folder: Path, shown: dict[Key, Record]) -> Ours:
    """The embedded engine."""
    return Ours(TantivyIndex(folder / "ours"), shown)


def measure(*, quick: bool, engine: Engine = embedded) -> Iterator[Figure]:
    """The figures of this run: a million records and 20,000 documents; ``quick`` takes a fiftieth."""
    many, long, each = (20_000, 200, 20) if quick else (1_000_000, 20_000, 60)
    shown: dict[Key, Record] = {}
    with tempfile.TemporaryDirectory(prefix="vermilion-bench-") as folder, ExitStack() as stack:
        ours, rival = engine(stack, Path(folder), shown), Rival(Path(folder) / "rival", shown)
        mine, its = _fill(many, long, ours, rival, shown)
        case = f"indexing {many:,} records and {long:,} documents, {_BATCH:,} at once{ours.case}"
        total = many + long
        yield Figure("search", case, total / mine, total / its, RIVAL, "per second", is_rate=True)
        size = int(ours.index.describe()["bytes"]) / 1e6
        yield Figure("search", f"disk{ours.case}", size, _megabytes(Path(folder) / "rival"), RIVAL, "MB")
        yield from _answers(ours, rival, each)
    _tell_memory()


def _answers(ours: Ours, rival: Rival, each: int) -> Iterator[Figure]:
    """How long questions take."""
    asked = whole_pages(_PAGES)
    _require_equal("two words", ours.ask_page, rival.ask_page, asked)
    for one in (ours, rival):  # neither is measured while it reads its files for the first time
        _times(one.ask_page, whole_pages(_WARMING, seed=9))
    pages = [_steady_times(one.ask_page, asked) for one in (ours, rival)]
    for name, share in (("p50", 0.5), ("p95", 0.95)):
        mine, its = (_share(one, share) for one in pages)
        yield Figure("search", f"{name} two words{ours.case}", mine, its, RIVAL, "ms")
    for case, some in questions(each).items():
        _require_equal(case, ours.ask, rival.ask, some)
        mine, its = (statistics.median(_times(one.ask, some)) for one in (ours, rival))
        yield Figure("search", f"{case}{ours.case}", mine, its, RIVAL, "ms")
    yield _visible(ours, rival, asked)


def _fill(many: int, long: int, ours: Ours, rival: Rival, shown: dict[Key, Record]) -> tuple[float, float]:
    """Seconds that each takes for all records."""
    spent = [0.0, 0.0]
    both: tuple[Ours | Rival, ...] = (ours, rival)
    for records in (seal_records(many), documents(long)):
        for some in batches(records, _BATCH):
            shown.update((record.key, record) for record in some)
            gc.freeze()  # a worker does not hold a million records: looking through them is no part of it
            for place, one in enumerate(both):
                spent[place] += _seconds(partial(one.fill, some))
            if len(shown) % (50 * _BATCH) == 0:
                rates = ", ".join(f"{len(shown) / seconds:,.0f}" for seconds in spent)
                print(f"{len(shown):,} indexed; per second: {rates}", file=sys.stderr, flush=True)
    return spent[0] + _seconds(ours.complete), spent[1]


def _visible(ours: Ours, rival: Rival, asked: Sequence[Question]) -> Figure:
    """One change until it is found, while eight people search; the rival has no readers but ours."""
    ends = threading.Event()

    def search(first: int) -> None:
        place = first
        while not ends.is_set():
            ours.ask_page(asked[place % len(asked)])
            place += 1

    def seen(one: Ours | Rival, number: int) -> float:
        record = replace(next(seal_records(1)), id=_id(number), title=f"急件{number}")
        begun = time.perf_counter()
        one.change(record)
        if one.ask(Question(f"急件{number}")) != 1:
            raise RuntimeError("a change was not found")
        return (time.perf_counter() - begun) * 1000

    threads = [threading.Thread(target=search, args=(place,)) for place in range(_SEARCHERS)]
    for thread in threads:
        thread.start()
    mine = [seen(ours, number) for number in range(10)]
    ends.set()
    for thread in threads:
        thread.join()
    its = [seen(rival, number) for number in range(10)]
    case = f"one change found, while {_SEARCHERS} search{ours.case} (the rival alone)"
    return Figure("search", case, statistics.median(mine), statistics.median(its), RIVAL, "ms")


def _tell_memory() -> None:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    print(f"the most memory that this process held: {peak:,.0f} MB, the records themselves among it")


def _id(number: int) -> UUID:
    return UUID(int=2_000_000_000 + number)


def _require_equal(
    case: str, ours: Callable[[Question], int], rival: Callable[[Question], int], asked: Sequence[Question]
) -> None:
    """Both must find the same, or the comparison means nothing."""
    for question in asked[:5]:
        found = ours(question), rival(question)
        if found[0] != found[1]:
            raise RuntimeError(f"{case}: '{question.text}' finds {found[0]} here and {found[1]} in {RIVAL}")


def _seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _times(ask: Callable[[Question], int], asked: Sequence[Question]) -> list[float]:
    """In milliseconds."""
    times = []
    for question in asked:
        begun = time.perf_counter()
        ask(question)
        times.append((time.perf_counter() - begun) * 1000)
    return times


def _steady_times(ask: Callable[[Question], int], asked: Sequence[Question]) -> list[float]:
    """In milliseconds, of three rounds the middle one: what else the machine does is not the question's."""
    return [statistics.median(times) for times in zip(*(_times(ask, asked) for _ in range(3)), strict=True)]


def _share(times: Sequence[float], share: float) -> float:
    return sorted(times)[min(len(times) - 1, int(share * len(times)))]


def _megabytes(folder: Path) -> float:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6


def main() -> None:
    """``python -m bench.search [--quick] [--json]``"""
    run(measure, __doc__)


if __name__ == "__main__":
    main()
