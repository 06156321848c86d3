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
error-signing-refused = This PDF cannot be signed: { $reason }.
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
