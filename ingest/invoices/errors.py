"""Errors of invoices."""

from __future__ import annotations

from core.errors import VermilionError


class InvoiceFieldUnknown(VermilionError):
    """There is no such field on an invoice. Context: ``field``."""

    code = "invoice-field-unknown"
    status = 422


class InvoiceFieldNotUnderstood(VermilionError):
    """A correction is not of the field's type. Context: ``field``, ``kind``: date, amount…"""

    code = "invoice-field-not-understood"
    status = 422


class InvoiceFixed(VermilionError):
    """The invoice is in a claim and is not corrected any more."""

    code = "invoice-fixed"
    status = 409


class ReasonNeeded(VermilionError):
    """Context: ``field``, ``longest`` in characters."""

    code = "reason-needed"
    status = 422


class OverrideNotNeeded(VermilionError):
    """The invoice's signatures are not broken, or an exception was made already."""

    code = "override-not-needed"
    status = 409


class InquiryIncomplete(VermilionError):
    """The tax platform asks for fields that the invoice does not have. Context: ``fields``, in Chinese."""

    code = "inquiry-incomplete"
    status = 422


class InquiryElsewhere(VermilionError):
    """The paper is no invoice of the tax bureau: a fiscal e-bill is checked at the treasury's platform."""

    code = "inquiry-elsewhere"
    status = 409


class InquiryLimit(VermilionError):
    """The tax platform takes no more inquiries for this invoice today. Context: ``limit``."""

    code = "inquiry-limit"
    status = 409


class GatewayMissing(VermilionError):
    """No gateway is configured; the outcome can be entered by hand."""

    code = "gateway-missing"
    status = 409


class GatewayUnavailable(VermilionError):
    """The gateway did not answer, or answered that it is ill. Try again later. Context: ``reason``."""

    code = "gateway-unavailable"
    status = 503


class GatewayRefused(VermilionError):
    """The gateway answered what the mapping does not know, or refused. Context: ``reason``."""

    code = "gateway-refused"
    status = 502
