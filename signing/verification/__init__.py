"""Verification of signed PDFs; works without a database and without the network."""

from signing.verification.facts import Outcome
from signing.verification.verdict import Verdict, exit_status
from signing.verification.verifier import verify_pdf

__all__ = ["Outcome", "Verdict", "exit_status", "verify_pdf"]
