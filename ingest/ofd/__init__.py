"""OFD (GB/T 33190-2016): packages of strangers read safely and drawn to PDF as they look."""
