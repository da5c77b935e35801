"""The words and figures of a result as JSON: statistics, parameters, volumes, network."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from deepasl.acquisition.parameters import SPECS, Parameter, ParameterSpec
from deepasl.quality.metrics import change_percent
from deepasl.results import RegionStatistics, Result
from deepasl.series import Role

FIGURES = ("mean", "standard_deviation", "median", "coefficient_of_variation", "negative_fraction")


def statistics_data(statistics: Sequence[RegionStatistics]) -> list[dict[str, Any]]:
    """For each region the figures of both maps, and the change from conventional to denoised."""
    regions = dict.fromkeys(s.region for s in statistics)
    return [_region(name, [s for s in statistics if s.region == name]) for name in regions]


def parameters_data(result: Result) -> list[dict[str, Any]]:
    """Every parameter of the acquisition with its value in words, its usual range, and where it came from."""
    return [_parameter(SPECS[name], parameter) for name, parameter in result.acquisition]


def volumes_data(result: Result) -> dict[str, Any]:
    """What each volume was taken for, whether it entered the maps, and why."""
    partners = dict(result.pairs) | {label: control for control, label in result.pairs}
    dropped = {} if result.record is None else {t: each.reason for each in result.record.dropped for t in each.volumes}
    return {
        "volumes": [
            {
                "role": role.value,
                "used": t not in dropped and _is_used(result, t, partners),
                "partner": partners.get(t),
                "reason": f"outlier: {dropped[t]}" if t in dropped else "",
            }
            for t, role in enumerate(result.roles)
        ],
        "pairs": len(result.pairs),
        "evidence": list(result.role_evidence),
    }


def model_data(result: Result) -> dict[str, Any]:
    """The network and the device it ran on."""
    model = result.model
    return {
        "id": model.id,
        "title": model.title,
        "sha256": model.sha256,
        "provider": model.provider,
        "providerReason": model.provider_reason,
        "scale": model.scale,
        "noise": _number(result.noise),
    }


def _region(name: str, rows: list[RegionStatistics]) -> dict[str, Any]:
    return {
        "region": name,
        "maps": [{"map": row.map, "voxels": row.voxels} | _figures(row) for row in rows],
        "change": _change({row.map: row for row in rows}),
    }


def _figures(row: RegionStatistics) -> dict[str, float | None]:
    return {figure: _number(getattr(row, figure)) for figure in FIGURES}


def _change(rows: dict[str, RegionStatistics]) -> dict[str, float | None] | None:
    """Denoised minus conventional, and the change of the mean in percent of the conventional mean."""
    if not {"conventional", "denoised"} <= rows.keys():
        return None
    before, after = rows["conventional"], rows["denoised"]
    changes = {figure: _number(getattr(after, figure) - getattr(before, figure)) for figure in FIGURES}
    return changes | {"mean_percent": _number(change_percent(before.mean, after.mean))}


def _parameter(spec: ParameterSpec, parameter: Parameter[Any]) -> dict[str, Any]:
    values = _values(spec.field, parameter)
    return {
        "field": spec.field,
        "title": spec.title,
        "value": _value_text(values, spec.unit),
        "usual": "" if spec.usual is None else f"{spec.usual[0]:g} to {spec.usual[1]:g} {spec.unit}".rstrip(),
        "unusual": any(spec.is_unusual(value) for value in values),
        "source": parameter.source.value if parameter.source else "",
        "origin": parameter.origin,
        "meaning": spec.meaning,
    }


def _values(field: str, parameter: Parameter[Any]) -> tuple[Any, ...]:
    """Every value of a parameter; of delays by volume not the 0 that M0 volumes have beside others."""
    if not parameter.known:
        return ()
    value = parameter.require()
    values = value if isinstance(value, tuple) else (value,)
    if field == "post_labeling_delay" and any(values):
        return tuple(v for v in values if v)
    return values


def _value_text(values: tuple[Any, ...], unit: str) -> str:
    """Value and unit; the range where there are many."""
    distinct = tuple(dict.fromkeys(values))
    if len(distinct) > 6:
        return f"{_text(min(distinct))} to {_text(max(distinct))} {unit} ({len(values)} values)"
    return f"{', '.join(_text(value) for value in distinct)} {unit}".strip()


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.6g}" if isinstance(value, (int, float)) else str(value)


def _is_used(result: Result, t: int, partners: dict[int, int]) -> bool:
    role = result.roles[t]
    if role is Role.M0SCAN:
        return result.m0 is not None and t in result.m0.volumes
    return t in partners or (role is Role.DELTAM and not result.pairs)


def _number(value: float) -> float | None:
    """JSON has no NaN."""
    return float(value) if math.isfinite(value) else None
