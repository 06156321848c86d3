"""Keeping periods, backups and exports."""
