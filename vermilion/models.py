"""Every room's tables, loaded, so that the metadata is whole."""

from __future__ import annotations

import core.models
import ingest.invoices.models
import ingest.models
import retention.models
import search.models
import signing.custody_models
import signing.models
import signing.register_models
import storage.models
import workflow.batch_models
import workflow.models
from core.database import Base

METADATA = Base.metadata

__all__ = ["METADATA", "core", "ingest", "retention", "search", "signing", "storage", "workflow"]
