"""Renditions of a PDF: for the archive, for looking at, for signing. Runs in the worker process only."""

from ingest.renditions.making import archival, flattened, viewer

__all__ = ["archival", "flattened", "viewer"]
