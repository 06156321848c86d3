"""Errors of workflow."""

from __future__ import annotations

from collections.abc import Mapping

from core.errors import VermilionError
from core.i18n import Translator


class FlowInvalid(VermilionError):
    """A flow's definition does not fit the schema. Context: ``place``, ``reason``."""

    code = "flow-invalid"
    status = 422


class FormInvalid(VermilionError):
    """Fields of a form need attention. ``problems`` has one problem for each field, by its key."""

    code = "form-invalid"
    status = 422

    def __init__(self, problems: Mapping[str, VermilionError]) -> None:
        super().__init__(count=len(problems))
        self.problems = dict(problems)

    def messages(self, text: Translator) -> dict[str, str]:
        """The problem of each field in words."""
        return {key: text.error(problem) for key, problem in self.problems.items()}


class FieldMissing(VermilionError):
    """A required field is empty."""

    code = "field-missing"
    status = 422


class FieldNotUnderstood(VermilionError):
    """A value is not of the field's type. Context: ``kind``."""

    code = "field-not-understood"
    status = 422


class FieldOutOfRange(VermilionError):
    """Context: ``minimum``, ``maximum``."""

    code = "field-out-of-range"
    status = 422


class FieldTooLong(VermilionError):
    """Context: ``longest``, in characters."""

    code = "field-too-long"
    status = 422


class TooManyDocuments(VermilionError):
    """Context: ``most``."""

    code = "too-many-documents"
    status = 422


class DocumentNotUsable(VermilionError):
    """A document is not there, not the applicant's to use, or not a readable PDF. Context: ``title``."""

    code = "document-not-usable"
    status = 422


class DocumentBusy(VermilionError):
    """The document is being signed in another case. Context: ``title``, ``serial``."""

    code = "document-busy"
    status = 409


class SealNotForYou(VermilionError):
    """The applicant keeps or audits the seal, or is not among its users. Context: ``seal``."""

    code = "seal-not-for-you"
    status = 403


class SealNotChosen(VermilionError):
    """The seal is not there or cannot be used."""

    code = "seal-not-chosen"
    status = 422


class NoApprover(VermilionError):
    """Nobody can do a step. Context: ``step`` (its Chinese name), ``step_en``."""

    code = "no-approver"
    status = 409


class TaskFinished(VermilionError):
    """The task was done already, or the case ended."""

    code = "task-finished"
    status = 409


class TaskWaits(VermilionError):
    """The task waits until the approvers who were added before it have decided."""

    code = "task-waits"
    status = 409


class AddingNotAllowed(VermilionError):
    """The flow does not let this step's approvers add others. Context: ``step``, ``step_en``."""

    code = "adding-not-allowed"
    status = 409


class NobodyAdded(VermilionError):
    """Nobody was chosen, or more than can be added at once. Context: ``most``."""

    code = "nobody-added"
    status = 422


class CannotApprove(VermilionError):
    """Somebody cannot be added. Context: ``name``, ``why`` (``unknown``, ``applicant``, ``twice``)."""

    code = "cannot-approve"
    status = 422


class NotYourTask(VermilionError):
    """The task belongs to somebody else."""

    code = "not-your-task"
    status = 403


class CommentNeeded(VermilionError):
    """Returning and rejecting need a reason."""

    code = "comment-needed"
    status = 422


class BatchRuns(VermilionError):
    """The batch is being worked; it can be repeated once it has ended."""

    code = "batch-runs"
    status = 409


class StalePage(VermilionError):
    """What was shown is no longer what would be signed; nothing was signed."""

    code = "stale-page"
    status = 409


class OutcomeNotPossible(VermilionError):
    """This task cannot end that way (a seal task ends by sealing, an approval does not)."""

    code = "outcome-not-possible"
    status = 422


class TransitionNotAllowed(VermilionError):
    """The case is not in a state for this. Context: ``state``."""

    code = "transition-not-allowed"
    status = 409


class TextTooLong(VermilionError):
    """Context: ``longest``, in characters."""

    code = "text-too-long"
    status = 422


class InvoiceTwice(VermilionError):
    """An invoice stands twice in one claim, in whatever carrier. Context: ``number``."""

    code = "invoice-twice"
    status = 422


class InvoiceNotRead(VermilionError):
    """The document is no invoice, as far as it could be read. Context: ``title``."""

    code = "invoice-not-read"
    status = 422


class InvoiceChanged(VermilionError):
    """An invoice was corrected while it was being submitted; look at it again. Context: ``title``."""

    code = "invoice-changed"
    status = 409


class InvoiceBroken(VermilionError):
    """A signature on the invoice is broken, and finance made no exception. Context: ``title``."""

    code = "invoice-broken"
    status = 422


class InvoiceClaimed(VermilionError):
    """The invoice was claimed already. Context: ``number``, ``serial`` (``none`` if not to be seen)."""

    code = "invoice-claimed"
    status = 409


class InvoiceBeingClaimed(VermilionError):
    """The invoice is in another claim. Context: ``number``, ``serial`` (``none`` if not to be seen)."""

    code = "invoice-being-claimed"
    status = 409


class ClaimAmountMissing(VermilionError):
    """The invoice has no total in yuan, so the line must say an amount. Context: ``number``."""

    code = "claim-amount-missing"
    status = 422


class ClaimAmountWrong(VermilionError):
    """A line claims nothing, or more than the invoice. Context: ``number``, ``total`` or ``none``."""

    code = "claim-amount-wrong"
    status = 422


class ClaimSumWrong(VermilionError):
    """The form's amount is not the sum of the lines. Context: ``sum``, ``amount``."""

    code = "claim-sum-wrong"
    status = 422


class ClaimLate(VermilionError):
    """Invoices are older than the rule allows and no reason is given. Context: ``invoices``, ``days``."""

    code = "claim-late"
    status = 422


class NotClaimed(VermilionError):
    """There is no claim on this invoice that could be released."""

    code = "not-claimed"
    status = 409


class NotAContract(VermilionError):
    """The case holds no contract that the copy could be one of."""

    code = "not-a-contract"
    status = 409


class CopyTaken(VermilionError):
    """The document is the contract itself, or the copy of another one. Context: ``title``."""

    code = "copy-taken"
    status = 409
