"""Croissant metadata of a published folder.

MLCommons (2024), *Croissant format specification* 1.0,
https://docs.mlcommons.org/croissant/docs/croissant-spec.html: a schema.org data set in JSON-LD
that names its files with their hashes and the columns of its tables.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ebmbench.records import Record
from ebmbench.report.publication.parquet import Kind, kinds_of

CROISSANT = "croissant.json"
LICENCE = "https://spdx.org/licenses/MIT.html"

_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
"""As the specification and its library ``mlcroissant`` give it, whole."""

_TYPES: dict[Kind, str] = {
    "text": "sc:Text",
    "integer": "sc:Integer",
    "number": "sc:Float",
    "truth": "sc:Boolean",
}
_FORMATS = {
    ".csv": "text/csv",
    ".parquet": "application/vnd.apache.parquet",
    ".gz": "application/gzip",
}
_ROWS = {
    "results": "One row per task, method, seed and metric; a run without metrics has one row.",
    "pairs": "One row per task, seed and two methods: the difference of their log-likelihoods.",
}
_MEANINGS = {
    "task": "Name of the task card.",
    "task_version": "Raised by whoever changes what the task card computes.",
    "method": "Name of the method card.",
    "method_version": "Raised by whoever changes what the method card computes.",
    "seed": "Number of the replicate.",
    "preset": "How much every method may spend: smoke, standard or full.",
    "status": "How the run ended: ok, diverged, timeout, out_of_memory, failed or skipped.",
    "metric": "What was measured; costs are metrics too.",
    "value": "The measured number, in the unit of its row.",
    "stderr": "Its standard error, where it has one.",
    "lower": "Lower end of its bracket, where it has one.",
    "upper": "Upper end of its bracket, where it has one.",
    "certified": "Whether the checks on the number agree within the tolerance of the task.",
    "unit": "Unit of value, stderr, lower and upper.",
    "higher_is_better": "Direction of the metric.",
    "contended": "Whether other work shared the cores while the run was timed.",
    "run_id": "Hash of what was asked of the run.",
}


def to_croissant(
    records: Sequence[Record], name: str, tables: Mapping[str, str], files: Mapping[str, bytes]
) -> str:
    """Return the content of ``croissant.json``.

    Arguments:
        records: of the folder.
        name: of the folder.
        tables: CSV text by name without suffix; each becomes a set of records.
        files: content by name, of every file that the metadata lists.
    """
    days = sorted(record.started[:10] for record in records)
    releases = sorted({record.versions.get("ebmbench", "") for record in records} - {""})
    metadata: dict[str, Any] = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": f"ebmbench-{name}",
        "description": (
            f"Runs of ebmbench, a benchmark of training objectives for energy-based models: "
            f"{len(records)} runs with what was asked, what came out and what it cost."
        ),
        "citeAs": _bibtex(name, days[-1][:4]),
        "license": LICENCE,
        "url": "README.md",
        "creator": {"@type": "sc:Organization", "name": "The ebmbench developers"},
        "datePublished": days[-1],
        "distribution": [_file(each, content) for each, content in sorted(files.items())],
        "recordSet": [_record_set(each, text) for each, text in tables.items()],
    }
    if releases:
        metadata["version"] = releases[-1]
    return json.dumps(metadata, indent=1, ensure_ascii=False) + "\n"


def _bibtex(name: str, year: str) -> str:
    title = f"ebmbench: a benchmark of training objectives for energy-based models, {name}"
    fields = {"author": "{The ebmbench developers}", "title": title, "year": year}
    inside = ", ".join(f"{key} = {{{value}}}" for key, value in fields.items())
    return f"@misc{{ebmbench, {inside}}}"


def _file(name: str, content: bytes) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": name,
        "name": name,
        "contentUrl": name,
        "contentSize": f"{len(content)} B",
        "encodingFormat": _FORMATS[name[name.rindex(".") :]],
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def _record_set(name: str, text: str) -> dict[str, Any]:
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "description": _ROWS[name],
        "field": [
            {
                "@type": "cr:Field",
                "@id": f"{name}/{column}",
                "name": column,
                "description": _MEANINGS.get(column, f"Column {column} of {name}.csv."),
                "dataType": _TYPES[kind],
                "source": {
                    "fileObject": {"@id": f"{name}.csv"},
                    "extract": {"column": column},
                },
            }
            for column, kind in kinds_of(text).items()
        ],
    }


def wrong_files(folder: Path) -> list[str]:
    """Return a sentence for each file of a published folder that is not what the metadata say.

    Arguments:
        folder: with or without ``croissant.json``; without it there is nothing to say.
    """
    try:
        listed = json.loads((folder / CROISSANT).read_text(encoding="utf-8"))["distribution"]
        said = {str(each["name"]): str(each["sha256"]) for each in listed}
    except FileNotFoundError:
        return []
    except (ValueError, KeyError, TypeError):
        return [f"{CROISSANT} lists no files with their hashes; `ebmbench publish` writes it"]
    # Names in it are data: they are looked up among the files there, and never opened as they are.
    there = {path.name: path for path in folder.iterdir() if path.suffix in _FORMATS}
    problems = [
        f"{name} stands in {CROISSANT} and is missing" for name in sorted(said.keys() - there)
    ]
    for name, path in sorted(there.items()):
        if name in said and hashlib.sha256(path.read_bytes()).hexdigest() != said[name]:
            problems.append(
                f"{name} is not the file that {CROISSANT} lists; `ebmbench publish` writes both"
            )
    return problems
