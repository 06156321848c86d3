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
