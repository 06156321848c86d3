"""Measured comparisons: ours, the named rival, and the ratio, from the same run."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

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
