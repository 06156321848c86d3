# The result page, suggestions, charts
search-facet-counterparty = Counterparty
search-facet-year = Year
search-order = Order
search-order-best = Best first
search-order-newest = Newest first
search-order-oldest = Oldest first
search-order-amount-down = Largest amount first
search-order-amount-up = Smallest amount first
search-months = By month
search-mistakes = What of the search was not understood
search-corrected = Nothing was found for “{ $typed }”. These are the results for
search-down = Search is not available just now. It comes back by itself.
search-down-text = The lists come straight from the database and work as always:
search-suggestions = Suggestions
search-field-seal = Seal
search-field-counterparty = Counterparty
search-field-person = Person
search-field-applicant = Applicant
search-field-department = Department
search-field-title = Title
search-field-number = Number
search-help = How to search
search-help-words-example = framework contract
search-help-words = Both words, wherever they stand, in any order. Parts of Chinese words are found too.
search-help-phrase-example = "contract seal"
search-help-phrase = These words together, as they stand.
search-help-without-example = contract -draft
search-help-without = The first word without the second.
search-help-either-example = lease OR purchase
search-help-either = Either of the two.
search-help-field-example = seal:合同专用章 applicant:王芳
search-help-field = In one field only.
search-help-amount-example = amount:>10000
search-help-amount = Amounts: also amount:5000..8000 and amount:<1万.
search-help-date-example = date:2026-01..2026-03
search-help-date = Dates: also date:2026-03-15, date:"this month" and date:"last 30 days".
search-help-state-example = kind:contract state:completed
search-help-state = A kind and a state.
search-help-number-example = number:2026-00
search-help-number = Numbers by their beginning; from four characters on also by any part of them.
search-help-sound-example = wf
search-help-sound = People and companies by the first letters of their pinyin: wf finds 王芳.
search-help-fields = Fields: { $names }. The Chinese names work too.
search-help-keys = Keys: / goes to the box; ↓ and ↑, or j and k, walk through the results; Enter opens; Escape goes back to the box.
chart-as-table = As a table
chart-month = Month
chart-count = Number

search-everything = Everything
saved-title = Saved searches
saved-lead = Only you see them. A search that is watched tells you at home when it finds something new.
saved-new = Save this search
saved-do = Save
saved-name = Name
saved-notify = Tell me when it finds something new
saved-notify-hint = It is looked after every quarter of an hour, with what you may see then.
saved-save = Save the search
saved-new-count = { $count ->
    [one] 1 new
   *[other] { $count } new
}
saved-watched = You are told of new results.
saved-unwatched = Without notices
saved-change = Change
saved-change-do = Keep the changes
saved-delete = Delete
saved-none = You have not saved a search
saved-none-text = Search for something, then press Save above the results.
saved-to-search = Search
exports-title = Exports
exports-lead = Files of everything that a search found. They are kept for a day, for you alone.
exports-do = Export all results as { $format }
exports-records = { $count ->
    [one] 1 record
   *[other] { $count } records
}
exports-until = until { $time }
exports-cut = There is more than fits into one file; narrow the search down for the rest.
exports-waiting = Waiting to be written
exports-running = Being written
exports-failed = The file could not be written. Search again and export once more.
exports-get = Download
exports-none = There are no exports
exports-none-text = Search for something, then choose XLSX or CSV above the results.
exports-again = Look again
