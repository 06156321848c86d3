error-file-refused = The file cannot be taken.
error-file-empty = The file is empty. Please check it and choose it again.
error-file-too-large = The file is larger than { $limit } MB.
error-type-not-accepted = This is { $found ->
    [windows-program] a Windows program
    [linux-program] a Linux program
    [program] a program
    [script] a script
    [zip] a ZIP container (such as DOCX, XLSX or OFD)
    [office] an old Office file
    [rtf] an RTF text
    [gif] a GIF picture
    [tiff] a TIFF picture
    [bmp] a BMP picture
    [webp] a WebP picture
    [media] a sound or a video
    [archive] an archive
    [postscript] PostScript
    [macros] an Office file with macros
    [opendocument] an OpenDocument file
    [xml] XML
    [html] HTML
    [heic] a HEIC picture or a video
   *[other] a file of an unknown type
}; accepted are { $accepted }.
error-file-encrypted = The PDF is protected by a password. Please save it without one and upload it again.
error-file-truncated = The end of the file is missing; it was probably not transferred completely. Please fetch it again.
error-file-broken = The file is damaged and cannot be read ({ $reason }).
error-image-too-large = The picture has { $width } × { $height } pixels, more than { $limit } megapixels. Please make it smaller.
error-too-many-pages = The document has { $pages } pages; at most { $limit } are taken.
error-nested-too-deep = Archives inside archives inside archives are not opened; unpack this one and upload what is in it.
error-container-too-large = It unpacks to too much (more than { $limit } MB) and was not opened. Please upload it in smaller parts.
error-too-many-members = There are { $members } files in it; at most { $limit } are taken. Please upload them in parts.
error-container-empty = There is no file in the archive.
error-active-content-refused = By your organisation's rules no PDF is taken that holds { $first ->
    [javascript] JavaScript
    [launch] a command that starts a program
    [xfa] an XFA form
    [need-appearances] form fields without fixed appearance
    [external-reference] references to outside content
    [hidden-layers] layers that can be switched
    [submit-form] a form that sends data
    [rich-media] video, sound or 3D content
    [embedded-executable] a program
   *[other] active content
}. Please print it to a new PDF and upload that.
error-office-not-installed = There is no LibreOffice on the server to read Office files with. Save the file as PDF and upload that, or ask the administrator to install it (Debian: apt install libreoffice-writer-nogui libreoffice-calc-nogui libreoffice-impress-nogui).
error-file-infected = The file carries a virus ({ $signature }) and was not taken.
error-file-not-scanned = The file is larger than the virus scanner takes, so it was not taken. The administrator can raise StreamMaxLength of clamd ({ $reason }).
error-scanner-unavailable = The virus scanner does not answer; please try again later ({ $reason }).
finding-embedded-executable = an attached program
finding-uri = web links
finding-member-encrypted = a file inside is protected by a password and was not opened
finding-member-broken = a file inside is damaged and was not opened
finding-member-too-large = a file inside is too large and was not opened
finding-member-unsupported = a file inside has a format that is not supported
error-parser-failed = The file could not be read: { $reason ->
    [time] it takes too long
    [memory] it needs too much memory
   *[other] the reading program crashed on it
}. It may be damaged or made to do harm. Please print it to a new PDF and upload that.
error-active-content = This PDF cannot be signed in place, because it holds { $first ->
    [javascript] JavaScript
    [launch] a command that starts a program
    [xfa] an XFA form
    [need-appearances] form fields without fixed appearance
    [external-reference] references to outside content
    [hidden-layers] layers that can be switched
    [submit-form] a form that sends data
    [rich-media] video, sound or 3D content
    [embedded-executable] a program
   *[other] active content
}. Print it to a new PDF and use that one.
error-version-conflict = The document has changed in the meantime. Please look at it again.
error-document-not-ready = “{ $title }” is still being processed or was refused.
error-document-in-use = The document belongs to a case and stays with it.
media-pdf = a PDF
media-jpeg = a JPEG picture
media-png = a PNG picture
media-unknown = a file of an unknown type
finding-javascript = JavaScript
finding-launch = a command that starts a program
finding-xfa = an XFA form
finding-need-appearances = form fields without fixed appearance
finding-embedded-files = attached files
finding-external-reference = references to outside content
finding-hidden-layers = layers that can be switched
finding-submit-form = a form that sends data
finding-rich-media = video, sound or 3D content
finding-signed = signatures of others
finding-unsignable = something that keeps it from being signed as it is
finding-repaired = a damaged structure, which was repaired
finding-page-incomplete = a page of which something could not be drawn
warning-signature-broken = A signature in this file is broken: the file was changed after it was signed.
warning-sources-disagree = The sources disagree on the { $field ->
    [type] kind of invoice
    [code] invoice code
    [number] invoice number
    [issue_date] date of issue
    [check_code] check code
    [seller_name] seller
    [seller_tax_id] seller’s tax id
    [buyer_name] buyer
    [buyer_tax_id] buyer’s tax id
    [net] amount without tax
    [tax] tax
    [total] total
    [total_in_capitals] total in capitals
    [currency] currency
    [remark] remark
    [drawer] drawer
    [is_red] whether it is red
    [red_of_code] code of the invoice taken back
    [red_of_number] number of the invoice taken back
    [passenger] passenger
    [journey] journey
    [travel_date] day of travel
   *[other] this field
}: { $source ->
    [xml] the XML data
    [xbrl] the XBRL data
    [qr] the QR code
    [text] the printed text
    [ocr] the recognised text
   *[other] another source
} says “{ $value }”, { $other_source ->
    [xml] the XML data
    [xbrl] the XBRL data
    [qr] the QR code
    [text] the printed text
    [ocr] the recognised text
   *[other] another source
} says “{ $other }”.
warning-several-invoices = The file holds several invoices ({ $numbers }). The first one was read; please upload the others on their own.
warning-field-missing = The { $field ->
    [code] invoice code
    [number] invoice number
    [issue_date] date of issue
    [total] total
   *[other] this field
} was not found. Please enter it.
warning-read-uncertainly = The { $field ->
    [code] invoice code
    [number] invoice number
    [issue_date] date of issue
    [net] amount without tax
    [tax] tax
    [total] total
   *[other] this field
} “{ $value }” was recognised from a picture and is not certain. Please compare it.
warning-amounts-do-not-add-up = Amount { $net } and tax { $tax } do not make the total { $total }.
warning-lines-do-not-add-up = The lines add up to { $lines }, but the { $field ->
    [net] amount without tax
    [tax] tax
   *[other] this field
} is { $value }.
warning-capitals-unreadable = The amount in capitals “{ $capitals }” cannot be understood.
warning-capitals-differ = The amount in capitals “{ $capitals }” is { $amount }, but the total is { $total }.
warning-date-in-future = The date of issue { $date } is in the future.
warning-date-implausible = The date of issue { $date } is before there were VAT invoices.
warning-date-does-not-fit-number = The date of issue { $date } does not fit the year in the number { $number }.
warning-number-has-wrong-shape = { $number } is no invoice number for “{ $type }”.
warning-code-has-wrong-shape = { $invoice_code } is no invoice code for “{ $type }”.
warning-tax-id-has-wrong-shape = The { $party ->
    [seller] seller
    [buyer] buyer
   *[other] other party
}’s tax id { $tax_id } has not the form of one.
warning-credit-code-doubtful = The check digit of the { $party ->
    [seller] seller
    [buyer] buyer
   *[other] other party
}’s tax id { $tax_id } is not right. Some early genuine ones are like that.
warning-negative-but-not-red = The total { $total } is negative, but the invoice is not marked as red.
warning-red-but-positive = The invoice is red, but its total { $total } is not negative.
warning-red-without-original = The invoice is red and does not name the one that it takes back.
warning-foreign-currency = The amounts are in { $currency }.
warning-buyer-missing = The invoice names no buyer.
warning-buyer-not-ours = The buyer “{ $buyer }” (tax id: { $tax_id }) is none of our legal entities.
warning-buyer-tax-id-differs = The buyer “{ $buyer }” has the tax id { $tax_id }; ours is { $expected }.
warning-buyer-tax-id-missing = The invoice does not give the tax id of the buyer “{ $buyer }”, as it must for companies.
document-kind-invoice = Invoice
document-kind-contract = Contract
document-kind-form = Approval sheet
document-kind-attachment = Attachment
document-stage-queued = Waiting
document-stage-reading = Being read
document-stage-recognising = Text is being recognised
document-stage-done = Done
finding-recognition-stopped = more pages without text than are recognised; the rest cannot be found by keyword
document-state-processing = Being processed
document-state-ready = Ready
document-state-refused = Refused
version-reason-uploaded = Uploaded
version-reason-rendered = Made into a PDF
version-reason-flattened = Flattened: pages as they look
version-reason-typeset = Typeset
version-reason-certified = Certified
version-reason-prepared = Prepared for signing
version-reason-signed = Signed
version-reason-sealed = Sealed
version-reason-timestamped = Archived with a time-stamp

error-invoice-field-unknown = An invoice has no field of this name.
error-invoice-field-not-understood = { $kind ->
    [amount] Please enter an amount such as 1234.50.
    [date] Please enter a date such as 2026-11-20.
    [yes-no] Please answer yes or no.
    [identifier] Please use digits and letters only.
   *[other] This text is too long for the field.
}
error-invoice-fixed = The invoice is in a claim and cannot be corrected any more.
error-reason-needed = Please give a reason of at most { $longest } characters.
notice-override-asked = { $person } asks for an exception for the invoice “{ $title }”, whose signature is broken. Look at it, then let it be claimed or leave it.
notice-override-made = { $person } let your invoice “{ $title }” be claimed although its signature is broken: { $reason }
error-override-not-needed = No exception is needed for this invoice.
error-inquiry-elsewhere = This is a fiscal e-bill, which the tax platform does not know. Check it at the treasury's platform that it names, and enter the outcome by hand.
error-inquiry-incomplete = The tax platform needs these fields of the invoice: { $fields }. Please fill them in first.
error-inquiry-limit = The tax platform takes { $limit } inquiries for an invoice a day. Please go on tomorrow.
error-gateway-missing = No gateway to the tax platform is set up. Look the invoice up on its website and enter the outcome by hand.
error-gateway-unavailable = The gateway to the tax platform cannot be reached ({ $reason }).
error-gateway-refused = The gateway to the tax platform gave no usable answer ({ $reason }).
check-outcome-consistent = Genuine: all fields agree
check-outcome-inconsistent = Fields do not agree
check-outcome-not_found = No such invoice
check-outcome-voided = Voided
check-outcome-reversed = Reversed by a red invoice
check-outcome-failed = No answer
check-outcome-pending = Waiting for the answer
invoice-source-corrected = Corrected
invoice-field-name = { $field ->
    [type] type
    [code] code
    [number] number
    [issue_date] date
    [check_code] check code
    [seller_name] seller's name
    [seller_tax_id] seller's tax id
    [buyer_name] buyer's name
    [buyer_tax_id] buyer's tax id
    [net] amount without tax
    [tax] tax
    [total] total
    [total_in_capitals] total in capitals
    [currency] currency
    [remark] remark
    [drawer] drawer
    [is_red] red invoice
    [red_of_code] original's code
    [red_of_number] original's number
    [passenger] passenger
    [journey] journey
    [travel_date] day of travel
   *[other] { $field }
}
finding-recognised-text = text that was read optically
error-processing-failed = The file is kept, but reading it did not succeed. See the log; it can be read again once that is mended.
