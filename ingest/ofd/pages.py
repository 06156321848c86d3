"""Pages drawn: templates, layers, annotations and seals, from the bottom to the top."""

from __future__ import annotations

from typing import Final

from pikepdf import Dictionary, Name, Stream

from ingest.errors import FileRefused
from ingest.ofd.canvas import Book, Canvas
from ingest.ofd.document import OfdDocument, PageRef, area_of
from ingest.ofd.drawing import Painter, Seen
from ingest.ofd.geometry import Matrix, moved, rectangle, times, written
from ingest.ofd.images import Picture
from ingest.ofd.markup import Box, Element, box, children, is_true
from ingest.ofd.package import Package
from ingest.ofd.resources import Resources, named_files
from ingest.ofd.stamps import Drawn, Stamp

POINTS: Final = 72 / 25.4
_LONGEST: Final = 14_000.0
"""Points: a PDF's page is at most 14400 (PDF/A-2, 6.1.13)."""
_LAYERS: Final = {"Background": 0, "Body": 1, "Foreground": 2}
_MOST_TEMPLATES: Final = 32
_MOST_ANNOTATIONS: Final = 5000


class Leaf:
    """One page while it is drawn: the paper, and the canvas for it."""

    def __init__(self, book: Book, paper: Box) -> None:
        scale = min(POINTS, _LONGEST / max(paper[2], paper[3]))
        self.width, self.height = round(paper[2] * scale, 3), round(paper[3] * scale, 3)
        self.matrix: Matrix = (scale, 0.0, 0.0, -scale, -paper[0] * scale, self.height + paper[1] * scale)
        self.canvas = Canvas(book, (0.0, 0.0, self.width, self.height))

    def place(self, around: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
        """A box of the page (left, bottom, right, top in points) as fractions from the top left."""
        left, bottom, right, top = around
        sides = (
            left / self.width,
            1 - top / self.height,
            right / self.width,
            1 - bottom / self.height,
        )
        across = (max(0.0, min(1.0, sides[0])), max(0.0, min(1.0, sides[2])))
        down = (max(0.0, min(1.0, sides[1])), max(0.0, min(1.0, sides[3])))
        return across[0], down[0], across[1], down[1]


class Reader:
    """Draws the pages of one document of a package."""

    def __init__(self, book: Book, package: Package, document: OfdDocument) -> None:
        self._book = book
        self._package = package
        self._document = document
        self._resources = Resources(package, book.shelf)
        if not self._resources.load(document.resource_files):
            document.is_damaged = True
        if document.default_space:
            self._resources.default_space = self._resources.space(document.default_space)
        self._templates: dict[str, tuple[Element, Resources] | None] = {}

    def draw(self, page: PageRef, stamps: list[Stamp]) -> tuple[Leaf, Seen]:
        """A page with all that lies on it. A part that cannot be read is counted as broken."""
        seen = Seen()
        root = self._tree(page.path, seen)
        paper = self._paper(root)
        leaf = Leaf(self._book, paper)
        painter = Painter(self._book, self._package, leaf.matrix, seen)
        if root is not None:
            resources = self._own(root, page.path or "")
            below, above = self._chosen(root)
            self._draw_templates(painter, leaf, below, seen)
            self._draw_layers(painter, leaf, resources, root)
            self._draw_templates(painter, leaf, above, seen)
            self._draw_annotations(painter, leaf, resources, page, seen)
        for stamp in stamps:
            seen.broken += stamp.drawn is None
            draw_stamp(painter, leaf, stamp)
        return leaf, seen

    def _tree(self, path: str | None, seen: Seen) -> Element | None:
        if path is not None:
            try:
                return self._package.tree(path)
            except FileRefused:
                pass
        seen.broken += 1
        return None

    def _paper(self, root: Element | None) -> Box:
        """The page's own area, that of its template, or the document's."""
        own = area_of(root.find("Area")) if root is not None else None
        return own or self._document.area

    def _own(self, root: Element, path: str) -> Resources:
        here = path.rpartition("/")[0]
        files = named_files(self._package, root, "PageRes", here, self._document.folder)
        if not files:
            return self._resources
        resources = Resources(self._package, self._book.shelf, self._resources)
        resources.load(files)
        return resources

    def _chosen(self, root: Element) -> tuple[list[str], list[str]]:
        """The templates below and above the page's own layers."""
        below: list[str] = []
        above: list[str] = []
        for one in list(children(root, "Template"))[:_MOST_TEMPLATES]:
            identifier = (one.get("TemplateID") or "").strip()
            template = self._document.templates.get(identifier)
            if template is None:
                continue
            order = one.get("ZOrder")
            is_above = order.strip() == "Foreground" if order else template.is_foreground
            (above if is_above else below).append(identifier)
        return below, above

    def _draw_templates(self, painter: Painter, leaf: Leaf, identifiers: list[str], seen: Seen) -> None:
        for identifier in identifiers:
            if identifier not in self._templates:
                path = self._document.templates[identifier].path
                root = self._tree(path, seen)
                self._templates[identifier] = (root, self._own(root, path)) if root is not None else None
            found = self._templates[identifier]
            if found is not None:
                self._draw_layers(painter, leaf, found[1], found[0])

    @staticmethod
    def _draw_layers(painter: Painter, leaf: Leaf, resources: Resources, root: Element) -> None:
        content = root.find("Content")
        layers = [one for one in children(content, "Layer") if is_true(one.get("Visible"), otherwise=True)]
        for layer in sorted(layers, key=lambda one: _LAYERS.get((one.get("Type") or "Body").strip(), 1)):
            painter.layer(leaf.canvas, resources, layer, leaf.matrix)

    def _draw_annotations(
        self, painter: Painter, leaf: Leaf, resources: Resources, page: PageRef, seen: Seen
    ) -> None:
        for path in self._document.annotations.get(page.identifier, []):
            root = self._tree(path, seen)
            if root is None:
                continue
            for one in list(root.iter("Annot"))[:_MOST_ANNOTATIONS]:
                appearance = one.find("Appearance")
                if appearance is None or not is_true(one.get("Visible"), otherwise=True):
                    continue
                place = box(appearance.get("Boundary")) or (0.0, 0.0, 0.0, 0.0)
                painter.layer(
                    leaf.canvas, resources, appearance, times(moved(place[0], place[1]), leaf.matrix)
                )


def draw_stamp(painter: Painter, leaf: Leaf, stamp: Stamp) -> None:
    """A seal's picture over its place on the page, cut to its clip."""
    x, y, width, height = stamp.boundary
    drawn = stamp.drawn
    if drawn is None or width <= 0 or height <= 0:
        return
    canvas = leaf.canvas
    canvas.write("q")
    if stamp.clip is not None:
        left, top, across, down = stamp.clip
        canvas.write(written(rectangle((x + left, y + top, across, down)), leaf.matrix), "W n")
    square = times((width, 0.0, 0.0, height, x, y), leaf.matrix)
    if isinstance(drawn, Picture):
        if drawn.is_opaque:
            canvas.blend("/Multiply")  # its white is paper: what it was stamped over stays readable
        painter.picture(canvas, drawn, square)
    else:
        _draw_form(canvas, drawn, square)
    canvas.write("Q")


def _draw_form(canvas: Canvas, drawn: Drawn, square: Matrix) -> None:
    """A form over the unit square of a space that looks down."""
    canvas.concatenate(times((1 / drawn.width, 0.0, 0.0, -1 / drawn.height, 0.0, 1.0), square))
    canvas.write(f"{canvas.use('/XObject', f'/X{drawn.form.objgen[0]}s', drawn.form)} Do")


def finish(book: Book, leaf: Leaf) -> None:
    """Put a drawn page into the PDF."""
    page = book.document.add_blank_page(page_size=(leaf.width, leaf.height))
    page.Resources = leaf.canvas.resources()
    page.Contents = book.document.make_indirect(Stream(book.document, leaf.canvas.content()))
    page.Group = Dictionary(Type=Name.Group, S=Name.Transparency, CS=Name.DeviceRGB)
