"""Keys, certificates, seals, signatures, time-stamps and their verification."""
