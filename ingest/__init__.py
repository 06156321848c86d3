"""Bytes in, checked original out: PDF, text, pictures of pages."""
