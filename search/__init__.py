"""One index interface; Tantivy is the embedded engine."""
