"""A judged set: 200 questions, each after one record among 5,000 that somebody half remembers."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable
from uuid import UUID

from bench.seal_records import PEOPLE, SYLLABLES, Facts, told
from core.runtime import Runtime
from search.index import Index, Query, Record
from search.service import Searcher
from search.sounds import spelled
from tests.builders import Company

_RECORDS = 5_000
_EACH = 40
_LOOKALIKES = {"合": "台", "购": "沟", "采": "彩", "金": "全", "天": "夭", "信": "言", "云": "去", "智": "知"}


def _part_of_a_name(facts: Facts, chance: random.Random) -> str:
    """The middle of the company's name and a word of the subject."""
    return f"{facts.name}{facts.trade[:2]} {facts.city} {chance.choice((facts.paper[:2], facts.project[:3]))}"


def _abbreviation(facts: Facts, _: random.Random) -> str:
    """The company as people call it, 上华科 for 上海华天科技, and what was signed."""
    return f"{facts.city[0]}{facts.name}{facts.trade[0]} {facts.paper} {facts.applicant.name}"


def _part_of_a_number(facts: Facts, chance: random.Random) -> str:
    """The last digits, or the beginning and what it was for."""
    if chance.random() < 0.5:
        return facts.number[-6:]
    return f"{facts.number[:-2].replace('-', '')} {facts.name}"


def _misspelt(facts: Facts, chance: random.Random) -> str:
    """One character wrong: one that looks like it, or any other."""
    typed = list(f"{facts.name}{facts.trade[:2]}")
    at = chance.randrange(len(typed))
    typed[at] = _LOOKALIKES.get(typed[at]) or chance.choice([s for s in SYLLABLES if s != typed[at]])
    return f"{''.join(typed)} {facts.city} {facts.paper}"


def _pinyin(facts: Facts, chance: random.Random) -> str:
    """Initials of the company or of the applicant, and a word of the subject."""
    company, person = (spelled(text) or "" for text in (facts.name + facts.trade, facts.applicant.name))
    initials = "".join((spelled(letter) or "")[:1] for letter in facts.city + facts.name + facts.trade)
    if chance.random() < 0.5:
        return f"{initials} {facts.paper}"
    return f"{person} {company}"


ASKING: dict[str, Callable[[Facts, random.Random], str]] = {
    "part of a name": _part_of_a_name,
    "abbreviation": _abbreviation,
    "part of a number": _part_of_a_number,
    "misspelt": _misspelt,
    "pinyin": _pinyin,
}


def test_the_wanted_record_is_among_the_first_three(company: Company, runtime: Runtime, index: Index) -> None:
    archive = dict(enumerate(told(_RECORDS, seed=11)))
    records: dict[UUID, Record] = {record.id: record for record, _ in archive.values()}
    searcher = Searcher(runtime.database, index, runtime.clock, runtime.settings.zone)
    searcher.register("seal_record", lambda _, ids: [records[each] for each in ids], lambda _: iter(records))
    searcher.reindex()
    chance, missed = random.Random(3), defaultdict(list)
    for kind, ask in ASKING.items():
        for place in chance.sample(range(_RECORDS), _EACH):
            wanted, facts = archive[place]
            typed = ask(facts, chance)
            hits = searcher.search(company.principal("admin"), Query(text=typed, limit=3, facets=False)).hits
            if wanted.id not in {hit.id for hit in hits}:
                missed[kind].append((typed, wanted.counterparty, wanted.title, [hit.title for hit in hits]))
    assert len(PEOPLE) > 1_000
    assert sum(map(len, missed.values())) <= 0.05 * _EACH * len(ASKING), dict(missed)
