"""Objects: bytes named by their SHA-256, written once, in a folder or in S3."""
