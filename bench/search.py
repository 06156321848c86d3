"""Our embedded index beside SQLite's own full-text search (FTS5 with its trigram tokenizer).

Both hold the same invented register of seal uses, normalised the same way, and both answer with the
number of all matches and the newest twenty of what the asker may see. Trigrams cannot find a word of
two characters, the commonest length in Chinese: there the texts themselves have to be read.
"""

from __future__ import annotations

import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

from bench import Figure, run
from search import tokens
from search.index import Lookup, Record, Tag
from search.query import parse
from search.tantivy_index import TantivyIndex

RIVAL: Final = "SQLite FTS5 trigram"
_BATCH: Final = 1_000
_START: Final = datetime(2018, 1, 1, tzinfo=UTC)
_CITIES: Final = (
    "北京", "上海", "广州", "深圳", "杭州", "南京", "苏州", "成都",
    "武汉", "西安", "重庆", "天津", "青岛", "宁波", "厦门", "长沙",
)  # fmt: skip
_NAMES: Final = (
    "华", "中", "天", "金", "瑞", "恒", "盛", "德", "安", "信", "达", "利", "宏", "泰",
    "鑫", "龙", "汇", "通", "联", "远", "博", "嘉", "祥", "锦", "源", "腾", "云", "智",
    "创",
)  # fmt: skip
_TRADES: Final = (
    "科技", "电子", "贸易", "建筑工程", "信息技术", "机械设备",
    "医疗器械", "物流", "供应链管理", "文化传媒", "环保", "软件",
)  # fmt: skip
_PAPERS: Final = (
    "采购合同", "销售合同", "框架协议", "保密协议", "租赁合同",
    "技术服务合同", "授权委托书", "对账单", "验收单",
)  # fmt: skip
_PROJECTS: Final = (
    "智慧园区", "数据中心扩建", "办公楼装修", "年度设备采购",
    "生产线改造", "云平台建设", "轨道交通三号线",
)  # fmt: skip
_SEALS: Final = (
    Tag(UUID(int=1), "公章"),
    Tag(UUID(int=2), "合同专用章"),
    Tag(UUID(int=3), "财务专用章"),
    Tag(UUID(int=4), "发票专用章"),
)
_PEOPLE: Final = 3_000


@dataclass(frozen=True)
class Question:
    """What somebody types, and who they are; None sees everything."""

    text: str
    access: frozenset[str] | None = None
    since: datetime | None = None


def records(many: int, seed: int = 1) -> Iterator[Record]:
    """An invented register, the same for the same seed."""
    chance = random.Random(seed)
    for n in range(many):
        project, paper = chance.choice(_PROJECTS), chance.choice(_PAPERS)
        company = _company(chance)
        number = f"HT-{chance.randrange(2018, 2027)}-{chance.randrange(10**6):06d}"
        people = [f"person:{chance.randrange(_PEOPLE)}" for _ in range(3)]
        yield Record(
            kind="seal_record",
            id=UUID(int=n + 1_000),
            title=f"关于{project}项目{paper}用印申请",
            date=_START + timedelta(seconds=chance.randrange(270_000_000)),
            number=number,
            texts=(
                f"根据{project}项目需要，拟与{company}签订{paper}，"
                f"金额{chance.randrange(1000, 9 * 10**6):,}元，"
                f"一式{chance.randrange(2, 8)}份，请领导审批。",
                company,
            ),
            seal=chance.choice(_SEALS),
            access=(*people, f"department:{chance.randrange(50)}"),
        )


def _company(chance: random.Random) -> str:
    place, trade = chance.choice(_CITIES), chance.choice(_TRADES)
    return f"{place}{chance.choice(_NAMES)}{chance.choice(_NAMES)}{trade}有限公司"


def questions(each: int) -> dict[str, list[Question]]:
    """What is asked, by kind of question."""
    chance = random.Random(7)
    pairs = [name + other for name in _NAMES for other in _NAMES]
    me = frozenset({"person:1", "department:7", "department:8"})
    recent = datetime(2024, 1, 1, tzinfo=UTC)
    return {
        "word of two characters": [Question(chance.choice(pairs)) for _ in range(each)],
        "word of four characters": [
            Question(chance.choice(pairs) + chance.choice(_TRADES)[:2]) for _ in range(each)
        ],
        "two words": [Question(f"{chance.choice(_PROJECTS)} {chance.choice(_PAPERS)}") for _ in range(each)],
        "beginning of a number": [
            Question(f"HT-{chance.randrange(2018, 2027)}-{chance.randrange(1000):03d}") for _ in range(each)
        ],
        "two characters, own records, recent": [
            Question(chance.choice(pairs), me, recent) for _ in range(each)
        ],
        "commonest word": [Question("项目")] * max(3, each // 10),
    }


class Ours:
    """The embedded index."""

    def __init__(self, folder: Path) -> None:
        self._index = TantivyIndex(folder)

    def fill(self, some: Sequence[Record]) -> None:
        for at in range(0, len(some), _BATCH):
            self._index.apply(some[at : at + _BATCH])

    def ask(self, question: Question) -> int:
        """How many are found."""
        lookup = Lookup(
            words=parse(question.text),
            access=question.access,
            since=question.since,
            limit=20,
            facets=False,
        )
        return self._index.search(lookup).total


class Rival:
    """SQLite with FTS5, its tables as one would make them."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._base = sqlite3.connect(folder / "fts.db")
        self._base.executescript(
            """
            pragma journal_mode = wal;
            create virtual table text using fts5(words, tokenize = 'trigram');
            create table record (id integer primary key, date integer);
            create index record_date on record (date);
            create table access (term text, id integer, primary key (term, id)) without rowid;
            """
        )

    def fill(self, some: Sequence[Record]) -> None:
        for at in range(0, len(some), _BATCH):
            with self._base:
                for record in some[at : at + _BATCH]:
                    self._add(record)

    def _add(self, record: Record) -> None:
        words = " ".join(map(tokens.normalise, (record.title, *record.numbers, *record.texts)))
        self._base.execute("insert into text (rowid, words) values (?, ?)", (record.id.int, words))
        self._base.execute("insert into record values (?, ?)", (record.id.int, record.date.timestamp()))
        self._base.executemany(
            "insert or ignore into access values (?, ?)", [(term, record.id.int) for term in record.access]
        )

    def ask(self, question: Question) -> int:
        """How many are found."""
        conditions, values = [], []
        for word in tokens.normalise(question.text).split():
            if len(word) < 3:
                conditions.append("instr(words, ?) > 0")
                values.append(word)
            else:
                conditions.append("text match ?")
                values.append(f'"{word}"')
        if question.since is not None:
            conditions.append("date >= ?")
            values.append(str(question.since.timestamp()))
        if question.access is not None:
            marks = ",".join("?" * len(question.access))
            conditions.append(f"text.rowid in (select id from access where term in ({marks}))")
            values.extend(sorted(question.access))
        found = self._base.execute(
            "select text.rowid, count(*) over () from text join record on record.id = text.rowid"
            f" where {' and '.join(conditions)} order by date desc limit 20",
            values,
        ).fetchall()
        return int(found[0][1]) if found else 0


def measure(*, quick: bool) -> list[Figure]:
    """The figures of this run; ``quick`` takes a tenth of the records."""
    many, each = (20_000, 20) if quick else (200_000, 60)
    with tempfile.TemporaryDirectory(prefix="vermilion-bench-") as folder:
        ours, rival = Ours(Path(folder) / "ours"), Rival(Path(folder) / "rival")
        some = list(records(many))
        figures = [
            Figure(
                "search", f"indexing {many:,} records, {_BATCH:,} to a commit",
                many / _seconds(lambda: ours.fill(some)), many / _seconds(lambda: rival.fill(some)),
                RIVAL, "per second", is_rate=True,
            ),
            Figure(
                "search", "disk", _megabytes(Path(folder) / "ours"), _megabytes(Path(folder) / "rival"),
                RIVAL, "MB",
            ),
        ]  # fmt: skip
        for case, asked in questions(each).items():
            _require_equal(case, ours, rival, asked)
            figures.append(
                Figure("search", case, _median(ours.ask, asked), _median(rival.ask, asked), RIVAL, "ms")
            )
    return figures


def _require_equal(case: str, ours: Ours, rival: Rival, asked: Sequence[Question]) -> None:
    """Both must find the same, or the comparison means nothing."""
    for question in asked[:5]:
        found = ours.ask(question), rival.ask(question)
        if found[0] != found[1]:
            raise RuntimeError(f"{case}: '{question.text}' finds {found[0]} here and {found[1]} in {RIVAL}")


def _seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _median(ask: Callable[[Question], int], asked: Sequence[Question]) -> float:
    """In milliseconds."""
    times = []
    for question in asked:
        begun = time.perf_counter()
        ask(question)
        times.append(time.perf_counter() - begun)
    return statistics.median(times) * 1000


def _megabytes(folder: Path) -> float:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6


def main() -> None:
    """``python -m bench.search [--quick] [--json]``"""
    run(measure, __doc__)


if __name__ == "__main__":
    main()
