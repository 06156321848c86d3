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
finding-repaired = a damaged structure, which was repaired
document-kind-invoice = Invoice
document-kind-contract = Contract
document-kind-form = Approval sheet
document-kind-attachment = Attachment
document-state-processing = Being processed
document-state-ready = Ready
document-state-refused = Refused
version-reason-uploaded = Uploaded
version-reason-rendered = Made into a PDF
version-reason-typeset = Typeset
version-reason-certified = Certified
version-reason-prepared = Prepared for signing
version-reason-signed = Signed
version-reason-sealed = Sealed
version-reason-timestamped = Archived with a time-stamp
