"""Flows, cases, tasks, decisions and the approval sheet."""
