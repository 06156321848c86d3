"""Errors of retention: backups, restore, export."""

from __future__ import annotations

from core.errors import VermilionError


class BackupMissing(VermilionError):
    """There is no such complete backup. Context: ``name``."""

    code = "backup-missing"
    status = 404


class BackupChainBroken(BackupMissing):
    """An incremental backup builds on one that is gone. Context: ``name`` of that one, ``needed_by``."""

    code = "backup-chain-broken"
    status = 409


class BackupDamaged(VermilionError):
    """A backup cannot be read whole and authentic. Context: ``name``, ``member``."""

    code = "backup-damaged"
    status = 500


class BackupKeyDiffers(VermilionError):
    """The backup was made with another master key. Context: ``name``."""

    code = "backup-key-differs"
    status = 422


class BackupOfOtherVersion(VermilionError):
    """The backup's tables are of another version. Context: ``name``, ``revision``."""

    code = "backup-of-other-version"
    status = 409


class BackupRunning(VermilionError):
    """Another process makes a backup from this home right now."""

    code = "backup-running"
    status = 409


class BackupFailed(VermilionError):
    """A backup that ran elsewhere ended without one. Context: ``reason``."""

    code = "backup-failed"
    status = 500


class BackupStoreUnavailable(VermilionError):
    """The backup store does not answer or is full. Context: ``reason``."""

    code = "backup-store-unavailable"
    status = 503


class HomeNotEmpty(VermilionError):
    """A restore needs an empty home and an empty database. Context: ``what``."""

    code = "home-not-empty"
    status = 409


class ExportFolderNotEmpty(VermilionError):
    """An export does not overwrite anything. Context: ``folder``."""

    code = "export-folder-not-empty"
    status = 409


class EvidenceThere(VermilionError):
    """A bundle of this case is there already. Context: ``file``."""

    code = "evidence-there"
    status = 409
