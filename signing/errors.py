"""Errors of signing and sealing."""

from __future__ import annotations

from core.errors import VermilionError


class AuthorityNotReady(VermilionError):
    """Certificates or the time-stamp authority cannot be used now. Context: ``reason``."""

    code = "authority-not-ready"
    status = 503


class TimestampUnavailable(VermilionError):
    """None of the configured time-stamp authorities gave a good answer. Context: ``reason``."""

    code = "timestamp-unavailable"
    status = 503


class CertificateNotUsable(VermilionError):
    """The certificate was revoked, is suspended or over. Context: ``subject``, ``state``."""

    code = "certificate-not-usable"
    status = 409


class CertificateActRefused(VermilionError):
    """A certificate in this state does not allow the act. Context: ``act``, ``state``."""

    code = "certificate-act-refused"
    status = 409


class CertificateUnfit(VermilionError):
    """A certificate, key or root that was brought cannot be used. Context: ``reason``."""

    code = "certificate-unfit"
    status = 422


class RequestUnfit(VermilionError):
    """A request to the offline root, or its answer, does not fit. Context: ``reason``."""

    code = "request-unfit"
    status = 409


class NotEnrolled(VermilionError):
    """The person has no signing PIN yet."""

    code = "not-enrolled"
    status = 409


class AlreadyEnrolled(VermilionError):
    """The person has a signing PIN; it is changed, not set anew."""

    code = "already-enrolled"
    status = 409


class PinTooWeak(VermilionError):
    """Context: ``minimum``, in characters."""

    code = "pin-too-weak"
    status = 422


class WrongPin(VermilionError):
    """Context: ``left``, the tries before waiting begins."""

    code = "wrong-pin"
    status = 422


class PinBlocked(VermilionError):
    """Too many wrong PINs. Context: ``wait_seconds``."""

    code = "pin-blocked"
    status = 429


class PinLocked(VermilionError):
    """So many wrong PINs that only a new key helps."""

    code = "pin-locked"
    status = 409


class TokenNotAssigned(VermilionError):
    """The PKCS#11 token is not this person's, or no longer. Context: ``token``."""

    code = "token-not-assigned"
    status = 409


class TokenNotFree(VermilionError):
    """The PKCS#11 token cannot be assigned. Context: ``token``, ``reason`` (server, seal, person)."""

    code = "token-not-free"
    status = 409


class ReplacementNotOpen(VermilionError):
    """There is no replacement of a key for which this could be done now."""

    code = "replacement-not-open"
    status = 409


class ReplacementNeedsOther(VermilionError):
    """Consent comes from a second person. Context: ``reason`` (oneself, password)."""

    code = "replacement-needs-other"
    status = 403


class SecondFactorNeeded(VermilionError):
    """The organisation asks for a second factor here, and none was shown for this."""

    code = "second-factor-needed"
    status = 403


class SecondFactorWrong(VermilionError):
    """The code or the passkey's answer is not right, or was used already."""

    code = "second-factor-wrong"
    status = 422


class SecondFactorMissing(VermilionError):
    """The person has set up no second factor."""

    code = "second-factor-missing"
    status = 409


class SigningSessionOver(VermilionError):
    """What the PIN was entered for is over, or does not reach this. Context: ``reason``."""

    code = "signing-session-over"
    status = 409


class SigningRefused(VermilionError):
    """The PDF cannot be signed as it is. Context: ``reason``."""

    code = "signing-refused"
    status = 422


class PlacementOffPage(VermilionError):
    """The seal would not be wholly on the page. Context: ``page``, ``width_mm``, ``height_mm``."""

    code = "placement-off-page"
    status = 422


class PlacementOverlaps(VermilionError):
    """The seal would cover another signature or seal. Context: ``page``."""

    code = "placement-overlaps"
    status = 422


class PlacementMissing(VermilionError):
    """No place for the seal was given, or more than allowed. Context: ``most``."""

    code = "placement-missing"
    status = 422


class PlacementNearReady(VermilionError):
    """A place that was made ready for the seal is there and would be half covered. Context: ``page``."""

    code = "placement-near-ready"
    status = 422


class StraddleNeedsPages(VermilionError):
    """A straddle seal needs two pages or more. Context: ``pages``."""

    code = "straddle-needs-pages"
    status = 422


class KeywordNotFound(VermilionError):
    """The words are not in the document, or the hit is not. Context: ``keyword``."""

    code = "keyword-not-found"
    status = 422


class AnchorNotFound(VermilionError):
    """The document has no such anchor. Context: ``anchor``."""

    code = "anchor-not-found"
    status = 422


class SealPeopleOverlap(VermilionError):
    """Keeper, users and auditor of a seal must be different people. Context: ``powers``."""

    code = "seal-people-overlap"
    status = 422


class KeeperNotAuditor(VermilionError):
    """Who keeps a seal does not audit. Context: ``seal``, ``none`` where it is the role alone."""

    code = "keeper-not-auditor"
    status = 409


class AuditorNotKeeper(VermilionError):
    """Who audits does not keep seals."""

    code = "auditor-not-keeper"
    status = 409


class SealChangeNotPossible(VermilionError):
    """The seal's state does not allow this change. Context: ``kind``, ``state``."""

    code = "seal-change-not-possible"
    status = 409


class SealChangeOpen(VermilionError):
    """Another change of the seal waits for somebody's consent. Context: ``kind``."""

    code = "seal-change-open"
    status = 409


class SealChangeSamePerson(VermilionError):
    """Nobody agrees to what they asked for themselves."""

    code = "seal-change-same-person"
    status = 403


class SealChangeDone(VermilionError):
    """The change was decided already. Context: ``outcome``."""

    code = "seal-change-done"
    status = 409


class SealNotAuthorised(VermilionError):
    """There is no seal authorisation for this."""

    code = "seal-not-authorised"
    status = 403


class SealAuthorisationUsed(VermilionError):
    """The authorisation was used already; a seal is applied once."""

    code = "seal-authorisation-used"
    status = 409


class SealAuthorisationExpired(VermilionError):
    """The authorisation's time is over, or it was taken back. Context: ``expired_at``."""

    code = "seal-authorisation-expired"
    status = 409


class SealDigestDiffers(VermilionError):
    """The document is not the one that was authorised to be sealed."""

    code = "seal-digest-differs"
    status = 409


class NotTheKeeper(VermilionError):
    """Only the seal's keeper may apply it. Context: ``seal``."""

    code = "not-the-keeper"
    status = 403


class SealNotUsable(VermilionError):
    """The seal is suspended or destroyed. Context: ``seal``, ``state``."""

    code = "seal-not-usable"
    status = 409


class GlyphMissing(VermilionError):
    """The font has no such character. Context: ``character``."""

    code = "glyph-missing"
    status = 422
