"""What a keeper asks for on the page of sealing, read from its form and written into it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from starlette.datastructures import ImmutableMultiDict

from signing.fields import MOST_PAGES_A_SEAL, Edge, EveryPage, LooseWish, Placement, Straddle
from signing.seal_fields import Paper

EVERY: Final = "every"


@dataclass(frozen=True)
class Row:
    """A place as the form shows it; texts, so that what was typed stays."""

    page: str
    x: str
    y: str
    scope: str = ""


@dataclass(frozen=True)
class StraddleRow:
    """The straddle seal as the form shows it; ``edge`` is empty where there is none."""

    edge: str = ""
    y: str = ""
    most: str = str(MOST_PAGES_A_SEAL)


@dataclass(frozen=True)
class Filled:
    """The form's part for one document."""

    rows: tuple[Row, ...] = ()
    straddle: StraddleRow = field(default_factory=StraddleRow)

    @property
    def pages_named(self) -> list[str]:
        """The pages of single places, each once."""
        return list(dict.fromkeys(row.page for row in self.rows if row.scope != EVERY))


def typed(form: ImmutableMultiDict[str, Any], document_id: UUID) -> Filled:
    """What was typed for a document."""
    columns = [[str(one) for one in form.getlist(f"{part}-{document_id}")] for part in ("page", "x", "y")]
    scopes = [str(one) for one in form.getlist(f"scope-{document_id}")]
    count = min(len(column) for column in columns)
    columns = [column[:count] for column in columns]
    scopes += [""] * (count - len(scopes))
    rows = tuple(Row(page, x, y, scope) for page, x, y, scope in zip(*columns, scopes[:count], strict=True))
    parts = [str(form.get(f"straddle{part}-{document_id}", "")).strip() for part in ("", "-y", "-most")]
    return Filled(rows, StraddleRow(parts[0], parts[1], parts[2] or str(MOST_PAGES_A_SEAL)))


def wishes(filled: Filled) -> list[LooseWish]:
    """What the form asks for. Raises ValueError for what is no number."""
    wished: list[LooseWish] = []
    for row in filled.rows:
        x, y = float(row.x), float(row.y)
        wished.append(EveryPage(x, y) if row.scope == EVERY else Placement(int(row.page), x, y))
    straddle = filled.straddle
    if straddle.edge in set(Edge):
        height = float(straddle.y) if straddle.y else None
        wished.append(Straddle(Edge(straddle.edge), height, int(straddle.most)))
    return wished


def proposed(paper: Paper, asked: Sequence[LooseWish], size_mm: tuple[float, float], is_bare: bool) -> Filled:
    """What the form begins with: what was asked for and made ready; else one place on the last page.

    ``is_bare`` leaves out the place on the last page.
    """
    straddle = next((one for one in asked if isinstance(one, Straddle)), None)
    rows = [Row("1", f"{one.x_mm:g}", f"{one.y_mm:g}", EVERY) for one in asked if isinstance(one, EveryPage)]
    if not rows:
        rows = [Row(str(page), f"{x:g}", f"{y:g}") for page, x, y in ready_points(paper, size_mm)]
    if not rows and not is_bare:
        width, height = paper.frames[-1].size_mm
        x = min(max(width * 0.7, size_mm[0] / 2), width - size_mm[0] / 2)
        y = min(max(height * 0.75, size_mm[1] / 2), height - size_mm[1] / 2)
        rows = [Row(str(len(paper.frames)), f"{x:.1f}", f"{y:.1f}")]
    return Filled(tuple(rows), _row_of(straddle))


def _row_of(straddle: Straddle | None) -> StraddleRow:
    if straddle is None:
        return StraddleRow()
    height = "" if straddle.y_mm is None else f"{straddle.y_mm:g}"
    return StraddleRow(straddle.edge.value, height, str(straddle.most_pages))


def ready_points(paper: Paper, size_mm: tuple[float, float]) -> list[tuple[int, float, float]]:
    """Page and middle of the places that were made ready for a whole seal."""
    return [
        (one.page, round((one.area[0] + one.area[2]) / 2, 2), round((one.area[1] + one.area[3]) / 2, 2))
        for one in paper.reserved
        if abs(one.area[2] - one.area[0] - size_mm[0]) < 0.1
    ]
