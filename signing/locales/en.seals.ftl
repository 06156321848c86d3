error-keeper-not-auditor = { $seal ->
    [none] Whoever is a seal keeper cannot be an auditor at the same time. End the role of seal keeper first.
   *[other] This person keeps the seal “{ $seal }” and so cannot be an auditor. Hand the seal over and end the role of seal keeper first.
}
error-auditor-not-keeper = Whoever is an auditor cannot keep seals at the same time. End the role of auditor first.
error-print-missing = No red print of a seal on light paper was found in this picture. Photograph or scan the print by itself, from above, in good light.
error-print-several = There is more than one print in this picture. Cut it down to the one seal and upload it again.
error-print-too-coarse = The print has { $pixels } pixels: at { $width_mm } × { $height_mm } mm that is { $found } dpi, and { $needed } dpi are needed. Scan it with at least { $needed } dpi, or photograph it from nearer: { $wanted } pixels across the seal.
error-print-out-of-shape = The print is { $ratio } high for 100 of its width, but its size would be { $wanted }. Give its true width and height, or photograph it straight from above.
pki-signing-tokens-lost = { $count ->
    [one] One person signs
   *[other] { $count } people sign
} with a PKCS#11 token that is out of reach: set VERMILION_PKCS11_MODULE, and let VERMILION_PKCS11_TOKEN name no person's token.
pki-slot-keys-waiting = { $count ->
    [one] One key that its seal needs no more lies in its PKCS#11 token still
   *[other] { $count } keys that their seals need no more lie in their PKCS#11 token still
}. They are destroyed there as soon as the token can be used and nobody else signs with them.
