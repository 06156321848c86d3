"""Every router of the portal, in the order in which addresses are tried."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter

from portal import (
    added_approvers,
    apply,
    batches,
    cases,
    contracts,
    documents,
    home,
    invoice_acts,
    invoices,
    key_replacements,
    me,
    notices,
    outside,
    sealing,
    second_factor,
    sign_in,
    signing_tokens,
    tasks,
    uploads,
)

ROUTERS: Final[tuple[APIRouter, ...]] = (
    sign_in.router,
    home.router,
    notices.router,
    uploads.router,
    documents.router,
    contracts.router,
    invoices.router,
    invoice_acts.router,
    apply.router,
    cases.router,
    tasks.router,
    added_approvers.router,
    batches.router,
    sealing.router,
    me.router,
    outside.router,
    signing_tokens.router,
    key_replacements.router,
    second_factor.router,
    second_factor.admin_router,
    me.open_router,
)
