error-authority-not-ready = Nothing can be signed at the moment: { $reason }. The administrator has to look at the certificates; your input is kept.
error-timestamp-unavailable = No time-stamp authority gave a usable answer: { $reason }. What was signed is listed and gets its time-stamp later.
error-certificate-not-usable = The certificate { $subject } cannot sign: { certificate-word-state }. Please turn to the administrator.
error-certificate-act-refused = { $state ->
    [offline] The root's key is offline: make a request to it instead.
   *[other] The state of this certificate ({ $state }) does not allow that.
}
error-certificate-unfit = This certificate cannot be used: { $reason ->
    [unreadable] it is no certificate in PEM or DER form
    [not-a-root] it is no root, that is, it does not certify itself or may not certify others
    [expired] it is over
    [not-yet] it is not valid yet
    [password] the password is wrong, or the file is no PKCS#12
    [no-key] the file holds no private key with its certificate
    [algorithm] its algorithm is none of P-256, P-384, P-521 and RSA from 2048 bits
    [key-differs] the private key does not belong to the certificate
    [usage] it may not sign documents (key usage)
    [is-authority] it belongs to a certification authority
    [untrusted] it leads to no outside root that is trusted for signatures; the administrator can add the root
    [too-large] the file is too large, or its encryption would take too long
    [revoked] it was revoked or suspended
    [unsuitable] it, or one above it, may not be used so ({ $detail })
    [no-entity] it does not say that it belongs to a legal entity: its common name is not the organisation's, and it has no statement of an electronic seal
    [in-use] its key belongs to somebody else here, or to another seal
    [names-another] it names “{ $named }”, and neither the name nor the e-mail address or credit code of its new owner
    [no-certificate] no certificate lies beside this key in the token
    [list-unreadable] it is no revocation list in PEM or DER form
    [list-untrusted] no authority that leads to an outside root trusted here signed this list; add the root, or the authority's certificate with the list
    [list-partial] it is only a part of another list
    [list-expired] this list is over
    [list-older] the list at hand is newer
   *[other] { $reason }
}.
error-request-unfit = This does not fit: { $reason ->
    [unreadable] it is not the file that was expected
    [newer] it was made by a newer program
    [no-request] no request waits for an answer here
    [other-key] it answers another request, or is for another key
    [no-certificate] it brings no certificate of the issuing authority
    [broken-signature] a signature in it is broken
    [not-ours] it is from, or for, another root
    [fingerprint] the SHA-256 of the root is not the one that was entered
    [constraints] the certificate does not say what one of an authority has to say
    [addresses] the certificate names other addresses for lists and certificates than were asked for
    [weak-key] the key in it is too weak
    [partial-list] its revocation list is not a whole one
    [forgets] its revocation list lacks a certificate that was revoked here; make the request again and take that to the root
    [older] the list at hand is as new or newer
    [expired] it is over, or too near its end
    [not-yet] it is not valid yet; the clock of the offline machine may be ahead
    [password] the passphrase is wrong, or the file is damaged
    [passphrase-short] the passphrase needs at least 12 characters
    [exists] the folder holds a root already
    [no-root] the folder holds no root
    [root-here] the root's key is on this server: nobody needs to be asked
    [root-away] the root's key is not on this server
    [changed] something was changed meanwhile; delete the folder that was just written and try again
    [not-confirmed] it was not confirmed
   *[other] { $reason }
}.
certificate-word-state = { $state ->
    [held] it is suspended
    [revoked] it was revoked
    [expired] it is over
   *[other] { $state }
}
notice-certificate-renewed = The certificate “{ $subject }”, which would have ended on { $day }, was renewed. Key and PIN stay the same.
notice-certificate-ending = The imported certificate “{ $subject }” ends on { $day }. Import its successor before.
notice-certificate-brought = You sign with the certificate “{ $subject }” from now on. Was that not you? Tell the administrator at once.
notice-certificate-revoked-outside = The certificate “{ $subject }” was revoked or suspended by its authority. It signs nothing any more.
pki-outside-unknown = There is no current revocation list of “{ $issuer }”: whether “{ $subject }” ({ $owner }) still holds is not known, and what it signs cannot be proved in the long run. Bring the list, or set VERMILION_REVOCATION_URL.
pki-outside-fetching = The revocation list at { $name } could not be fetched: { $reason }
notice-root-list-ending = The revocation list of the offline root ends on { $day }; from then on nothing can be signed. Make a request, take it to the offline machine and install the answer.
notice-root-issuing-due = The issuing authority, which ends on { $day }, should have a successor. Make a request to the offline root.
pki-crl-good = All revocation lists are current, the first until { $day }.
pki-crl-late = The revocation list { $name }.crl should have been renewed by now; it is good until { $day }. Does the background work run?
pki-crl-overdue = The revocation list { $name }.crl is over since { $day }. Nothing can be signed until a new one is published.
pki-crl-offline-ending = The revocation list { $name }.crl of the offline root ends on { $day }. Make a request, take it to the offline machine and install the answer.
pki-crl-lacks = The revocation list { $name }.crl of the offline root does not name yet what was revoked here. Make a request, take it to the offline machine and install the answer.
pki-root-asked = Since { $day } a request to the offline root waits for its answer.
pki-issuing-due = The issuing authority should have a successor; it ends on { $day }. Make a request to the offline root.
pki-certificate-missing = There is no usable certificate of the authority for: { $role }.
pki-certificate-ending = The authority's certificate for { $role } ends on { $day }.
pki-timestamps-waiting = { $count ->
    [one] One signed document waits for its time-stamp
   *[other] { $count } signed documents wait for their time-stamps
} since { $since }. Last answer: { $reason }
pki-timestamps-failing = The time-stamp authority { $name } does not answer as it should: { $reason }
pki-timestamps-untrusted = No root is trusted for outside time-stamps: nobody can tell whose they are. Add the authority's root.
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
verify-timestamp-differs = The time-stamp belongs to something else, so it counts for nothing here.
verify-timestamp-algorithm = The time-stamp uses an algorithm that is not accepted, or not any more ({ $detail }).
verify-timestamp-untrusted = The time-stamp comes from “{ $detail }”, who is not trusted here.
verify-forbidden-change = Something was changed after signing that must not be changed ({ $detail }).
verify-changes-unknown = What was changed after signing cannot be judged ({ $detail }).
verify-change-after-final-signature = Something was added after a signature that allows no changes.
verify-form-field-changed = Form fields were changed after signing: { $detail }.
verify-unsupported-format = The signature's format is not supported ({ $detail }).
verify-signature-malformed = The signature is malformed ({ $detail }).
verify-signature-broken = The signature does not fit the file: file or signature was altered.
verify-algorithm-ended = The signature uses what is no longer safe, and nothing proves that it was made while it was ({ $detail }).
verify-certificate-algorithm = A certificate uses what is no longer safe, and nothing proves that it was there while it was ({ $detail }).
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
seal-change-key = Change the key
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
    [key] another key and certificate
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
    [key] another key and certificate
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
    [key] another key and certificate
   *[people] other users and auditor
} ({ $reason })
verify-covers-part = The signature does not cover a whole state of the file, but a part of it.
verify-signature-removed = The signature in the field “{ $detail }” was there before and was taken out.
verify-signature-doubled = The signature in the field “{ $detail }” is there more than once.
verify-certification-not-first = A certification has to be the first signature and the only one; here it is not.
verify-several-signers = One signature holds { $detail } signers; that is not allowed in a PDF.
verify-timestamp-from-future = The time-stamp says { $detail }, which is later than the time that is proved for it.
verify-timestamp-outside-certificate = The time-stamp was made when the certificate of “{ $detail }” did not hold.
verify-change-to-look-at = A person has to look at this: { $detail }.
verify-unlisted-bytes = A later revision holds bytes that its own list does not name, so that programs may show different things.
verify-has-layers = The signed file has layers that can be shown and hidden.
verify-has-actions = The signed file starts actions by itself, such as scripts.
verify-has-xfa = The signed file has a dynamic form (XFA), which may look different from the pages.
verify-spare-content = The signed file holds content that it does not show ({ $detail }); a later revision could put it in.
change-on-page = { $text } (page { $page })
change-signature-added = Signature added in the field “{ $field }”
change-timestamp-added = Document time-stamp added
change-signature-field-added = Empty signature field “{ $field }” added
change-certification-added-later = Certification added after other signatures, in the field “{ $field }”
change-visible-signature-after-certification = Visible signature “{ $field }” added though the document was certified without it
change-signature-covers-signature = Signature “{ $field }” placed over another signature
change-locked-field-changed = Locked field “{ $field }” changed
change-change-after-final-signature = Something added after a signature that allows no changes
change-validation-data-added = Validation data added
change-validation-data-removed = Validation data removed or replaced
change-metadata-changed = Document information changed
change-seal-slice-filled = Slice of the straddle seal filled in
change-field-added = Form field “{ $field }” added
change-field-removed = Form field removed or moved
change-field-value-changed = Value of “{ $field }” changed from “{ $old }” to “{ $new }”
change-field-changed = Form field “{ $field }” changed
change-signed-field-changed = Signed field “{ $field }” changed
change-signature-field-changed = Signature field “{ $field }” changed without a signature
change-signed-value-changed = Signature in “{ $field }” replaced
change-appearance-changed = What is seen of “{ $field }” changed
change-form-changed = The form changed
change-annotation-added = Annotation added { $new }
change-annotation-removed = Annotation removed
change-annotation-changed = Annotation changed
change-page-content-changed = Content of the page changed
change-page-resources-changed = Fonts or images of the page replaced
change-page-changed = Page changed { $new }
change-page-added = Page added
change-page-removed = Page removed
change-pages-changed = Order of the pages changed
change-font-changed = Font replaced
change-image-changed = Image or drawing replaced
change-action-added = Action or script added { $new }
change-catalog-changed = Document structure changed { $new }
change-catalog-replaced = Document structure replaced { $new }
change-object-stream-replaced = Container of objects replaced { $new }
change-object-changed = A part of the document changed
verification-report = Verification report
report-verdict-valid = Valid
report-verdict-invalid = Invalid
report-verdict-indeterminate = Undecided
report-verdict-unsigned = Not signed
report-file = File
report-checked = Checked
report-revisions = States of the file
report-evidence = Long-term evidence
report-true = yes
report-false = no
report-none = –
report-problems = What is wrong
report-warnings = Worth knowing
report-changes = Added and changed after the first signature
report-change = State { $revision }: { $change }
report-field = Field
report-signed = Stated time
report-stamped = Time-stamp
report-reason = Reason
report-level = PAdES level
report-algorithm = Algorithm
report-intact = Intact
report-trusted = Identity confirmed
report-covers = Covers
report-covers-file = the whole file
report-covers-revision = a whole state of the file
report-covers-part = a part only
report-covers-unknown = unknown
report-after = Changes after it
report-changes-none = none
report-changes-allowed = only what may be added
report-changes-forbidden = something that must not be changed
report-changes-unknown = cannot be decided
report-entry = Register of seals
report-unknown = Unknown signer
report-type-approval = Signature
report-type-certification = Certification
report-type-seal = Seal
report-type-timestamp = Time-stamp
report-footer = This report is itself signed. It is about the file with the digest above and no other.
error-signing-session-over = { $reason ->
    [unknown] Please enter your PIN again: what it was entered for is not open here.
    [digest] Your PIN was not entered for this document. Nothing was signed.
   *[ended] You signed out, changed your PIN or took too long, so nothing more was signed. Repeat the rest with your PIN.
}
error-pin-locked = Too many wrong PINs: this key is locked. Ask for a new key under “Me”. Nothing was signed.
error-token-not-assigned = The PKCS#11 token “{ $token }” is not assigned to you, or no longer. Ask the administrator. Nothing was signed.
error-token-not-free = { $reason ->
    [person] The PKCS#11 token “{ $token }” is somebody else's. A token belongs to one person alone; take it back there first.
    [seal] The PKCS#11 token “{ $token }” holds keys of seals. People need tokens of their own.
   *[server] The PKCS#11 token “{ $token }” is the server's own. People need tokens of their own.
}
notice-signing-token-assigned = The PKCS#11 token “{ $token }” was assigned to you: under “Me” you can take a key in it to sign with. If you expected none, tell the administrator.
notice-signing-token-taken = The PKCS#11 token “{ $token }” is no longer assigned to you. You cannot sign with its keys any more.
error-replacement-not-open = There is nothing to consent to or to stop here any more.
error-replacement-needs-other = { $reason ->
    [password] You gave this person a new password lately. Somebody else has to consent.
   *[oneself] Somebody else has to consent, not you.
}
notice-pin-wrong-often = Your signing PIN was entered wrongly { $failures } times, last from { $address }. If that was not you, change your password and tell the administrator.
notice-pin-locked = Your signing key is locked after too many wrong PINs. Ask for a new key.
notice-pin-changed = Your signing PIN was changed, and your other sign-ins were ended. If that was not you, tell the administrator at once.
notice-key-replacement-asked = A new signing key was asked for in your name. If that was not you, stop it and change your password.
notice-key-replacement-wanted = { $person } asks for a new signing key because of a forgotten PIN. Make sure that it was them, then consent or stop it.
notice-key-replacement-consented = { $person } consented to a new signing key for you. From { $due } a new PIN can be set; until then you can stop it.
notice-key-replacement-stopped = { $person } stopped the replacement of a signing key. The old key stays.
notice-key-replacement-done = You have a new signing key; the old certificate is revoked. If that was not you, tell the administrator at once.
error-second-factor-needed = A second factor is asked for here. Enter a one-time code or use a passkey. Nothing was signed.
error-second-factor-wrong = The code or passkey is not right, or was used already. Nothing was signed.
error-second-factor-missing = You have not set up a second factor. Set one up under “Me”.
notice-second-factor-added = A second factor was added to your account. If that was not you, tell the administrator at once.
notice-second-factor-removed = A second factor was removed from your account. If that was not you, tell the administrator at once.
