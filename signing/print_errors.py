"""What can be wrong with a photo or scan that a seal's print is taken from."""

from __future__ import annotations

from core.errors import VermilionError


class PrintMissing(VermilionError):
    """There is no red print on light paper in the picture."""

    code = "print-missing"
    status = 422


class SeveralPrints(VermilionError):
    """There is more than one print in the picture."""

    code = "print-several"
    status = 422


class PrintTooCoarse(VermilionError):
    """The print has too few pixels for its size. Context: ``found`` and ``needed`` (dpi), ``pixels``,
    ``wanted`` (pixels across that would do), ``width_mm``, ``height_mm``."""

    code = "print-too-coarse"
    status = 422


class PrintOutOfShape(VermilionError):
    """The print is not as high for its width as its size says. Context: ``ratio`` and ``wanted`` (height
    for a width of 100)."""

    code = "print-out-of-shape"
    status = 422
