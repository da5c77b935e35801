"""Phantom scans at several post-labeling delays, and a subject that the model of their fit describes exactly."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from deepasl.acquisition.parameters import Source
from deepasl.phantom import Protocol, Subject, Transit, TransitMaps, acquire, default_anatomy, make_subject
from deepasl.quantification.buxton import PARTITION_COEFFICIENT
from deepasl.series import AslSeries
from phantom_scans import COARSE

T1_BLOOD = 1.65


def late_subject(regional_sd: float = 0.0, seed: int = 0) -> Subject:
    """Blood that arrives after 0.9 s in grey and 1.4 s in white matter, its label decaying as in blood ever after."""
    times = Transit(grey_att=0.9, white_att=1.4, regional_sd=regional_sd)
    subject = make_subject(default_anatomy(COARSE), grey_cbf=60.0, white_cbf=20.0, transit=times, seed=seed)
    assert subject.transit is not None
    # The T1 of tissue that outflow shortens to that of blood.
    t1 = 1.0 / (1.0 / T1_BLOOD - subject.cbf / (6000.0 * PARTITION_COEFFICIENT))
    return replace(subject, transit=TransitMaps(subject.transit.att, np.where(subject.cbf > 0.0, t1, 0.0)))


def acquire_delays(
    subject: Subject, delays: Sequence[float], protocol: Protocol, *, noise_sd: float = 0.0, seed: int = 0
) -> AslSeries:
    """One series of all pairs at the first delay, then all at the second, and so on; M0 volumes come first."""
    scans = [
        acquire(
            subject,
            replace(protocol, pld=delay, m0_volumes=protocol.m0_volumes if number == 0 else 0),
            noise_sd=noise_sd,
            seed=1000 * seed + number,
        )
        for number, delay in enumerate(delays)
    ]
    of_each = tuple(t for scan in scans for t in scan.acquisition.post_labeling_delay.require())
    return replace(
        scans[0],
        volumes=np.concatenate([scan.volumes for scan in scans]),
        roles=tuple(role for scan in scans for role in scan.roles),
        acquisition=scans[0].acquisition.with_values(Source.FILE, "phantom", post_labeling_delay=of_each),
    )
