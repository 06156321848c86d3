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
    [category] Please choose a category for every invoice.
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
sheet-title-continuation = { $serial } approval sheet (continuation { $number })
decision-approved = Approved
decision-returned = Returned
decision-rejected = Rejected
decision-sealed = Sealed

error-invoice-twice = { $number ->
    [none] An invoice is listed twice.
   *[other] Invoice { $number } is listed twice; one file of it is enough.
}
error-invoice-not-read = “{ $title }” is not an invoice. Upload it here as one.
error-invoice-changed = “{ $title }” was corrected a moment ago. Please look at it again and submit once more.
error-invoice-broken = A signature on “{ $title }” is broken: the file was changed after it was issued. Ask the seller for the original, or ask finance for an exception.
error-invoice-claimed = { $serial ->
    [none] Invoice { $number } has been reimbursed already.
   *[other] Invoice { $number } has been reimbursed already in { $serial }.
}
error-invoice-being-claimed = { $serial ->
    [none] Invoice { $number } is in another reimbursement that is still running.
   *[other] Invoice { $number } is in { $serial }, which is still running.
}
error-claim-amount-missing = Please enter the amount in yuan for invoice { $number }; its total could not be read or is in another currency.
error-claim-amount-wrong = { $total ->
    [none] Please check the amount for invoice { $number }: it must be above zero, and below zero for a red invoice.
   *[other] Please check the amount for invoice { $number }: it must lie between zero and the invoice's total of { $total }.
}
error-claim-sum-wrong = The invoices come to { $sum } yuan. Please enter this amount, which must be above zero, or leave the field empty.
error-claim-late = More than { $days } working days have passed since these purchases: { $invoices }. Please say why.
error-not-claimed = There is no claim on this invoice.
release-event-rejected = Rejected
release-event-withdrawn = Withdrawn
release-event-replaced = Left out when submitted again
release-event-released = Released by finance
folder-state-unclaimed = Not claimed
folder-state-claiming = Being claimed
folder-state-claimed = Claimed
folder-state-rejected = Rejected
claim-remark = Line { $number }: { $remark }
claim-corrected = Corrected by hand: { $fields }
claim-override = A signature is broken; exception by finance: { $reason }
claim-foreign = Invoice in another currency ({ $currency } { $total }); the claim is in yuan
claim-appendix = Attachment { $number }/{ $count } · invoice { $invoice } · page { $page } of { $pages }
error-not-a-contract = This case holds no contract that the copy could be one of.
error-copy-taken = “{ $title }” is the contract itself, or the copy of another one. Add what the other side signed as a file of its own.
error-seal-not-for-you = You cannot apply for “{ $seal }”: its keeper and its auditor may not, and others only when they are among its users.
error-batch-runs = These approvals are being signed at the moment; wait until that has ended.
error-task-waits = This task waits until the approvers who were added before you have decided.
error-adding-not-allowed = The flow does not let the step “{ $step_en }” have further approvers.
error-nobody-added = Please choose between one and { $most } people.
error-cannot-approve = { $why ->
    [applicant] { $name } applied for this, and nobody approves their own application.
    [twice] { $name } decides in this round already, or has done so.
   *[unknown] Somebody you chose cannot approve in this organisation.
}
sheet-added-box = Opinion of added approver { $name }
sheet-added-step = Step
sheet-added-by = Added by
sheet-added-kind = Order
sheet-added-before = Before: whoever added them decides afterwards
sheet-added-after = After: whoever added them has approved
sheet-added-whom = Added approvers
sheet-added-reason = Reason
sheet-added-at = Added at
notice-approvers-added = { $person } added approvers to { $serial }: { $people }.
