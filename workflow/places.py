"""Where seals go in a case's documents: what the flow and the applicant asked for, looked up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ingest.service import IngestService
from ingest.words import Place
from signing.errors import KeywordNotFound
from signing.fields import AtAnchor, AtKeyword, Edge, EveryPage, LooseWish, Placement, Straddle, WantedPlace
from signing.service import SigningService
from signing.source import Pdf
from workflow.flows import Flow, SealPlaces, Step, StraddleAsked


class Places:
    """Looks up words and anchors. Blocks: call it outside transactions."""

    def __init__(self, ingest: IngestService, signing: SigningService) -> None:
        self._ingest = ingest
        self._signing = signing

    def hits(self, digest: str, keyword: str) -> list[Place]:
        """Where a keyword stands in a PDF object, in reading order. Raises FileRefused."""
        return self._ingest.find(digest, keyword)

    def resolve(
        self, digest: str, pdf: Pdf, size_mm: tuple[float, float], wishes: Sequence[LooseWish]
    ) -> list[WantedPlace]:
        """Plain places of a seal of this size. Raises KeywordNotFound, AnchorNotFound, FileRefused."""
        found: list[WantedPlace] = []
        for wish in wishes:
            if isinstance(wish, AtAnchor):
                found.append(self._signing.place_at_anchor(pdf, wish.anchor, size_mm))
            elif isinstance(wish, AtKeyword):
                found += self._at_words(digest, pdf, size_mm, wish)
            else:
                found.append(wish)
        return found

    def _at_words(
        self, digest: str, pdf: Pdf, size_mm: tuple[float, float], wish: AtKeyword
    ) -> list[Placement]:
        hits = self.hits(digest, wish.keyword)
        if wish.hit is not None:
            hits = hits[wish.hit - 1 : wish.hit] if wish.hit >= 1 else []
        if not hits:
            raise KeywordNotFound(field="placements", keyword=wish.keyword)
        areas = [(hit.page, (hit.left, hit.top, hit.right, hit.bottom)) for hit in hits]
        return self._signing.place_at_words(pdf, areas, size_mm, wish.after)


def wishes_of(step: Step, values: dict[str, Any], pages: int) -> list[LooseWish]:
    """What the flow and the form ask for in a document of so many pages."""
    places = step.places
    if places is None:
        return []
    wished: list[LooseWish] = []
    edge = _edge(places, values)
    if edge is not None and pages > 1:  # one page has nothing to straddle
        height = places.straddle_height_mm
        wished.append(Straddle(edge, height, places.straddle_most_pages))
    if places.every_page is not None:
        wished.append(EveryPage(places.every_page.x_mm, places.every_page.y_mm))
    if places.keyword:
        wished.append(AtKeyword(places.keyword))
    if places.anchor:
        wished.append(AtAnchor(places.anchor))
    return wished


def _edge(places: SealPlaces, values: dict[str, Any]) -> Edge | None:
    asked = (
        values.get(places.straddle.field) if isinstance(places.straddle, StraddleAsked) else places.straddle
    )
    return Edge(asked) if asked in set(Edge) else None


def seal_steps(flow: Flow, field_key: str) -> list[Step]:
    """The steps that seal the documents of a form field and say where."""
    return [step for step in flow.all_steps() if step.seals == field_key and step.places is not None]
