"""The record of one run, the folders that hold records, and the tidy table derived from them.

A record is one JSON text that stands alone: what was asked, what came out, what it cost, and
everything needed to do it again. The leaderboard is a pure function of these texts.
"""

from ebmbench.records.beside import NAMED, beside, digest_of, files_beside, named_after
from ebmbench.records.brief import Brief, Outline
from ebmbench.records.carrying import carried
from ebmbench.records.curve import Curve, CurvePoint
from ebmbench.records.folder import (
    holds_records,
    iter_stored,
    no_collection,
    read_briefs,
    read_record,
    read_records,
    record_path,
)
from ebmbench.records.model import (
    SCHEMA,
    LevelRecord,
    LogZRecord,
    MarkRecord,
    MetricRecord,
    Record,
    RunCost,
    RunOutcome,
    SelectionRecord,
    Status,
    network_passes,
    to_json,
)
from ebmbench.records.pack import PACK, is_packed, pack_bytes, without_files
from ebmbench.records.stored import Stored, as_written
from ebmbench.records.tidy import COLUMNS, results_csv, tidy_rows, write_tidy
from ebmbench.records.unpacking import unpack

__all__ = [
    "COLUMNS",
    "NAMED",
    "PACK",
    "SCHEMA",
    "Brief",
    "Curve",
    "CurvePoint",
    "LevelRecord",
    "LogZRecord",
    "MarkRecord",
    "MetricRecord",
    "Outline",
    "Record",
    "RunCost",
    "RunOutcome",
    "SelectionRecord",
    "Status",
    "Stored",
    "as_written",
    "beside",
    "carried",
    "digest_of",
    "files_beside",
    "holds_records",
    "is_packed",
    "iter_stored",
    "named_after",
    "network_passes",
    "no_collection",
    "pack_bytes",
    "read_briefs",
    "read_record",
    "read_records",
    "record_path",
    "results_csv",
    "tidy_rows",
    "to_json",
    "unpack",
    "without_files",
    "write_tidy",
]
