"""OFD (GB/T 33190): packages read, pages drawn as PDF, data and seals found."""
