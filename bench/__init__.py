"""Measured comparisons: ours, the named rival, and the ratio, from the same run."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Figure:
    """One comparison. ``is_rate`` says that more is better; else ours and the rival's are times."""

    bench: str
    case: str
    ours: float
    rival: float
    rival_name: str
    unit: str
    is_rate: bool = False

    @property
    def ratio(self) -> float:
        """Above 1 means that we are ahead."""
        return self.ours / self.rival if self.is_rate else self.rival / self.ours

    def to_line(self) -> str:
        """One JSON line."""
        facts = {
            "bench": self.bench,
            "case": self.case,
            "ours": round(self.ours, 3),
            "rival": round(self.rival, 3),
            "rival_name": self.rival_name,
            "ratio": round(self.ratio, 3),
            "unit": self.unit,
        }
        return json.dumps(facts, ensure_ascii=False)


class Measure(Protocol):
    """What a benchmark measures; ``quick`` ends within a minute."""

    def __call__(self, *, quick: bool) -> Iterable[Figure]: ...


def run(measure: Measure, about: str | None) -> None:
    """``python -m bench.NAME [--quick] [--json]``: measure and print."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--quick", action="store_true", help="end within a minute")
    parser.add_argument("--json", action="store_true", help="one JSON line for each figure")
    options = parser.parse_args()
    report(measure(quick=options.quick), as_json=options.json)


def report(figures: Iterable[Figure], *, as_json: bool) -> None:
    """Print the figures: a table for people, or one JSON line for each."""
    if as_json:
        for figure in figures:
            print(figure.to_line(), flush=True)
        return
    table = Table("bench", "case", "ours", "rival", "ratio", "unit")
    for column in table.columns[2:5]:
        column.justify = "right"
    for figure in figures:
        table.add_row(
            figure.bench,
            figure.case,
            f"{figure.ours:,.1f}",
            f"{figure.rival:,.1f} ({figure.rival_name})",
            f"{figure.ratio:.2f}",
            figure.unit,
        )
    Console().print(table)
