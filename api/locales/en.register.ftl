# Columns of the register, exported
register-title = Seal register
register-kind = Kind
register-kind-electronic = electronic
register-kind-paper = by hand, on paper
register-kind-correction = correction
register-corrects = Corrects line
register-changes = Changes
register-reason = Reason of the correction
register-second = Second person
register-scan = Scan of the stamped page
register-scan-open = not there yet
register-scan-there = there
register-before = SHA-256 before
register-after = SHA-256 after
