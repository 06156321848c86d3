"""The entry points: command line and application assembly."""
