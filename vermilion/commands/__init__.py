"""The commands of ``vermilion``, one module for each group."""
