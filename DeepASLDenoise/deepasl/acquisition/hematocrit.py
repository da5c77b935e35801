"""T1 of arterial blood from the hematocrit and the field strength.

Blood is a mixture of plasma and erythrocytes between which water moves much faster than it relaxes: their relaxation
rates add up in proportion to their water. Both rates fall with the field strength; that of erythrocytes rises with
the hemoglobin that has given off its oxygen.

Source: Hales et al., J Cereb Blood Flow Metab 2016;36:370-374, a fit to measurements of blood outside the body at 1.5
to 7 T. At a hematocrit of 0.42 it gives 1.53, 1.66 and 2.16 s at 1.5, 3 and 7 T; in the vessels of people Zhang et al.
(Magn Reson Med 2013;70:1082-1086) found 1.48, 1.65 and 2.09 s. Carotid blood at 3 T relaxed 0.1 to 0.2 s more slowly
than either (Li et al., Magn Reson Med 2017;77:2296-2302): no offset is added for that, so that a person of usual
hematocrit has the flow that the consensus constants give.
"""

from __future__ import annotations

WATER_OF_ERYTHROCYTES = 0.70
WATER_OF_PLASMA = 0.95
"""Water per volume, mL/mL."""

HEMOGLOBIN = 5.15
"""Mean corpuscular concentration of hemoglobin tetramers, mmol/L."""

ARTERIAL_SATURATION = 0.97
"""Share of the hemoglobin of arterial blood that carries oxygen."""

FIELD_RANGE = (1.5, 7.0)
"""Field strengths in T between which the model was fitted."""


def blood_t1(hematocrit: float, field_strength: float, saturation: float = ARTERIAL_SATURATION) -> float:
    """T1 of blood in s.

    Args:
        hematocrit: Volume fraction of red cells.
        field_strength: In T.
        saturation: Oxygen saturation as a fraction.

    Raises:
        ValueError: If the hematocrit is no fraction between 0 and 1, or the field strength is outside `FIELD_RANGE`.
    """
    if not is_fraction(hematocrit):
        raise ValueError(f"a hematocrit of {hematocrit:g} is no fraction between 0 and 1")
    if not is_measured_field(field_strength):
        raise ValueError(f"T1 of blood was measured at {FIELD_RANGE[0]:g} to {FIELD_RANGE[1]:g} T")
    cells = WATER_OF_ERYTHROCYTES * hematocrit
    share_of_cells = cells / (cells + WATER_OF_PLASMA * (1.0 - hematocrit))
    rate_of_cells = 1.099 - 0.057 * field_strength + 0.033 * HEMOGLOBIN * (1.0 - saturation)
    rate_of_plasma = 0.496 - 0.023 * field_strength
    return 1.0 / (share_of_cells * rate_of_cells + (1.0 - share_of_cells) * rate_of_plasma)


def is_fraction(hematocrit: float) -> bool:
    """Whether a hematocrit can be: not in percent, not nothing."""
    return 0.0 < hematocrit < 1.0


def is_measured_field(field_strength: float) -> bool:
    """Whether the model holds at a field strength in T: scanners called 1.5 and 7 T have a little less or more."""
    low, high = FIELD_RANGE
    return 0.95 * low <= field_strength <= 1.05 * high
