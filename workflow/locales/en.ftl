error-flow-invalid = The flow cannot be used: { $place }: { $reason }
error-form-invalid = { $count ->
    [one] One field needs your attention.
   *[other] { $count } fields need your attention.
}
error-field-missing = Please fill this in.
error-field-not-understood = { $kind ->
    [money] Please enter an amount such as 1234.50.
    [integer] Please enter a whole number.
    [date] Please enter a date.
    [choice] Please choose one of the entries.
   *[other] This cannot be used here.
}
error-field-out-of-range = Please stay between { $minimum } and { $maximum }.
error-field-too-long = Please use at most { $longest } characters.
error-too-many-documents = Please add at most { $most } documents.
error-document-not-usable = “{ $title }” cannot be used: it is not ready, not a readable document, or not yours.
error-document-busy = “{ $title }” is being signed in { $serial }. Wait until that case has ended.
error-seal-not-chosen = Please choose a seal that can be used.
error-no-approver = Nobody can do the step “{ $step_en }” for you. Ask the administrator to appoint somebody; your form is kept as a draft.
error-task-finished = This task is done already. Nothing was changed.
error-not-your-task = This task belongs to somebody else.
error-comment-needed = Please say why, so that the applicant knows what to do.
error-stale-page = The case has changed since the page was shown. Nothing was signed; please look at it again.
error-outcome-not-possible = This task cannot be ended that way.
error-transition-not-allowed = The case is not in a state for this ({ $state ->
    [running] running
    [returned] returned
    [completed] completed
    [rejected] rejected
   *[withdrawn] withdrawn
}).
error-text-too-long = Please use at most { $longest } characters.
sheet-footer = Made by Vermilion; the electronic signatures are what counts
sheet-title = { $serial } approval sheet
sheet-title-round = { $serial } approval sheet (continuation { $round })
decision-approved = Approved
decision-returned = Returned
decision-rejected = Rejected
decision-sealed = Sealed
