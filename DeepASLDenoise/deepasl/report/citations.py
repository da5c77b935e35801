"""The publications that methods rest on, and their numbers in a text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Reference:
    """A publication.

    Attributes:
        text: Authors, title, journal, as a reference list has them.
        doi: Digital object identifier, without a resolver.
    """

    text: str
    doi: str


PUBLICATIONS: Mapping[str, Reference] = MappingProxyType(
    {
        "alsop": Reference(
            "Alsop DC, Detre JA, Golay X, et al. Recommended implementation of arterial spin-labeled perfusion MRI for "
            "clinical applications. Magn Reson Med 2015;73:102-116.",
            "10.1002/mrm.25197",
        ),
        "asllani": Reference(
            "Asllani I, Borogovac A, Brown TR. Regression algorithm correcting for partial volume effects in arterial "
            "spin labeling MRI. Magn Reson Med 2008;60:1362-1371.",
            "10.1002/mrm.21670",
        ),
        "buxton": Reference(
            "Buxton RB, Frank LR, Wong EC, et al. A general kinetic model for quantitative perfusion imaging with "
            "arterial spin labeling. Magn Reson Med 1998;40:383-396.",
            "10.1002/mrm.1910400308",
        ),
        "chappell": Reference(
            "Chappell MA, Groves AR, Whitcher B, Woolrich MW. Variational Bayesian inference for a nonlinear forward "
            "model. IEEE Trans Signal Process 2009;57:223-236.",
            "10.1109/TSP.2008.2005752",
        ),
        "deepasl": Reference(
            "Ulas C, Tetteh G, Kaczmarz S, Preibisch C, Menze BH. DeepASL: kinetic model incorporated loss for "
            "denoising arterial spin labeled MRI via deep residual learning. MICCAI 2018, LNCS 11070:30-38.",
            "10.1007/978-3-030-00928-1_4",
        ),
        "dolui": Reference(
            "Dolui S, Wang Z, Shinohara RT, Wolk DA, Detre JA. Structural correlation-based outlier rejection (SCORE) "
            "algorithm for arterial spin labeling time series. J Magn Reson Imaging 2017;45:1786-1797.",
            "10.1002/jmri.25436",
        ),
        "hales": Reference(
            "Hales PW, Kirkham FJ, Clark CA. A general model to calculate the spin-lattice (T1) relaxation time of "
            "blood, accounting for haematocrit, oxygen saturation and magnetic field strength. J Cereb Blood Flow "
            "Metab 2016;36:370-374.",
            "10.1177/0271678X15605856",
        ),
        "maumet": Reference(
            "Maumet C, Maurel P, Ferré JC, Barillot C. Robust estimation of the cerebral blood flow in arterial spin "
            "labelling. Magn Reson Imaging 2014;32:497-504.",
            "10.1016/j.mri.2014.01.016",
        ),
        "power": Reference(
            "Power JD, Barnes KA, Snyder AZ, Schlaggar BL, Petersen SE. Spurious but systematic correlations in "
            "functional connectivity MRI networks arise from subject motion. NeuroImage 2012;59:2142-2154.",
            "10.1016/j.neuroimage.2011.10.018",
        ),
        "ramani": Reference(
            "Ramani S, Blu T, Unser M. Monte-Carlo SURE: a black-box optimization of regularization parameters for "
            "general denoising algorithms. IEEE Trans Image Process 2008;17:1540-1554.",
            "10.1109/TIP.2008.2001404",
        ),
        "roche": Reference(
            "Roche A, Malandain G, Pennec X, Ayache N. The correlation ratio as a new similarity measure for "
            "multimodal image registration. MICCAI 1998, LNCS 1496:1115-1124.",
            "10.1007/BFb0056301",
        ),
        "stein": Reference(
            "Stein CM. Estimation of the mean of a multivariate normal distribution. Ann Stat 1981;9:1135-1151.",
            "10.1214/aos/1176345632",
        ),
        "veraart": Reference(
            "Veraart J, Novikov DS, Christiaens D, Ades-Aron B, Sijbers J, Fieremans E. Denoising of diffusion MRI "
            "using random matrix theory. NeuroImage 2016;142:394-406.",
            "10.1016/j.neuroimage.2016.08.016",
        ),
        "wang": Reference(
            "Wang Z. Improving cerebral blood flow quantification for arterial spin labeled perfusion MRI by removing "
            "residual motion artifacts and global signal fluctuations. Magn Reson Imaging 2012;30:1409-1415.",
            "10.1016/j.mri.2012.05.004",
        ),
        "woods": Reference(
            "Woods JG, Achten E, Asllani I, et al. Recommendations for quantitative cerebral perfusion MRI using "
            "multi-timepoint arterial spin labeling: acquisition, quantification, and clinical applications. "
            "Magn Reson Med 2024;92:469-495.",
            "10.1002/mrm.30091",
        ),
    }
)
"""By the key that a text cites them with."""

KEYS = re.compile(r"\[@([^]]+)\]")
"""Where a text cites: ``[@alsop]``, several as ``[@alsop;buxton]``."""


def numbered(text: str) -> tuple[str, tuple[Reference, ...]]:
    """Replace citation keys by numbers in order of appearance.

    Args:
        text: With citations such as ``[@alsop]`` or ``[@alsop;buxton]``.

    Returns:
        The text with ``[1]`` or ``[1, 2]`` in their place, and the publications in the order of their numbers.

    Raises:
        KeyError: If a key is none of `PUBLICATIONS`.
    """
    cited = tuple(dict.fromkeys(key for keys in KEYS.findall(text) for key in keys.split(";")))
    numbers = {key: str(number) for number, key in enumerate(cited, start=1)}

    def in_brackets(keys: re.Match[str]) -> str:
        return f"[{', '.join(numbers[key] for key in keys[1].split(';'))}]"

    return KEYS.sub(in_brackets, text), tuple(PUBLICATIONS[key] for key in cited)
