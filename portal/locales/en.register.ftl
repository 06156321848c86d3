# The register: kinds, corrections, stamping by hand, loans, proof
book-kind = Kind
book-kind-electronic = Electronic
book-kind-paper = By hand, on paper
book-kind-correction = Correction
book-scan = Scan
book-scan-missing = Scan missing
book-export-xlsx = XLSX
book-loans = Seals out
book-stamp = Enter stamping by hand
book-waiting = Corrections that wait for a second person
book-open-uses = { $count ->
    [one] One stamped page has no photo yet
   *[other] { $count } stamped pages have no photo yet
}
book-corrects = corrects { $number }
book-corrected = was corrected
book-stamped = It stands in the register. Now add a photo or scan of the stamped page.
book-place = page { $page }, { $x } mm from the left, { $y } mm from the top
book-reason = Reason
book-second = Second person
book-corrections = Corrections
book-corrections-none = Nothing was corrected.
book-original = The line as it was entered; it stays.
book-by-two = Asked for and agreed to by
book-asked = { $name } asks for this correction
book-agree = Agree
book-refuse = Refuse
book-agree-consequence = Agreeing enters the correction as a line of its own. It cannot be taken back, only corrected again.
book-waits-for-second = It waits for an auditor or administrator who neither asked for it nor used the seal.
book-correct = Correct this line
book-correct-lead = The line stays as it is. Once a second person agrees, the correction is entered beneath it.
book-correct-do = Ask for the correction
book-scans = The stamped page
book-scan-of = added by { $name }
book-scan-due = Due by { $day }
book-scan-choose = Photo or scan
book-scan-add = Add the scan
book-scan-none-chosen = Choose a photo or a PDF.
book-proof = Proof
book-proof-text = This line stands in the audit trail that tree head { $number } states, signed and time-stamped { $time }.
book-proof-entry = Audit entry
book-proof-leaf = Leaf hash
book-proof-path = Way to the root
book-proof-steps = { $count ->
    [one] one step
   *[other] { $count } steps
}
book-proof-root = Root
book-proof-none = No tree head was made since this line was entered; the next one comes within an hour. Downloading the proof makes one now.
book-proof-get = Download the proof
evidence-get = Evidence bundle
book-stamp-lead = Printouts that you stamped with the physical seal, against an approved case.
book-stamp-none = There is nothing to stamp
book-stamp-none-text = What an approved case lets you stamp is shown here: as the seal's keeper, or while you have borrowed it.
book-stamp-what = What was stamped
book-stamp-most = { $count ->
    [one] one copy at most
   *[other] { $count } copies at most
}
book-stamp-until = until { $time }
book-stamp-consequence = This uses the approval up, enters the register and cannot be taken back. The photo of the stamped page is added afterwards.
book-stamp-do = Enter into the register
book-loans-lead = Physical seals that were lent out. While a seal is out, only its borrower can stamp with it.
book-loan-out = Out
book-loan-back = Back
book-loan-overdue = Overdue
book-loan-line = { $keeper } → { $borrower }, { $from } to { $until }
book-loan-checked = Checked by { $name }, { $time }.
book-loan-note = What looking at it found
book-loan-good = In good order
book-loan-return = It is back
book-loans-none = No seal was lent out
book-loans-none-text = Loans of the seals that you keep, and what you have borrowed, are listed here.
book-lend = Lend a seal
book-borrower = Borrower
book-choose = Choose
book-loan-reason = What for
book-due = Back by
book-lend-consequence = From now on only the borrower can stamp with it, until you have it back.
book-lend-do = Lend
seal-by-hand = It was stamped by hand instead
seal-by-hand-lead = You stamped printouts with the physical seal. The sheet is signed as it is for the electronic seal, and the register says that it was done by hand. The file itself stays as it is.
seal-by-hand-copies = Copies of “{ $document }” ({ $count } at most)
admin-heads = Tree heads
admin-heads-late = Places without the newest head
admin-heads-none = No tree head was made yet; one comes every hour when something happened.
admin-heads-nowhere = Tree heads leave this machine for nowhere. Name places in VERMILION_HEAD_TARGETS that whoever runs this installation cannot rewrite: without them a rewritten history could not be told from the true one.
admin-heads-trouble = { $target } did not take { $count ->
    [one] one tree head
   *[other] { $count } tree heads
} since number { $number }: { $reason }
admin-heads-size = over { $count } entries

book-words = Words
book-words-example = subject, company, number, date:"this month" …
book-search-down = Search is not available just now. This is the list without the words; filters work as always.
book-totals = Totals
book-totals-none = No use of a seal is among these lines.
book-totals-more = { $count ->
    [one] and one more
   *[other] and { $count } more
}
book-uses = { $count ->
    [one] 1 use
   *[other] { $count } uses
}
book-by-month = Uses by month
book-by-seal = Uses by seal
book-by-department = Uses by department
book-fields-all = Show all fields
book-fields-few = Show the main fields
book-changes = Changes and reason
