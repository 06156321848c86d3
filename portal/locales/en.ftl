## Navigation and frame
nav-to-do = To do
nav-apply = Apply
nav-search = Search
nav-archive = Archive
nav-me = Me
nav-register = Seal register
nav-verify = Verify a file
nav-people = People
nav-seals = Seals
nav-backups = Backups
nav-health = Health
nav-main = Main navigation
nav-areas = Areas
nav-breadcrumb = Where you are
nav-skip = Skip to the content
product-name = Vermilion 朱印
product-motto = Document archive with electronic seals
header-search = Search documents, cases, seal records
header-search-hint = Press / to search
header-language = Language
header-theme = Theme
header-help = Help
header-menu = Your menu
language-zh-CN = 中文
language-en = English
theme-light = Light
theme-dark = Dark
theme-system = As the system
sign-out = Sign out
live-count = { $count ->
    [one] { $count } to-do
   *[other] { $count } to-dos
}
demo-notice = Demonstration: people, seals and certificates are made up and have no legal force.

## Errors of pages
page-error-title-404 = Not found
page-error-title-403 = Not allowed
page-error-title-500 = Something went wrong
page-error-title-other = This could not be done
page-error-request = The request was incomplete or malformed. Go back and try again.
page-error-number = Number { $number }, time { $time }
page-error-home = Go to your to-dos
page-error-back = Go back
error-form-out-of-date = This page is out of date. Go back, reload it and send it again; what you typed is still there.
alert-title = Not done
connection-lost = The connection was lost. Nothing is lost; try again when it is back.
page-changed = Something has changed here. The page waits with it until what you are writing is sent or deleted.

## Signing in
sign-in-title = Sign in
sign-in-username = User name
sign-in-password = Password
sign-in-do = Sign in
sign-in-lead = Sign in with your organisation account
sign-in-verify = Verify a file without signing in
sign-in-show-password = Show password
sign-in-forgot = If you forgot your password, ask your administrator for a new one.

## Recurring parts
list-separator = { ", " }
list-more = Show older
digest-copy = Copy digest { $digest }
digest-copied = Copied
kind-invoice = Invoice
kind-contract = Contract
kind-form = Approval sheet
kind-attachment = Attachment
document-pages = { $count ->
    [one] 1 page
   *[other] { $count } pages
}
progress-of = { $done } of { $total }
case-running = Running
case-returned = Returned
case-completed = Completed
case-rejected = Rejected
case-withdrawn = Withdrawn
document-processing = Processing
document-ready = Ready
document-refused = Refused
outcome-approved = Approved
outcome-returned = Returned
outcome-rejected = Rejected
outcome-sealed = Sealed
task-open = Open
task-done = Done
task-cancelled = Cancelled
evidence-pending = Time-stamping
evidence-done = Long-term evidence
evidence-failed = Evidence missing
seal-active = In use
seal-suspended = Suspended
seal-destroyed = Destroyed
verdict-valid = Valid
verdict-invalid = Invalid
verdict-indeterminate = Undecided
verdict-unsigned = Not signed
step-done = Done
step-now = In progress
step-later = To come
step-stopped = Stopped
step-returned = Returned
step-skipped = Not reached
step-waiting = Waiting for { $time }
pin-label = Signing PIN
pin-pad = Number pad
pin-clear = Clear
pin-back = Delete one digit
viewer-label = Document: { $title }
viewer-page = Page { $page } of { $pages }
viewer-page-of = { $title }, page { $page } of { $pages }
viewer-previous = Previous page
viewer-next = Next page
viewer-zoom-in = Zoom in
viewer-zoom-out = Zoom out
viewer-fit = Fit the width
viewer-failed = The viewer could not open this file; the pages are shown as pictures.

## To do
home-title = To do
home-waiting = Waiting for me
notices-title = News for me
notices-seen = Seen
home-nothing-waiting = Nothing is waiting for you
home-nothing-waiting-text = When somebody needs your decision, it appears here.
home-my-applications = My applications
home-no-applications = No running applications
home-no-applications-text = Start one of the applications.
home-all-applications = All applications
home-quick = Quick actions
home-apply = New application
home-upload = Upload documents
home-archive = My documents
home-verify = Verify a file
home-set-pin = You have no signing PIN yet. You need one to approve or to seal.
home-set-pin-do = Set signing PIN
task-kind-approve = Decide
task-kind-seal = Seal
task-kind-revise = Revise and resubmit
task-waiting = Waiting { $time }
task-urgent = Waiting for more than three days
task-by = By { $name }

## Documents and uploads
documents-title = Documents
documents-none = No documents here yet
documents-none-text = Documents you upload and approval sheets appear here.
document-download = Download
document-download-of = Download { $title }
document-processing-title = Being processed
document-processing-text = Pages are being converted and read; this takes a few seconds.
document-no-pages = No pages to show
document-no-pages-text = You can download the original file.
document-facts = Facts
document-kind = Kind
document-state = State
document-owner = Owner
document-added = Added
document-size = Size
document-cases = Cases
document-signature-broken = A signature in this file is broken: the file was changed after it was signed. It is kept as it came, but cannot be claimed unless finance lets it through.
document-active-lead = This PDF cannot be signed as it is: it holds content that acts, is locked or damaged. A copy of the pages as they look can be signed instead; the original stays as it is.
document-flatten = Make a copy to sign
document-warnings = To look at
document-signatures = Signatures in the file
signature-signer-unknown = Signer unknown
signature-type-approval = signature
signature-type-certification = certification
signature-type-timestamp = time-stamp
signature-type-seal = seal
signature-not-intact = Broken
document-members = Files inside
document-members-waiting = { $count } more being read
document-parent = Came in
document-archival = Archival copy
document-versions = Versions
document-version = Version { $number }
version-uploaded = Uploaded
version-rendered = Rendered as PDF
version-typeset = Typeset
version-certified = Certified
version-flattened = Flattened: pages as they look
version-prepared = Prepared for signatures
version-signed = Signed
version-sealed = Sealed
version-timestamped = Time-stamped
filter-kind = Kind
filter-state = State
filter-flow = Flow
filter-all = All
filter-do = Filter
filter-mine = Only mine
upload-title = Upload documents
upload-lead = Upload several files at once; each is handled by itself.
upload-kind = Kind of document
upload-drop = Drop files here
upload-hint = PDF, OFD, XML, pictures, Office files, e-mail (EML) or ZIP; each up to { $size }
upload-choose = Choose files
upload-camera = Take a picture
upload-sent = Sent
upload-sending = Waiting
upload-refused = Refused
upload-cancel = Cancel
upload-duplicate = The same content was uploaded before; make sure it is not claimed twice.
upload-then-apply = Apply with these
upload-then-folder = Claim them in my invoices
upload-progress = { $done } of { $total } done
upload-progress-refused = { $count } refused
upload-reading = Reading
upload-earlier = See the earlier file
upload-twin = The same invoice: 
upload-broken = Broken signature: it cannot be claimed unless finance allows it
upload-more-warnings = { $count } more to look at

## Me
me-profile = Profile
me-department = Department
me-position = Position
me-manager = Manager
me-email = E-mail
me-roles = Roles
me-look = Language and theme
me-pin = Signing PIN
me-pin-set = Set; you can sign
me-pin-lead = The signing PIN is what you approve and seal with. Setting it makes your own signing key and certificate.
me-pin-old = Current PIN
me-pin-new = New PIN
me-pin-repeat = New PIN again
me-pin-rule = At least 6 characters; no birthdays or simple sequences.
me-pin-consequence = Only you know the PIN. Neither the system nor an administrator can recover it.
me-pin-change = Change PIN
me-password = Password
me-password-old = Current password
me-password-new = New password
me-password-repeat = New password again
me-password-rule = At least 10 characters. You sign in again afterwards.
me-password-change = Change password
me-not-the-same = The two entries differ. Enter them again.
me-done-pin = The signing PIN is set.
me-done-password = The password is changed.

## Help
help-lead = The main things, in short
help-upload-title = Uploading
help-upload-text = Upload what the other side sent: PDF, OFD, XML, photos, scans, Office files, e-mails or ZIP, up to a hundred at once. Each file has its own progress and reason. The original is kept; what is no PDF gets one beside it.
help-invoices-title = Invoices
help-invoices-text = My invoices shows what is not claimed, being claimed, claimed and rejected. Open one to see what was read and where, correct it, or check it at the tax platform. An invoice is claimed once. When its signature is broken, ask the seller for the original, or finance for an exception.
help-contracts-title = Contracts
help-contracts-text = Add the copy that the other side signed to the contract's case: its text is compared page by page with what was approved. A PDF with content that acts cannot be signed; make a copy to sign on its page.
help-apply-title = Applying
help-apply-text = Choose a flow under Apply, fill in the form, attach documents and submit. What you type is saved as you go. Home shows where your application stands.
help-approve-title = Deciding
help-approve-text = Open a to-do, read the document, then approve, return or reject. Returning and rejecting need a reason. Your decision is signed with your PIN and cannot be taken back.
help-seal-title = Sealing
help-seal-text = Once a case is approved, the keeper places the seal on the page and applies it with the PIN. Every use enters the seal register.
help-find-title = Finding
help-find-text = Press / on any page to search documents, cases and seal records. You only see what you may.
help-verify-title = Verifying
help-verify-text = Put a PDF or OFD into Verify to see whether its signatures and seals are good and whether anything was changed. The file is not kept.
help-pin-title = The signing PIN
help-pin-text = Set it under Me. Several wrong entries block it for a while. If you forget it, ask your administrator.
help-keys-title = Keyboard
help-keys-text = / searches; Escape closes menus; in the viewer PageUp and PageDown turn pages, + and − zoom; when placing a seal the arrow keys move it by 1 mm, with Shift by 0.2 mm.

## Applying
apply-title = Apply
apply-lead = Choose what you want to apply for
apply-has-draft = A draft is waiting
apply-no-flows = No flows yet
apply-optional = (optional)
apply-choose = Choose
apply-choose-document = Attach { $title }
apply-no-seals = There is no seal to choose; ask your administrator.
apply-draft-note = What you type is saved as you go.
apply-draft-saved = Draft saved ({ $time })
apply-draft-loaded = Your draft was restored.
apply-keep-draft = Save draft
apply-discard = Delete draft
apply-submit = Submit
apply-resubmit = Resubmit
apply-resubmit-lead = This was returned to you. After you resubmit, the approval starts again.
apply-errors = { $count ->
    [one] One entry needs a change; see the marked field.
   *[other] { $count } entries need a change; see the marked fields.
}
apply-upload-refused = { $name }: { $reason }
apply-sent-already = This form was submitted already.
value-yes = Yes
value-no = No

## Cases
cases-title = Cases
cases-none = No cases here
cases-none-text = Cases you started or take part in appear here.
case-serial = Number
case-subject = Subject
case-flow = Flow
case-applicant = Applicant
case-amount = Amount
case-submitted = Submitted
case-form = Application
case-documents = Documents
case-acts = Decisions and comments
case-no-acts = No decisions yet.
case-progress = Progress
case-sheet = Approval sheet
case-sheet-round = Approval sheet (round { $round })
case-just-submitted = Submitted. Its progress is shown below.
case-to-task = Work on it
case-comment = Comment
case-comment-do = Send comment
case-commented = commented
case-withdraw = Withdraw this application
case-withdraw-consequence = Withdrawing ends the case at once; approvals given so far no longer count. You can apply again.
case-withdraw-do = Withdraw
case-applied = applied

## Tasks
task-title = Decide { $serial }
task-decide = Your decision
task-comment = Comment
task-comment-hint = Optional when you approve; give a reason when you return or reject.
task-comment-needed = Give a reason when you return or reject.
task-consequence = Your decision is signed with your certificate and cannot be taken back.
task-approve = Approve
task-return = Return
task-reject = Reject
task-choose = Choose approve, return or reject.
task-after-approved = Approved and signed. Here is the next one.
task-after-returned = Returned and signed. Here is the next one.
task-after-rejected = Rejected and signed. Here is the next one.
task-after-sealed = Sealed and entered in the register. Here is the next one.
home-after-approved = Approved and signed.
home-after-returned = Returned and signed.
home-after-rejected = Rejected and signed.
home-after-sealed = Sealed and entered in the register.

## Sealing
seal-title = Seal { $serial }
seal-how = Drag the seal on the page, or move it with the arrow keys (1 mm, with Shift 0.2 mm), or type its position.
seal-at = Seal on page { $page }, { $x } mm from the left, { $y } mm from the top
seal-pages = Pages
seal-page = Page
seal-x = From the left (mm)
seal-y = From the top (mm)
seal-add = Add another place
seal-remove = Remove this place
seal-apply-title = Apply the seal
seal-sentence = “{ $seal }” will be put on “{ $document }” (case { $serial }).
seal-sentence-pages = Page:
seal-consequence = Sealing signs with the seal's certificate, enters the register and cannot be taken back.
seal-do = Seal
seal-refuse = Do not seal: return or reject

## Searching
search-from = From
search-to = To
search-all = Show everything
search-narrow = Narrow down
search-found = { $count ->
    [0] Nothing found
    [one] 1 result
   *[other] { $count } results
}
search-building = The search index is being built; something may still be missing.
search-nothing = Nothing fits these words
search-nothing-text = Use fewer or other words, or take a filter away. You only find what you may see.
search-empty = Nothing here yet
search-empty-text = Documents, applications and seal records appear here as soon as there are any.
search-pages = Pages of results
search-previous = Previous
search-next = Next
search-page = page { $page }
search-facet-kind = Kind
search-facet-state = State
search-facet-seal = Seal
search-facet-department = Department
search-facet-person = Person

## Register
book-count = { $count ->
    [0] No use of a seal
    [one] 1 use of a seal
   *[other] { $count } uses of seals
}
book-print = Print
book-export = CSV
book-size = Per page
book-none = No seal was used here
book-none-text = Each use of a seal is entered here by itself and stays.
book-person = Person
book-number = Number
book-date = Date
book-seal = Seal
book-subject = Subject
book-document = Document
book-counterparty = Counterparty
book-copies = Copies
book-department = Department
book-applicant = Applicant
book-approvers = Approvers
book-keeper = Keeper
book-case = Case
book-pages = Sealed pages
book-open = Open the document
book-before = Digest before
book-after = Digest after

## Verifying
error-verify-not-public = This page is open inside the organisation only. Sign in, or ask whoever gave you the file.
error-verify-busy = Several files are being checked at the moment. Try again in a minute.
check-case = Approval { $serial }
check-case-lead = This is the approval sheet as the archive holds it. To check the file you have, drop it below.
check-lead = Put a signed PDF or OFD in to see whether it is genuine. The file is not kept.
check-drop = Drop a PDF or OFD here
check-hint = PDF or OFD up to { $size }
check-choose = Choose a file
check-do = Verify
check-busy-now = Checking…
check-ours = These very bytes are in this archive.
check-not-ours = This file is not in this archive, or not in this state.
check-signatures = { $count ->
    [one] 1 signature
   *[other] { $count } signatures
}
check-unknown = Unknown signer
check-type-approval = Signature
check-type-certification = Certification
check-type-seal = Seal
check-type-timestamp = Time-stamp
check-good = Good
check-broken = Broken
check-open = Undecided
check-when = Signed
check-clock-tsa = confirmed by a time-stamp authority
check-clock-signer = by the signer's own clock
check-trust = Identity
check-trusted = confirmed by a certificate that is trusted here
check-not-trusted = not confirmed
check-trust-open = cannot be decided
check-after = Changed afterwards
check-changes-none = nothing
check-changes-allowed = only what may be added, such as further signatures
check-changes-forbidden = something that must not be changed
check-changes-unknown = cannot be decided
check-technical = Technical facts
check-evidence = Long-term evidence
check-field = Field
check-level = Level
check-covers = Covers
check-covers-file = whole file
check-covers-revision = its revision
check-covers-part = a part only
check-covers-unknown = unknown
check-intact = Intact
check-report = Download report

## Setting up
setup-title = Set up Vermilion
setup-lead = This is done once: name the organisation and make its first administrator.
setup-code = One-time code
setup-code-hint = It stands in the terminal in which the server was started.
setup-organisation = Organisation
setup-organisation-hint = The full legal name, as it stands on the seal.
setup-name = Your name
setup-username-hint = Lower-case letters, digits, dots, hyphens
setup-password-hint = At least 10 characters
setup-do = Set up

## Administration
admin-title = Administration
admin-tab-people = People
admin-tab-departments = Departments
admin-tab-certificates = Certificates
admin-certificates-lead = Who signs with what, until when, and whether it still holds.
admin-certificates-none = No certificates
admin-certificates-none-text = None has this role and state.
admin-certificate-role = For
admin-certificate-any = all
admin-certificate-ends = Ends
admin-certificate-begins = Begins
admin-certificate-issuer = Issuer
admin-certificate-key = Key
admin-certificate-owner = Belongs to
admin-certificate-subject = Subject
admin-certificate-serial = Serial number
admin-certificate-chain = Chain
admin-certificate-facts = What it says
admin-certificate-history = What was done
admin-certificate-history-none = Nothing since it was issued.
admin-certificate-no-acts = There is nothing to do with it in this state.
admin-certificate-former = no longer in use
admin-certificate-outside = imported
admin-certificate-revoked-at = Revoked
admin-certificate-held-at = Suspended since
admin-certificate-note = Reason, in words
admin-certificate-renew = Renew
admin-certificate-renew-consequence = A successor signs from now on; this one stays good until its end. People and seals keep their key and PIN.
admin-certificate-suspend = Suspend
admin-certificate-suspend-consequence = It signs nothing until it is resumed. Verifiers see it as suspended meanwhile.
admin-certificate-resume = Resume
admin-certificate-resume-consequence = It signs again and leaves the revocation list.
admin-certificate-revoke = Revoke
admin-certificate-revoke-consequence = For ever. Signatures that a time-stamp proves to be older stay valid. A person then sets a new PIN.
admin-certificate-revoke-sure = I know that nothing undoes this
admin-revocation-reason = Reason, for the revocation list
admin-certificate-issued = Issued
admin-certificate-revoked = Revoked
admin-certificate-suspended = Suspended
admin-certificate-resumed = Resumed
admin-certificate-renewed = Renewed
admin-authority-created = Authority set up
admin-by-itself = the system
admin-chain-download = Download with chain
admin-root-download = Our root
admin-roots = Outside roots
admin-roots-lead = Signatures and time-stamps that lead to these are trusted, besides our own.
admin-roots-none = No outside root
admin-roots-none-text = Only signatures of this installation are trusted.
admin-root-add = Trust a root
admin-root-remove = Trust no longer
admin-root-file = Root certificate (PEM or DER)
admin-root-purpose = Trusted for
admin-root-consequence = Compare its SHA-256 with what the authority publishes, by another way than you got the file.
root-purpose-signatures = signatures
root-purpose-timestamps = time-stamps
root-purpose-both = signatures and time-stamps
certificate-active = Good
certificate-held = Suspended
certificate-revoked = Revoked
certificate-expired = Over
certificate-role-root = Root
certificate-role-issuing = Issuing authority
certificate-role-tsa = Time-stamp authority
certificate-role-service = Approval sheets
certificate-role-ocsp = OCSP responder
certificate-role-person = Person
certificate-role-seal = Seal
revocation-unspecified = Not said
revocation-keyCompromise = Key may be known to others
revocation-cACompromise = Authority's key may be known to others
revocation-affiliationChanged = Name or organisation changed
revocation-superseded = Replaced by another
revocation-cessationOfOperation = No longer needed
revocation-privilegeWithdrawn = May no longer sign
admin-unstamped = Waiting for a time-stamp
admin-unstamped-tries = { $count ->
    [one] one try
   *[other] { $count } tries
}
admin-tab-flows = Flows
admin-tab-backups = Backups
admin-tab-health = Health
admin-required = required
admin-name = Name
admin-save = Save
admin-acts = Actions
admin-entity = Legal entity
admin-everywhere = Everywhere
admin-people-count = { $count ->
    [one] 1 person
   *[other] { $count } people
}
admin-people-find = Name
admin-people-gone = Those who left
admin-people-none = Nobody is called that
admin-people-none-text = Look for a part of the name or the user name.
admin-person-new = Add a person
admin-person-new-lead = The first password is shown once, on the next page. Roles are given there too.
admin-person-add = Add
admin-password-once = First password of { $username }; it is shown this once. Hand it over in person.
admin-password-copy = Copy the password
admin-password-new = Give a new password
admin-pin-set = Set
admin-pin-missing = Not set yet
admin-not-oneself = You cannot lock yourself out. Ask another administrator.
admin-active = Can sign in
admin-inactive = Cannot sign in
admin-deactivate = Stop signing in
admin-reactivate = Let sign in again
admin-role = Role
admin-role-give = Give a role
admin-role-end = End today
admin-role-over = Ended
admin-role-from = from { $day }
admin-role-to = to { $day }
admin-role-position = Approver's position
admin-role-position-hint = With the role approver only, such as general_manager
admin-scope = Applies to
admin-departments-lead = The head approves for the department and sees what belongs to it.
admin-departments-none = No departments yet
admin-department-new = New department
admin-department-below = Below
admin-department-add = Add
admin-members = { $count ->
    [one] 1 person
   *[other] { $count } people
}
admin-head = Head
admin-flows-lead = What people can apply for, and who decides on it.
admin-flow-new = Add a flow
admin-flow-new-lead = A flow is declared in YAML. One of a known key becomes its next version; running cases keep theirs.
admin-flow-yaml = Definition (YAML)
admin-flow-add = Add the flow
admin-flow-change = Make a new version
admin-flow-version = version { $version }
admin-flow-cases = { $count ->
    [one] 1 case
   *[other] { $count } cases
}
admin-backups-lead = Encrypted; to restore one you need the recovery key that the first start showed.
admin-backup-run = Back up now
admin-backup-run-full = Full backup
admin-backup-last = Last backup
admin-backup-never = never
admin-backup-count = Backups
admin-backup-size = Size of all
admin-backup-running = A backup is being made…
admin-backup-failed = The last backup failed: { $reason }
admin-backups-none = No backup yet
admin-backups-none-text = One is made every night. You can also make one now.
admin-backup-finished = Finished
admin-backup-objects = Objects
admin-backup-verified = Verified
admin-backup-verify = Verify
admin-backup-verifying = Reading every byte and comparing every digest
admin-backup-whole = The backup is whole: every byte is authentic, every digest fits.
backup-kind-full = Full
backup-kind-incremental = Incremental
backup-state-running = Running
backup-state-done = Done
backup-state-failed = Failed
admin-health-lead = What needs attention stands first.
admin-evidence = Finished cases without long-term evidence
admin-evidence-none = Every finished case has its long-term evidence.
admin-evidence-missing = Evidence missing
admin-lasting-end = Time-stamps hold until
admin-lasting = { $papers ->
        [one] One paper carries a document time-stamp; { $due } due for a new one.
       *[other] { $papers } papers carry a document time-stamp; { $due } due for a new one.
    }
admin-lasting-stuck = { $count ->
        [one] One could not be renewed: the time-stamp authority's own certificate has to be renewed first.
       *[other] { $count } could not be renewed: the time-stamp authority's own certificate has to be renewed first.
    }
admin-jobs = Background jobs that were given up
admin-jobs-none = No job was given up.
admin-jobs-failed = Jobs given up
admin-jobs-waiting = Jobs waiting
admin-retry = Try again
admin-certificates = Authority's certificates good until
admin-disk = Free disk space
admin-audit = Audit trail
admin-audit-do = Check the audit trail
admin-audit-entries = Audit entries
admin-audit-running = Walking the whole chain…
error-request-too-large = This is more than { $limit } MB at once. Please send the files one by one.
nav-invoices = Invoices
yes = yes
no = no
folder-title = My invoices
folder-lead = Every invoice can be claimed once. Tick some to claim them.
folder-find = Number or seller
folder-everybody = Everybody's
folder-pick = Choose “{ $title }”
folder-broken = Signature broken
folder-none = No invoices here yet
folder-none-text = Upload PDF, OFD, XML or a photo; what it says is read for you.
folder-only = Signatures
folder-only-all = All
folder-only-broken = Broken, no exception yet
folder-only-asked = Exception asked for
folder-asked = { $count ->
    [one] An invoice with a broken signature waits for your decision.
   *[other] { $count } invoices with a broken signature wait for your decision.
}
folder-asked-show = Show
folder-claim = Claim the chosen invoices
folder-not-read = Nothing could be read; open it to fill it in by hand
folder-nothing-found = No invoice matches
folder-nothing-found-text = Try another number or seller.
folder-none-here = No invoices here
folder-chosen = { $count } chosen, { $total } in all
claim-unclaimed = Not claimed
claim-claiming = Being claimed
claim-claimed = Claimed
claim-rejected = Claim rejected
invoice-title = Invoice
invoice-claimed-by-twin = (with another file of the same invoice)
invoice-type = Type
invoice-code = Code
invoice-number = Number
invoice-issue-date = Date
invoice-check-code = Check code
invoice-seller-name = Seller
invoice-seller-tax-id = Seller's tax id
invoice-buyer-name = Buyer
invoice-buyer-tax-id = Buyer's tax id
invoice-net = Net
invoice-tax = Tax
invoice-total = Total
invoice-total-in-capitals = Total in words
invoice-currency = Currency
invoice-remark = Remark
invoice-drawer = Drawn by
invoice-is-red = Reversing invoice
invoice-red-of-code = Code of the original
invoice-red-of-number = Number of the original
invoice-passenger = Passenger
invoice-journey = Journey
invoice-travel-date = Travel date
invoice-source-xml = XML
invoice-source-xbrl = XBRL
invoice-source-qr = QR code
invoice-source-text = text
invoice-source-ocr = recognised
invoice-doubtful = please check
invoice-other = { $source } says “{ $value }”
invoice-corrected = put right by { $person }; read was “{ $before }”
invoice-save = Save { $name }
invoice-lines = { $count ->
    [one] { $count } line
   *[other] { $count } lines
}
invoice-line-name = Item
invoice-line-quantity = Quantity
invoice-line-rate = Rate
invoice-twins = Other files of this invoice
invoice-same-invoice = same invoice
invoice-same-file = same bytes
invoice-twins-hidden = { $count } more belong to others
invoice-overridden = Let through by { $person }: { $reason }
invoice-ask = Ask finance to let it through
invoice-asked = Finance was told and can see it now.
invoice-asked-at = Finance was asked to let it through:
invoice-ask-again = Ask finance again
invoice-override-reason = Why it may be claimed all the same
invoice-override = Let it be claimed
invoice-release-reason = Why the claim is undone
invoice-release = Free this invoice from its claim
inquiry-title = Check at the tax platform
inquiry-left = { $count } of five inquiries left today
inquiry-ask = Check now
inquiry-enter = Enter what the platform said
inquiry-outcome = Outcome
inquiry-screenshot = Screenshot
inquiry-remark = Remark
inquiry-keep = Keep the outcome
inquiry-choose = Choose what the platform said.
inquiry-screenshot-missing = Add a screenshot of the platform’s page.
inquiry-screenshot-kept = The screenshot “{ $name }” is here; it need not be chosen again.
inquiry-consistent = Consistent
inquiry-inconsistent = Not consistent
inquiry-not_found = No such invoice
inquiry-voided = Voided
inquiry-reversed = Reversed
inquiry-failed = No answer
inquiry-pending = Being checked
apply-line-category = Category
apply-line-amount = Amount claimed
apply-line-note = Note
apply-line-total = invoice { $total }
apply-lines-sum = { $count } chosen, { $total } in all
apply-flatten-lead = This PDF cannot be signed as it is: it holds content that acts, is locked or damaged.
apply-flatten = Use a copy that can be signed
upload-members = { $count } files inside
document-standard = PDF/A-{ $standard }
compare-title = Comparison
compare-with = Compare with
compare-do = Compare the texts
compare-same = Both documents say the same.
compare-differs = { $count ->
    [one] { $count } place differs.
   *[other] { $count } places differ.
}
compare-changed = Changed
compare-added = Added
compare-removed = Removed
compare-noise = Differs as recognition does
compare-pages = page { $before }, now page { $after }
compare-page = page { $page }
copies-title = Copies signed by the other side
copies-add = Add the copy that the other side signed
copies-of = Of the contract
copies-file = File
copies-same = Same text
copies-differs = Text differs
copies-waiting = Being compared
copies-lead = Put the copy that the other side signed here: its text is compared page by page with what was approved.
copies-no-file = Choose the file that the other side signed.
copies-compare = See the comparison
document-approved-version = as approved
document-sealed-version = as sealed
document-submitted-version = as submitted
seal-words = Find the place by words
seal-words-find = Find
seal-words-found = { $count ->
    [0] “{ $keyword }” is not in the document.
    [one] “{ $keyword }” is there once.
   *[other] “{ $keyword }” is there { $count } times.
}
seal-words-all = Seal all of them
seal-hit = No. { $number } (page { $page })
seal-sum = { $places } places on { $pages } pages
seal-finished = Show the sealed page
seal-scope = Where
seal-scope-one = This page
seal-scope-every = Every page
seal-slice-at = Straddle seal on page { $page }, slice { $part } of { $parts }
seal-straddle = Straddle seal
seal-straddle-how = The slices on the edges of the pages make one whole seal when they are put together.
seal-straddle-signed = The document is signed already: each place that was not made ready gets a signature of its own ({ $pages } pages), all under one number of the register.
seal-straddle-edge = Edge
seal-straddle-none = None
seal-straddle-right = Right
seal-straddle-left = Left
seal-straddle-y = From the top (mm)
seal-straddle-middle = Half way down
seal-straddle-most = Pages that share a seal, at most
check-sheet = Approval sheet
check-sheet-lead = What the original in this archive is worth now. Drop your own copy below to learn whether it is the same.
check-likeness-newest = This is the original, in its newest state.
check-likeness-earlier = This is the original in an earlier state; it has been signed further since.
check-likeness-differs = This is not the sheet that the code belongs to, or it was altered.
check-history = Added and changed after the first signature
check-change-refused = Not allowed
check-change-allowed = Allowed
check-pictures = Page { $page }, state { $revision } of the file
check-before = Before
check-afterwards = After
check-before-alt = Page { $page } before the change
check-after-alt = Page { $page } after the change
check-reason = Reason
check-register = Register of seals
check-state = As it was signed
check-state-open = Download this state of the file
check-report-pdf = Signed report (PDF)
error-verify-too-often = Too many files were checked from here. Please try again in { $wait_seconds } seconds, or sign in.
check-pictures-allowed = Show what the signatures added
batch-title = Approvals with one PIN
batch-review-title = Approve together
batch-review-count = { $count ->
    [one] One approval
   *[other] { $count } approvals
}
batch-choose = Choose “{ $subject }”
batch-include = Approve “{ $subject }”
batch-open = Read “{ $subject }” in a new tab
batch-review-chosen = Review the chosen ones
batch-review-all = Review all
batch-left-out = { $count } more are left for the next time: one PIN entry reaches no further.
batch-gone = { $count ->
    [one] One of them can no longer be approved by you and is not in the list.
   *[other] { $count } of them can no longer be approved by you and are not in the list.
}
batch-none = Nothing to approve here
batch-none-text = What was chosen has been decided already.
batch-what-is-signed = What you sign
batch-sheet = Approval sheet, { $pages ->
    [one] one page
   *[other] { $pages } pages
}
batch-total = Total
batch-sign = Approve and sign
batch-comment = Comment for all
batch-comment-hint = Optional; it stands in every one of these signatures.
batch-consequence = One PIN entry signs each ticked application with your certificate, one by one. It holds for these sheets only, for at most { $minutes } minutes, and cannot be taken back.
batch-approve = Approve all ticked
batch-begun = Begun { $time }
batch-working = Signing one after the other …
batch-leave = You may leave this page; the work goes on until you sign out.
batch-interrupted = The work was interrupted when the server ended. What is marked as done is signed; repeat the rest with your PIN.
batch-some-failed = { $done } signed, { $failed } not: the reasons stand beside them.
batch-all-done = { $count ->
    [one] The approval is signed.
   *[other] All { $count } approvals are signed.
}
batch-repeat = { $count ->
    [one] Look at the other one again
   *[other] Look at the other { $count } again
}
batch-results = Results
batch-waiting = Waiting
batch-done = Signed
batch-failed = Not signed
me-pin-forgotten = Forgotten the PIN?
key-replacement-title = New signing key
key-replacement-lead = For a forgotten PIN: nobody can open the old key any more, so it is replaced.
key-replacement-mine = My key
key-replacement-others = Consent for others
key-replacement-how = You ask; an administrator or your manager consents; you then have { $hours } hours to stop it. After that you set a new PIN.
key-replacement-consequence = With the new PIN you get a new key and certificate. The old certificate is revoked; what you signed with it stays valid.
key-replacement-ask = Ask for a new key
key-replacement-stop = Stop it, the old key stays
key-replacement-consent = Consent
key-replacement-check = Make sure that { $person } really asked you for this, in person or by telephone.
key-replacement-see = Open
key-replacement-asked-at = Asked
key-replacement-consented-by = Consent
key-replacement-due-at = New PIN from
key-replacement-next-asked = An administrator or your manager has to consent. Please talk to them.
key-replacement-next-waiting = If it was not you who asked, stop it now and change your password.
key-replacement-next-ready = You can set a new PIN now. It makes a new key and certificate and revokes the old one.
replacement-asked = Waiting for consent
replacement-waiting = Time to stop it
replacement-ready = Ready for a new PIN
replacement-done = Replaced
replacement-stopped = Stopped
replacement-lapsed = Lapsed
factor-title = Second factor
factor-lead-off = The organisation does not ask for one at the moment; you can set one up all the same.
factor-lead-seals = The organisation asks for one when a seal is applied.
factor-lead-all = The organisation asks for one at every signature.
factor-mine = My second factors
factor-none = None yet.
factor-none-yet = A second factor is asked for here, and you have none yet.
factor-set-up = Set one up
factor-change = Add or remove
factor-name = Name, such as “work phone”
factor-add-totp = Add one-time codes
factor-add-passkey = Add a passkey
factor-remove = Remove “{ $name }”
factor-kind-totp = One-time codes
factor-kind-passkey = Passkey
factor-code = One-time code (or a recovery code)
factor-use-passkey = Use a passkey instead
factor-passkey-shown = Passkey shown
factor-scan-title = Scan this code
factor-scan-text = Scan it with an authenticator app, or type the letters below into it; then enter the code that it shows.
factor-scan-alt = QR code with the secret for an authenticator app
factor-first-code = Code from the app
factor-confirm = Confirm
factor-recovery-title = Recovery codes
factor-recovery-text = Write these down and keep them safe. Each works once when the second factor is lost. They are not shown again.
factor-recovery-left = { $count ->
    [one] One recovery code left
   *[other] { $count } recovery codes left
}
admin-signing-title = Signing policy
admin-signing-lead = What is asked for besides the PIN.
admin-signing-factor = Second factor
admin-signing-off = Not asked for
admin-signing-seals = When a seal is applied
admin-signing-all = At every signature
admin-signing-consequence = Who has not set one up cannot sign where it is asked for.
admin-signing-save = Save
my-certificate-title = What I sign with
my-certificate-lead = Your key with its certificate, and a certificate of another authority in its place.
my-certificate-present = Now
my-certificate-none = You cannot sign yet.
my-certificate-ours = our own authority
my-certificate-outside = an outside authority
my-certificate-unknown = No current revocation list of “{ $issuer }” is here: whether “{ $subject }” still holds is not known, and your signatures cannot be proved in the long run. The administrator can bring the list.
my-certificate-bring = Use a certificate of another authority
my-certificate-consequence = You sign with it from now on; your PIN opens it. The certificate that you have from us is revoked; what you signed stays valid. The file is not kept.
my-certificate-file = File with key and certificate (PKCS#12: .p12, .pfx)
my-certificate-password = Password of the file
my-certificate-pin = Your signing PIN
my-certificate-do = Sign with it from now on
my-certificate-done = You sign with this certificate from now on.
my-token-place = The key lies in the token
my-token-pin-is = The PIN that you sign with is the token's.
my-token-title = Use a key in the PKCS#11 token “{ $token }”
my-token-consequence = You sign with it from now on, each time with the token's PIN. The PIN is not stored, and the key never leaves the token. The certificate that you have from us is revoked; what you signed stays valid.
my-token-key = Key
my-token-offered = { $label }: { $subject }, by { $issuer }, until { $day }
my-token-bare = { $label } (no certificate in the token)
my-token-only = The only key in the token
my-token-pin = PIN of the token
my-token-present-pin = The PIN that you sign with now
my-token-file = Certificates that are not in the token (PEM, or one in DER)
my-token-pin-change = This changes the PIN of the token “{ $token }”, which opens your key. Neither the system nor an administrator can recover it.
admin-tokens = PKCS#11 tokens to sign with
admin-tokens-lead = A token belongs to one person alone. Assigning it opens nothing: its person takes a key into use with the token's PIN, which nobody else may know.
admin-token-label = Label of the token
admin-token-assign = Assign the token
admin-token-end = Take back
admin-token-end-of = Take back the token “{ $token }”
offline-root = Offline root
offline-root-lead = The root's key can live on a machine without a network. Requests and answers travel as files.
offline-root-standing = How it stands
offline-root-key = The root's key
offline-root-here = on this server
offline-root-away = offline
offline-root-none = no root is installed yet
offline-root-list = Its list is good until
offline-root-open = Request that waits
offline-root-wants-issuing = certificate and list
offline-root-wants-list = list
offline-root-due = The issuing authority should have a successor: make a request.
offline-root-move = The key is moved out at the command line, so that it travels over no network: vermilion ca move-root FOLDER
offline-root-ask = Make a request
offline-root-ask-consequence = Take the file to the offline machine: vermilion ca answer FOLDER root-request.json --to answer.json. Compare the SHA-256 that it shows.
offline-root-issuing-too = Ask for a new issuing authority, due or not
offline-root-anew = Give up the request that waits
offline-root-ask-do = Download the request
offline-root-install = Install the answer
offline-root-install-consequence = It is checked whole before anything is kept. A new issuing authority certifies from then on.
offline-root-file = What the offline machine wrote
offline-root-sha256 = SHA-256 of the root
offline-root-sha256-hint = As the offline machine showed it; 64 characters.
offline-root-install-do = Install
outside-lists = Outside revocation lists
outside-lists-lead = What outside authorities have revoked. Without a current list nobody can prove later that their certificates held.
outside-lists-none = No list
outside-lists-none-text = Bring one, or set VERMILION_REVOCATION_URL.
outside-list-over = over
outside-list-times = { $since } to { $until }
outside-list-brought = brought by an administrator
outside-list-bring = Bring a list
outside-list-consequence = A certificate on it signs nothing from that moment.
outside-list-file = Revocation list (PEM or DER)
outside-list-issuer = Certificate of the authority, where it is not known here
outside-lists-fetched = Lists are fetched every six hours from the places that VERMILION_REVOCATION_URL names.
outside-lists-not-fetched = No list is fetched: VERMILION_REVOCATION_URL names no place.
admin-certificate-imported = Brought in
admin-certificate-revoked_outside = Revoked by its authority
admin-authority-root_moved = Key moved offline
