"""The forms in which invoices are typeset: templates of typst."""
