"""Invoices: their fields from every source of a file, checked, identified, claimed once."""
