# Mistakes of a query, kinds and states, saved searches, exports
## What of a query was not understood
search-mistake-between = {", "}
search-mistake-too-long = A search may have { $text } characters; what follows was left out.
search-mistake-too-many = A search may have { $text } words; the others were left out.
search-mistake-field-unknown = There is no field “{ $text }”, so it was looked for as words. The fields are { $known }.
search-mistake-value-missing = Nothing follows “{ $text }:”, so it was left out.
search-mistake-amount-unclear = “{ $text }” is no amount. Write amount:>10000 or amount:5000..8000.
search-mistake-date-unclear = “{ $text }” is no date. Write date:2026-03, date:2026-01..2026-03, date:"this month" or date:"last 30 days".
search-mistake-kind-unknown = There is no kind “{ $text }”. There are, for example, { $known }.
search-mistake-state-unknown = There is no state “{ $text }”. There are, for example, { $known }.
search-mistake-either-alone = “{ $text }” needs a word before it and one after it.
search-put-right = Nothing was found for “{ $typed }”; these are the results for “{ $meant }”.

## Kinds and states
search-kind-document = Document
search-kind-case = Application
search-kind-seal-record = Seal record
search-state-sealed = Sealed
search-state-corrected = Corrected later
search-state-stamped = Stamped by hand
search-state-scan-missing = Scan missing

## The columns of an export
search-export-title = Search results
search-column-kind = Kind
search-column-number = Number
search-column-title = Title
search-column-state = State
search-column-date = Date
search-column-seal = Seal
search-column-applicant = Applicant
search-column-department = Department
search-column-people = People
search-column-counterparty = Counterparty
search-column-amount = Amount
search-column-id = Id

notice-saved-search-hits = Your saved search “{ $name }” finds something new.
notice-saved-search-wide = Your saved search “{ $name }” now finds more than { $limit } records, so nobody can tell what is new. Narrow it down and switch its notices on again.
error-stored-query-unknown = This search was saved by a newer program (format { $version }).
error-saved-search-name-taken = You already have a saved search called “{ $name }”.
error-too-many-saved-searches = You may keep { $limit } searches. Delete one you no longer need.
error-search-too-wide = This search finds more than { $limit } records. Notices of new ones need a narrower search.
error-too-many-exports = { $limit } of your exports are still being written. Wait until one is done.
error-export-file-there = { $file } is there already. Name another file.
error-export-format-unknown = The name { $file } has to end in one of { $known }.
error-export-not-ready = This file is not ready ({ $state }).
error-export-outdated = You may no longer see { $count } of the records in this file. Export again.
