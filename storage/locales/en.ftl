error-object-missing = The file is not in the archive's store ({ $digest }). Tell the administrator.
error-object-damaged = The stored file is damaged ({ $digest }). Nothing was changed; the administrator can bring it back from a backup.
error-object-too-large = The file is larger than { $limit } bytes.
error-object-retained = The file is still kept by law or on hold and cannot be deleted.
error-storage-full = There is no room left in the archive's store. Nothing was saved; please try again when the administrator has made room.
error-storage-unavailable = The archive's store does not answer. Nothing was saved; please try again in a moment.
