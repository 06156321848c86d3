"""Errors of the register: corrections, stamping by hand, loans."""

from __future__ import annotations

from core.errors import VermilionError


class CorrectionWaits(VermilionError):
    """Another correction of this line waits for its second person."""

    code = "correction-waits"
    status = 409


class CorrectionDecided(VermilionError):
    """The correction was confirmed or refused already."""

    code = "correction-decided"
    status = 409


class NothingCorrected(VermilionError):
    """What was typed is what the register says. Context: ``field``."""

    code = "nothing-corrected"
    status = 422


class NotCorrectable(VermilionError):
    """A correction is not corrected itself: the line that it corrects is."""

    code = "not-correctable"
    status = 409


class SecondPersonNeeded(VermilionError):
    """Whoever asked, or used the seal, cannot agree to it as well."""

    code = "second-person-needed"
    status = 403


class TooManyCopies(VermilionError):
    """More copies than the case allows. Context: ``field``, ``most``."""

    code = "too-many-copies"
    status = 422


class SealIsOut(VermilionError):
    """The physical seal is lent out, and only its borrower has it. Context: ``seal``, ``borrower``."""

    code = "seal-is-out"
    status = 409


class NotStampedByHand(VermilionError):
    """Only a line of a use by hand takes a scan."""

    code = "not-stamped-by-hand"
    status = 409


class LoanOver(VermilionError):
    """The seal was given back already."""

    code = "loan-over"
    status = 409


class ReturnInThePast(VermilionError):
    """A seal is lent until a later moment, at most a year on. Context: ``field``."""

    code = "return-in-the-past"
    status = 422
