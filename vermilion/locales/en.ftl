error-set-up-code-wrong = This is not the code that the terminal shows. Check it group by group.
error-master-key-missing = { $home } was in use before, but its master key is missing. Put master.key back, or restore a backup into an empty folder with the recovery key.
error-database-newer = The database was written by a newer Vermilion (revision { $revision }). Install that version or a later one.
error-not-a-demo = { $home } holds a real installation. Start it with 'vermilion serve', or choose another folder for the demo with VERMILION_HOME.
error-file-not-readable = { $file } cannot be read: { $reason }
error-trust-not-readable = { $file } holds no certificate in PEM or DER form.
error-report-needs-set-up = A report is signed by the service of an installation, and this home was never set up. Nothing was made. Without --report the file is checked all the same.
recovery-key-title = Recovery key of this installation (it is shown once, now):
recovery-key-explained =
    Write it down and keep it away from this machine. A backup can be restored only with it,
    and nobody can find it out again.
serving-at = Vermilion answers at { $address } (stop with Ctrl+C)
set-up-needed = Nothing is set up yet. Open { $address }/set-up and enter this code:
demo-title = Demo organisation: { $name }
demo-username = User name
demo-password = Password
demo-pin = Signing PIN
demo-person = Person
demo-roles = Can do
demo-making = Making the demo organisation
demo-hint = Sign in at { $address }. Everything here is invented and marked as a demo.
demo-running-already = A server already uses this folder; nothing was started.
head-of = head of { $department }
audit-whole = The audit trail is whole: every entry fits the one before it.
audit-broken = The audit trail does not fit at entry { $sequence } ({ $reason }).
backup-verified = { $name }: whole, { $objects } objects compared with their digests.
backup-restored = { $name } is restored, { $objects } objects. Start with 'vermilion serve'.
doctor-disk = { $gigabytes } GB free
doctor-no-master-key = none yet; it is made at the first start
doctor-key-mode = master.key can be read by others (mode { $mode }); set it to 600
doctor-key-good = there, readable by its owner only
doctor-not-set-up = not set up yet; start 'vermilion serve' and open the set-up page
doctor-audit = whole, { $entries } entries
doctor-jobs = { $waiting } waiting, { $failed } given up
doctor-backup = last one on { $day }
doctor-no-backup = none yet; run 'vermilion backup run'
doctor-answers = answers
doctor-search = { $engine } answers: { $records } records, { $megabytes } MB
doctor-search-building = the index is being built; nothing was compared
doctor-search-rebuilding = a rebuild goes on beside the index in use, or was interrupted: run 'vermilion reindex' when none goes on
doctor-search-refused = { $count } not taken by the index, found only in the lists: { $named }
export-cut = There was more than fits in a file: only the first { $count } records stand in it. Narrow the search.
saved-search-name = Name
saved-search-query = Search
saved-search-notices = Notices
saved-search-new = New
reindex-refused = { $record } is not taken by the index: { $reason }
doctor-search-same = holds what the database holds
doctor-search-missing = { $count } missing from the index: { $named }; run 'vermilion reindex'
doctor-search-outdated = { $count } outdated in the index: { $named }; run 'vermilion reindex'
doctor-search-left-over = { $count } in the index that are gone from the database: { $named }; run 'vermilion reindex'
master-key-rotating = Wrapping with the new master key
master-key-rotated = The master key is changed: { $count } secrets were wrapped anew.
master-key-backup = Write the new recovery key down and make a full backup now. Keep the old recovery key as long as you keep backups that were made before: only it opens them.
master-key-elsewhere = This master key comes with the environment. Make a new one with “vermilion master-key new”, set it as VERMILION_MASTER_KEY and the present one as VERMILION_MASTER_KEY_PREVIOUS, restart, and call this again.
master-key-drop-previous = Take VERMILION_MASTER_KEY_PREVIOUS away and restart. Make a full backup now; the old key still opens backups made before.
offline-passphrase = Passphrase of the root
offline-request = Request { $number }
    SHA-256 of the file: { $digest }
    Compare it with what the server showed.
offline-asks-issuing = It asks for the certificate of an issuing authority: “{ $name }”
      { $subject }
      key { $key }, list at { $url }
offline-asks-list = It asks for a revocation list. { $count ->
    [0] Nothing was revoked.
    [one] One certificate was revoked:
   *[other] { $count } certificates were revoked:
}
offline-answer-sure = Is that right, and shall the root sign it?
offline-answered = The answer is written; its list is good until { $day }.
    SHA-256 of the root: { $root }
offline-move-sure = The root's key leaves this server for good. From then on new revocation lists of the root come from there only. Go on?
offline-moved = The key is in { $folder } and no longer on this server. Carry the folder away on two media, keep the passphrase apart, then delete the folder here. Backups made before still hold the key under the master key: change that with “vermilion master-key rotate”, and delete those backups when they are no longer needed.
import-password = Password of the file
