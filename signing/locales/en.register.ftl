# The audit trail, its tree and heads
trail-whole = Whole: { $entries } audit entries, { $records } lines of the register, { $heads } tree heads, { $anchors } heads kept elsewhere.
trail-waiting = waiting to be sent
trail-missing = Audit entry { $entry } is missing.
trail-payload = Audit entry { $entry }: what it tells was changed after it was written.
trail-chain = Audit entry { $entry } does not fit the one before it: it was changed, moved or put in later.
trail-tree = Audit entry { $entry } is not the one that the tree took in: history was rewritten from here on.
trail-end = The trail does not end where it says it does; the next entry would be { $entry }.
trail-head-form = Tree head { $subject }: its text and its record do not say the same.
trail-head-order = Tree head { $subject } does not follow the one before it: a head was taken away, put in or changed.
trail-head-root = Tree head { $subject } states another history: one of the audit entries { $entry } was changed, removed, moved or put in.
trail-head-ahead = Tree head { $subject } states more entries than there are: { $entry } are gone.
trail-head-signature = Tree head { $subject }: its signature does not hold, or is not this installation's.
trail-head-token = Tree head { $subject }: its time-stamp does not hold.
trail-head-unknown = The tree head in { $subject } is not among the heads that are stored here.
trail-register-gap = Register line { $subject }: its number does not follow the one before it.
trail-register-changed = Register line { $subject } was changed after audit entry { $entry } told of it.
trail-register-unknown = Register line { $subject }: no audit entry tells of it.
trail-register-missing = Register line { $subject } is gone; audit entry { $entry } tells of it.
trail-register-twice = Register line { $subject } is told of a second time by audit entry { $entry }.

error-audit-trail-broken = The audit trail does not fit at entry { $sequence }. No tree head is made until that is explained: run "vermilion audit verify".
error-head-not-understood = { $file } is not a tree head of Vermilion.
error-head-not-delivered = { $target } did not take the tree head: { $reason }.

# The register
notice-correction-asked = { $person } asks for a correction of the register, { $number }. Agree to it or refuse it.
notice-correction-confirmed = { $person } agreed to your correction of { $number }.
notice-correction-refused = { $person } refused your correction of { $number }.
notice-scan-overdue = { $number }, “{ $title }”: the photo or scan of the stamped page is overdue. Add it to the register.
notice-seal-lent = { $person } lent you the seal “{ $seal }” until { $due }. Enter each printout that you stamp with it.
notice-loan-overdue = The seal “{ $seal }” should have come back from { $person } by { $due }.

error-correction-waits = A correction of this line waits for a second person already. Have it decided first.
error-correction-decided = This correction was decided already. Load the page again.
error-nothing-corrected = That is what the register says already. Change at least one value.
error-not-correctable = A correction is not corrected itself. Correct the line that it names.
error-second-person-needed = Whoever asked for the correction, or used the seal, cannot agree to it. It takes another auditor or administrator.
error-too-many-copies = The case allows { $most } copies at most, and at least one is stamped.
error-seal-is-out = The seal “{ $seal }” is lent to { $borrower }. Until it is back only they can stamp with it.
error-not-stamped-by-hand = Only a use by hand takes a photo or scan.
error-loan-over = The seal was given back already.
error-return-in-the-past = Give a later day, at most a year from now.
