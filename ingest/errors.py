"""Why a file is refused, and what else can go wrong with documents."""

from __future__ import annotations

from core.errors import VermilionError


class FileRefused(VermilionError):
    """The base of every reason for which an upload is not taken."""

    code = "file-refused"
    status = 422


class FileEmpty(FileRefused):
    """There are no bytes in it."""

    code = "file-empty"


class FileTooLarge(FileRefused):
    """Context: ``limit``, in mebibytes."""

    code = "file-too-large"
    status = 413


class TypeNotAccepted(FileRefused):
    """Context: ``found``, a code of ``ingest.media``, and ``accepted``."""

    code = "type-not-accepted"
    status = 415


class FileEncrypted(FileRefused):
    """The PDF asks for a password."""

    code = "file-encrypted"


class FileTruncated(FileRefused):
    """The end of the file is missing."""

    code = "file-truncated"


class FileBroken(FileRefused):
    """The file cannot be read as what it claims to be. Context: ``reason``."""

    code = "file-broken"


class ImageTooLarge(FileRefused):
    """Context: ``width``, ``height`` in pixels, ``limit`` in megapixels."""

    code = "image-too-large"


class TooManyPages(FileRefused):
    """Context: ``pages``, ``limit``."""

    code = "too-many-pages"


class NestedTooDeep(FileRefused):
    """A container inside containers. Context: ``limit``."""

    code = "nested-too-deep"


class ContainerTooLarge(FileRefused):
    """A ZIP or mail that unpacks to more than is taken. Context: ``limit``, in mebibytes."""

    code = "container-too-large"


class TooManyMembers(FileRefused):
    """A ZIP or mail with too many files inside. Context: ``members``, ``limit``."""

    code = "too-many-members"


class ContainerEmpty(FileRefused):
    """Nothing in it is a file."""

    code = "container-empty"


class ActiveContentRefused(FileRefused):
    """Policy refuses PDFs with active content. Context: ``first``, a code of ``SIGN_BLOCKERS``."""

    code = "active-content-refused"


class OfficeNotInstalled(FileRefused):
    """There is no LibreOffice to make a PDF of an Office file."""

    code = "office-not-installed"


class FileInfected(FileRefused):
    """The virus scanner knows it. Context: ``signature``."""

    code = "file-infected"


class FileNotScanned(FileRefused):
    """The virus scanner does not take so large a file. Context: ``reason``."""

    code = "file-not-scanned"


class ScannerUnavailable(VermilionError):
    """The virus scanner does not answer; a retry works once it does. Context: ``reason``."""

    code = "scanner-unavailable"
    status = 503


class ParserFailed(FileRefused):
    """Whatever read the file ran out of time or memory, or crashed. Context: ``reason``."""

    code = "parser-failed"


class ActiveContent(VermilionError):
    """The PDF may look different later and is not signed in place. Context: ``first``, ``findings``."""

    code = "active-content"
    status = 422


class VersionConflict(VermilionError):
    """Somebody else made a version first. Context: ``current``."""

    code = "version-conflict"
    status = 409


class NotReady(VermilionError):
    """The document is still being processed, or was refused. Context: ``title``."""

    code = "document-not-ready"
    status = 409


class DocumentInUse(VermilionError):
    """The document belongs to a case and cannot be deleted."""

    code = "document-in-use"
    status = 409


class ProcessingFailed(VermilionError):
    """A document was taken in but could not be read for a reason of ours; it can be read again later."""

    code = "processing-failed"
    status = 500
