"""The report of a run: one HTML file that needs no network, no server and nothing beside it.

Python makes one JSON document of a result; the page's own JavaScript draws the maps and builds the tables from it.
Names and messages come from files of others: they enter the page as JSON and reach the reader through
``textContent`` alone. A content security policy forbids the page to load anything.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from deepasl.findings import Severity, worst_first
from deepasl.report.figures import figures_data
from deepasl.report.maps import maps_data
from deepasl.report.methods import equation, methods_of
from deepasl.report.quality import quality_data
from deepasl.report.steps import steps_of
from deepasl.report.tables import model_data, parameters_data, statistics_data, volumes_data
from deepasl.results import Result
from deepasl.writers.provenance import findings_as_data, provenance_of

TEMPLATES = Path(__file__).resolve().parent / "templates"

PAGE = "report.html"

PLACE = re.compile(r"@@([\w.]+)@@")
"""Where another template, or the data, is put into the page."""


def report_html(result: Result) -> str:
    """A self-contained page about `result`; write it as UTF-8.

    Maps are stored in steps; see `deepasl.report.maps`. CBF is off by at most 0.025 mL/100g/min, the difference of
    two CBF maps by at most 0.05.
    """
    page = (TEMPLATES / PAGE).read_text(encoding="utf-8")
    document = _as_script(report_data(result))

    def part(place: re.Match[str]) -> str:
        return document if place[1] == "data" else (TEMPLATES / place[1]).read_text(encoding="utf-8").rstrip()

    return PLACE.sub(part, page)


def report_data(result: Result) -> dict[str, Any]:
    """Everything the page shows, as JSON types."""
    provenance, methods = provenance_of(result), methods_of(result)
    return {
        "name": result.name,
        "scan": provenance["Scan"],
        "created": datetime.now().astimezone().isoformat(timespec="minutes"),
        "geometry": result.geometry.describe(),
        "warnings": sum(finding.severity is not Severity.NOTE for finding in result.findings),
        "unit": result.statistics_unit,
        "maps": maps_data(result),
        "figures": figures_data(result),
        "statistics": statistics_data(result.statistics),
        "labels": statistics_data(result.label_statistics),
        "quality": quality_data(result),
        "findings": findings_as_data(worst_first(result.findings)),
        "tissue": _tissue_origin(result),
        "parameters": parameters_data(result),
        "steps": [asdict(step) for step in steps_of(result)],
        "volumes": volumes_data(result),
        "m0": None if result.m0 is None else {"origin": result.m0.origin, "recovery": result.m0.recovery},
        "model": model_data(result),
        "seconds": [[stage, float(seconds)] for stage, seconds in result.seconds.items()],
        "software": provenance["Software"],
        "methods": {
            "text": methods.text,
            "equation": equation(result),
            "references": [{"text": reference.text, "doi": reference.doi} for reference in methods.references],
        },
    }


def _tissue_origin(result: Result) -> str:
    """What told grey from white matter."""
    return (result.record and result.record.tissue_origin) or "estimated from perfusion itself"


def _as_script(data: dict[str, Any]) -> str:
    """JSON that cannot end the script element it stands in, whatever its strings hold (HTML standard, 4.12.1.3)."""
    return json.dumps(data, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")
