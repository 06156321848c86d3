error-authority-not-ready = Nothing can be signed at the moment: { $reason }. The administrator has to look at the certificates; your input is kept.
error-not-enrolled = You have no signing PIN yet. Set one under “Me”, then try again.
error-already-enrolled = You have a signing PIN already. You can change it with the old one.
error-pin-too-weak = The PIN needs at least { $minimum } characters and may not be a row or a repetition.
error-wrong-pin = The PIN is wrong. Nothing was signed. { $left ->
    [0] Please wait before the next try.
    [one] One more try before waiting begins.
   *[other] { $left } more tries before waiting begins.
}
error-pin-blocked = Too many wrong PINs. Please try again in { $wait_seconds } seconds. Nothing was signed.
error-signing-refused =
    { $reason ->
        [encrypted] This PDF is encrypted. Remove its password and upload it again.
        [certified-against-change] This PDF was certified by its maker, who allows no change and so no signature.
        [certified-already] This PDF is certified already.
        [signed-already] This PDF is signed already; only the first signature can certify it.
        [field-signed] This place in the PDF is signed already.
        [field-there] The PDF already has a form field of this name.
        [field-demands] The maker of this PDF allows only certain signers here.
        [no-such-field] The PDF has no free place for this signature.
       *[other] This PDF is damaged and cannot be signed as it is ({ $reason }).
    }
error-placement-off-page = The seal is not wholly on page { $page } ({ $width_mm } × { $height_mm } mm). Move it and try again.
error-placement-overlaps = On page { $page } the seal would cover another signature or seal. Move it and try again.
error-placement-missing = Choose a place for the seal (at most { $most }).
error-seal-not-authorised = There is no approval to use this seal here.
error-seal-authorisation-used = This approval was used already: the seal is on the document.
error-seal-authorisation-expired = The approval to use this seal is over (since { $expired_at }).
error-seal-digest-differs = The document is not the one that was approved for sealing. Nothing was changed.
error-not-the-keeper = Only the keeper of “{ $seal }” may apply it.
error-seal-not-usable = The seal “{ $seal }” cannot be used at the moment.
error-glyph-missing = The character “{ $character }” cannot be drawn; please use another one.
seal-official = Official seal
seal-contract = Contract seal
seal-finance = Finance seal
seal-invoice = Invoice seal
seal-personnel = Personnel seal
verify-sentence-valid = { $count ->
    [one] The file is unchanged since it was signed, and the signature is genuine.
   *[other] The file is unchanged since it was signed, and all { $count } signatures are genuine.
}
verify-sentence-invalid = Do not rely on this file: it was changed after signing, or a signature is not genuine.
verify-sentence-indeterminate = It cannot be decided whether this file is genuine; the reasons are below.
verify-sentence-unsigned = This file carries no electronic signature.
verify-not-a-pdf = This is neither a PDF nor an OFD file.
verify-encrypted = The PDF is protected by a password and cannot be checked.
verify-broken-file = The PDF is damaged and cannot be read ({ $detail }).
verify-too-many-signatures = There are more than { $detail } signatures in the file.
verify-signature-unreadable = The signature in the field “{ $detail }” cannot be read.
verify-hidden-signature = The file holds { $detail } signature(s) that no field shows.
verify-no-trust-anchor = No root certificate was given, so nobody's identity can be confirmed.
verify-revoked = The certificate was revoked ({ $detail }).
verify-certificate-expired = The certificate had expired ({ $detail }).
verify-certificate-not-yet-valid = The certificate was not valid yet ({ $detail }).
verify-untrusted-issuer = The certificate was issued by somebody who is not trusted here.
verify-certificate-unsuitable = The certificate is not made for this ({ $detail }).
verify-timestamp-broken = The time-stamp is broken ({ $detail }).
verify-timestamp-differs = The time-stamp belongs to something else.
verify-timestamp-algorithm = The time-stamp uses an algorithm that is not accepted ({ $detail }).
verify-timestamp-untrusted = The time-stamp comes from “{ $detail }”, who is not trusted here.
verify-forbidden-change = Something was changed after signing that must not be changed ({ $detail }).
verify-changes-unknown = What was changed after signing cannot be judged ({ $detail }).
verify-change-after-final-signature = Something was added after a signature that allows no changes.
verify-form-field-changed = Form fields were changed after signing: { $detail }.
verify-unsupported-format = The signature's format is not supported ({ $detail }).
verify-signature-malformed = The signature is malformed ({ $detail }).
verify-signature-broken = The signature does not fit the file: file or signature was altered.
verify-weak-digest = The signature uses a digest that is no longer safe ({ $detail }).
verify-not-pades = The signature is intact, but not of the PAdES form.
verify-trailing-bytes = There is something after the end of the document that no signature covers.
verify-part-broken = A part of the OFD file is missing or damaged ({ $detail }).
verify-package-broken = The OFD file is damaged and cannot be read ({ $detail }).
verify-package-too-large = The OFD file is too large to be checked.
verify-duplicate-part = The OFD file holds parts of one name twice, so that different programs may show different things: { $detail }.
verify-signature-list-missing = The file says that it is signed, but its list of signatures is missing ({ $detail }).
verify-signature-value-missing = The signature's value is missing.
verify-signed-description-changed = What the signature lists as signed was altered afterwards.
verify-reference-changed = Altered after signing: { $detail }.
verify-reference-missing = Removed after signing: { $detail }.
verify-uncovered-part = Not protected by this signature: { $detail }.
verify-seal-broken = The seal “{ $detail }” is not as its maker signed it.
verify-seal-expired = The seal was no longer valid when it was used (until { $detail }).
verify-seal-not-yet-valid = The seal was not valid yet when it was used (from { $detail }).
verify-signer-not-owner = The signer is not among those who may use the seal “{ $detail }”.
verify-seal-maker-untrusted = The seal was made by somebody who is not trusted here ({ $detail }).
verify-seal-file-differs = The seal's file is not the seal that was put on the document.
verify-certificate-missing = The signature carries no certificate, so it cannot be told whose it is.
verify-certificate-expired-since = The certificate has expired since ({ $detail }), and no time-stamp proves that it was signed before.
verify-signed-in-future = The stated time of signing lies in the future ({ $detail }).
verify-not-readable-inside = The PDF is protected by a password; this signature is in it, but cannot be checked.
error-placement-near-ready = On page { $page } a place was made ready for the seal, and this one covers part of it. Choose that place, or move the seal away from it.
error-straddle-needs-pages = A straddle seal needs two pages or more; this document has { $pages }.
error-keyword-not-found = The words “{ $keyword }” are not in the document.
error-anchor-not-found = The document has no anchor named “{ $anchor }”.
error-seal-people-overlap = Keeper, users and auditor of a seal must be different people.
seal-legal_representative = Legal representative's seal
seal-free = Seal for another purpose
error-seal-change-not-possible = The seal's state does not allow this change.
error-seal-change-open = Another change of this seal waits for somebody's consent. Decide that one first.
error-seal-change-same-person = Somebody else has to agree to what you asked for.
error-seal-change-done = This change was decided already.
seal-change-create = New seal
seal-change-activate = Take over
seal-change-suspend = Suspend
seal-change-resume = Use again
seal-change-lose = Report as lost
seal-change-destroy = Destroy
seal-change-hand_over = Hand over
seal-change-people = Change users and auditor
seal-outcome-agreed = Agreed
seal-outcome-refused = Refused
seal-outcome-withdrawn = Withdrawn
seal-outcome-open = Waits for consent
notice-seal-change-asked = A change of the seal “{ $seal }” waits for your consent: { $kind ->
    [create] a new seal
    [activate] taking it over
    [suspend] suspending it
    [resume] using it again
    [lose] reporting it lost
    [destroy] destroying it
    [hand_over] handing it over
   *[people] other users and auditor
} ({ $reason })
notice-seal-change-agreed = A change of the seal “{ $seal }” was agreed to: { $kind ->
    [create] a new seal
    [activate] taking it over
    [suspend] suspending it
    [resume] using it again
    [lose] reporting it lost
    [destroy] destroying it
    [hand_over] handing it over
   *[people] other users and auditor
} ({ $reason })
notice-seal-change-refused = A change of the seal “{ $seal }” was refused: { $kind ->
    [create] a new seal
    [activate] taking it over
    [suspend] suspending it
    [resume] using it again
    [lose] reporting it lost
    [destroy] destroying it
    [hand_over] handing it over
   *[people] other users and auditor
} ({ $reason })
