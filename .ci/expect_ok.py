"""Fail unless every run in an output folder is ok, or skipped with a reason."""

import collections
import sys
from pathlib import Path

from ebmbench.records import Status, read_records

records = read_records(Path(sys.argv[1]))
bad = [r for r in records if r.status not in (Status.OK, Status.SKIPPED)]
for record in bad:
    print(f"{record.task} × {record.method} seed {record.seed}: {record.status}: {record.message}")
counts = collections.Counter(record.status.value for record in records)
print(f"{Path(sys.argv[1])}: {dict(counts)}")
sys.exit(bool(bad) or counts["ok"] < 180)
