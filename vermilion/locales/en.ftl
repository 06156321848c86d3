error-set-up-code-wrong = This is not the code that the terminal shows. Check it group by group.
error-master-key-missing = { $home } was in use before, but its master key is missing. Put master.key back, or restore a backup into an empty folder with the recovery key.
error-database-newer = The database was written by a newer Vermilion (revision { $revision }). Install that version or a later one.
error-not-a-demo = { $home } holds a real installation. Start it with 'vermilion serve', or choose another folder for the demo with VERMILION_HOME.
error-file-not-readable = { $file } cannot be read: { $reason }
error-trust-not-readable = { $file } holds no certificate in PEM or DER form.
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
