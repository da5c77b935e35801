"""Scanners of which there is no real scan: synthetic DICOM files made from their documented attributes."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deepasl.acquisition.parameters import LabelingType, Source
from deepasl.findings import Severity
from deepasl.geometry import Geometry
from deepasl.phantom import Protocol, acquire, default_anatomy, make_subject
from deepasl.pipeline import Settings, prepare
from deepasl.progress import Clock, run
from deepasl.readers.dicom import Request, read_dicom
from deepasl.readers.dicom.csa import measurement_protocol
from deepasl.readers.dicom.siemens import siemens_facts
from deepasl.series import AslSeries, FloatArray, Role
from phantom_scans import COARSE
from synthetic_dicom import ge_header, ge_volume, mr_header, philips_label, siemens_header, tilted, write_slices


@pytest.fixture(scope="module")
def person() -> AslSeries:
    """Six pairs and an M0 volume of a synthetic person on a tilted grid."""
    subject = make_subject(default_anatomy(tilted(COARSE)))
    return acquire(subject, Protocol(pairs=6), noise_sd=1.0, seed=3)


@pytest.fixture(scope="module")
def deltam(person: AslSeries) -> FloatArray:
    return (person.volumes_of(Role.CONTROL) - person.volumes_of(Role.LABEL)).mean(axis=0)


def in_space(volume: FloatArray, geometry: Geometry, points: np.ndarray) -> np.ndarray:
    """Values of a volume ``[k, j, i]`` at points ``[n, 3]`` in mm that are centers of its voxels."""
    index = np.linalg.inv(geometry.ijk_to_lps()) @ np.vstack([points.T, np.ones(len(points))])
    np.testing.assert_allclose(index[:3], np.rint(index[:3]), atol=0.01)
    i, j, k = np.rint(index[:3]).astype(int)
    return volume[k, j, i]


def assert_same_in_space(read: FloatArray, at: Geometry, true: FloatArray, geometry: Geometry, step: float) -> None:
    """Compare where voxels lie in the patient, whatever the order of rows in memory."""
    chosen = np.random.default_rng(0).integers(0, np.array(geometry.shape)[::-1], size=(500, 3))
    points = (geometry.ijk_to_lps() @ np.hstack([chosen, np.ones((500, 1))]).T)[:3].T
    np.testing.assert_allclose(in_space(read, at, points), in_space(true, geometry, points), atol=step)


def write_ge(folder: Path, person: AslSeries, deltam: FloatArray, factor: float = 96.0, **header: Any) -> None:
    write_slices(folder, [deltam * factor, person.volumes[0]], person.geometry, ge_header(**header), ge_volume)


def test_ge_is_a_subtracted_image_with_a_proton_density_image(
    tmp_path: Path, person: AslSeries, deltam: FloatArray
) -> None:
    write_ge(tmp_path, person, deltam)
    series = read_dicom(tmp_path).series
    assert series.roles == (Role.DELTAM, Role.M0SCAN)
    acquisition = series.acquisition
    assert acquisition.labeling_type.value is LabelingType.PCASL
    assert "(0043,10A3)" in acquisition.labeling_type.origin
    assert acquisition.labeling_duration.value == 1.45
    assert acquisition.post_labeling_delay.value == (2.025,)
    assert acquisition.m0_repetition_time.value == 2.0
    assert acquisition.m0_repetition_time.source is Source.DEFAULT
    assert_same_in_space(series.volumes[0] / 96, series.geometry, deltam, person.geometry, step=0.01)


def test_ge_scale_is_32_times_the_excitations(tmp_path: Path, person: AslSeries, deltam: FloatArray) -> None:
    write_ge(tmp_path, person, deltam)
    series = read_dicom(tmp_path).series
    told = {f.code: f.message for f in series.findings}
    assert "96" in told["ge-scale"]
    assert "(0027,1062)" in told["ge-scale"]
    assert_same_in_space(series.volumes[1] / 96, series.geometry, person.volumes[0], person.geometry, step=0.51)


def test_a_ge_image_that_was_not_multiplied_is_asked_about_and_not_guessed(
    tmp_path: Path, person: AslSeries, deltam: FloatArray
) -> None:
    write_slices(tmp_path, [deltam, person.volumes[0]], person.geometry, ge_header(excitations=1.0), ge_volume, 0.05)
    doubt = next(f for f in read_dicom(tmp_path).series.findings if f.code == "scale-doubtful")
    assert doubt.severity is Severity.ERROR
    assert "--m0-scale" in doubt.message
    settled = read_dicom(tmp_path, Request(m0_scale=1.0)).series
    assert "scale-doubtful" not in {f.code for f in settled.findings}
    assert_same_in_space(settled.volumes[1], settled.geometry, person.volumes[0], person.geometry, step=0.03)


def test_ge_without_excitations_is_asked_for_its_scale(tmp_path: Path, person: AslSeries, deltam: FloatArray) -> None:
    write_ge(tmp_path, person, deltam, excitations=None)
    assert "scale-doubtful" in {f.code for f in read_dicom(tmp_path).series.findings}


def test_times_of_a_ge_scan_with_several_delays_are_left_out(
    tmp_path: Path, person: AslSeries, deltam: FloatArray
) -> None:
    volumes = [deltam * 96, deltam * 90, person.volumes[0]]

    def of_volume(t: int) -> Any:
        return {**ge_volume(0 if t < 2 else 1), "AcquisitionNumber": t + 1}

    write_slices(tmp_path, volumes, person.geometry, ge_header(), of_volume)
    series = read_dicom(tmp_path).series
    assert series.roles == (Role.DELTAM, Role.DELTAM, Role.M0SCAN)
    assert not series.acquisition.labeling_duration.known
    assert not series.acquisition.post_labeling_delay.known
    assert "ge-several-delays" in {f.code for f in series.findings}


def test_ge_images_in_two_series_belong_together(tmp_path: Path, person: AslSeries, deltam: FloatArray) -> None:
    write_slices(tmp_path / "a", [deltam * 96], person.geometry, ge_header(), ge_volume)
    other = ge_header(SeriesInstanceUID="1.2.826.0.1.3680043.8.498.1.6", SeriesNumber=6)
    write_slices(tmp_path / "b", [person.volumes[0]], person.geometry, other, lambda t: ge_volume(1))
    scan = read_dicom(tmp_path)
    assert scan.series.roles == (Role.DELTAM,)
    assert scan.m0 is not None
    assert scan.m0.number == 6
    assert scan.series.acquisition.labeling_type.value is LabelingType.PCASL
    assert scan.series.acquisition.m0_repetition_time.value == 2.0
    run(prepare(scan.series, Settings(), Clock()))


@pytest.mark.parametrize(("stored_divided_by", "doubtful"), [(1.0, False), (10.0, True)])
def test_a_siemens_m0_divided_by_10_is_asked_about_and_one_on_scale_is_not(
    tmp_path: Path, person: AslSeries, stored_divided_by: float, doubtful: bool
) -> None:
    pcasl = {"tSequenceFileName": '""%CustomerSeq%\\ep2d_pcasl""', "sWipMemBlock.adFree[2]": 1800000.0}
    header = siemens_header({**pcasl, "sWipMemBlock.adFree[3]": 98}, MRAcquisitionType="3D")
    alternating = [person.volumes[t] for t in range(1, 13)]
    write_slices(tmp_path / "asl", alternating, person.geometry, header, lambda t: {"AcquisitionNumber": t + 1}, 0.1)
    m0 = {
        **header,
        "SeriesInstanceUID": "1.2.826.0.1.3680043.8.498.1.7",
        "SeriesDescription": "asl_m0",
    }
    write_slices(tmp_path / "m0", [person.volumes[0] / stored_divided_by], person.geometry, m0, scale=0.1)
    series = read_dicom(tmp_path).series
    assert series.m0scan is not None
    assert series.roles == (Role.CONTROL, Role.LABEL) * 6
    assert series.acquisition.labeling_duration.value == pytest.approx(98 * 0.0184)
    assert ("scale-doubtful" in {f.code for f in series.findings}) is doubtful


@pytest.mark.parametrize(("stored_divided_by", "doubtful"), [(1.0, False), (10.0, True)])
def test_an_m0_volume_divided_by_10_within_the_series_is_asked_about_too(
    tmp_path: Path, person: AslSeries, stored_divided_by: float, doubtful: bool
) -> None:
    pcasl = {"tSequenceFileName": '""%CustomerSeq%\\tgse_pcasl""', "sWipMemBlock.adFree[2]": 1800000.0}
    header = siemens_header({**pcasl, "sWipMemBlock.adFree[3]": 98})
    volumes = [person.volumes[0] / stored_divided_by, *person.volumes[1:13]]
    write_slices(tmp_path, volumes, person.geometry, header, lambda t: {"AcquisitionNumber": t + 1}, 0.1)
    series = read_dicom(tmp_path, Request(roles="m0scan,control-label")).series
    assert ("scale-doubtful" in {f.code for f in series.findings}) is doubtful
    settled = read_dicom(tmp_path, Request(roles="m0scan,control-label", m0_scale=stored_divided_by)).series
    assert "scale-doubtful" not in {f.code for f in settled.findings}


def test_an_m0_scan_on_another_grid_is_left_out_and_told(tmp_path: Path, person: AslSeries) -> None:
    header = siemens_header({"tSequenceFileName": '""%SiemensSeq%\\tgse_pasl""'})
    alternating = [person.volumes[t] for t in range(1, 13)]
    write_slices(tmp_path / "asl", alternating, person.geometry, header, lambda t: {"AcquisitionNumber": t + 1})
    other = {**header, "SeriesInstanceUID": "1.2.826.0.1.3680043.8.498.1.7", "SeriesDescription": "m0"}
    small = Geometry((6, 48, 48), person.geometry.spacing, person.geometry.origin, person.geometry.direction)
    write_slices(tmp_path / "m0", [person.volumes[0][:6]], small, other)
    scan = read_dicom(tmp_path)
    assert scan.series.m0scan is None
    assert "m0-other-grid" in {f.code for f in scan.series.findings}


def test_philips_labels_order_volumes_whatever_their_instance_numbers(tmp_path: Path, person: AslSeries) -> None:
    header = mr_header(Manufacturer="Philips", ProtocolName="WIP pCASL", SeriesDescription="source")
    bright = person.volumes[0] * 1.5
    volumes = [bright, bright - 3, *person.volumes[1:]]
    shuffled = np.random.default_rng(1).permutation(len(volumes))
    write_slices(
        tmp_path,
        [volumes[t] for t in shuffled],
        person.geometry,
        header,
        lambda n: {**philips_label(int(shuffled[n])), "AcquisitionNumber": 3},
    )
    series = read_dicom(tmp_path).series
    assert series.roles == (Role.M0SCAN, Role.M0SCAN, *(Role.CONTROL, Role.LABEL) * 6)
    for t, volume in enumerate(volumes):
        # Signal is the stored value over the scale slope of (2005,100E), which is 0.05.
        assert_same_in_space(series.volumes[t] * 0.05, series.geometry, volume, person.geometry, step=0.51)


def test_philips_phases_give_their_delays_by_trigger_time(tmp_path: Path, person: AslSeries) -> None:
    """Two phases after each label: 300 and 800 ms; in a scan of one phase the same attribute is no delay."""
    header = mr_header(Manufacturer="Philips", ProtocolName="pCASL multiphase", SeriesDescription="source")
    volumes = [person.volumes[1 + t // 2] for t in range(8)]

    def of_volume(t: int) -> Any:
        dynamic, label, phase = t // 4, (t // 2) % 2, t % 2
        return {
            **philips_label(2 * dynamic + label),
            0x20011008: ("Philips Imaging DD 001", "IS", str(phase + 1)),
            "TriggerTime": (300.0, 800.0)[phase],
        }

    write_slices(tmp_path, volumes, person.geometry, header, of_volume)
    series = read_dicom(tmp_path).series
    delays = series.acquisition.post_labeling_delay.require()
    assert sorted(delays) == [0.3] * 4 + [0.8] * 4
    assert "look-locker" in {f.code for f in series.findings}


def test_standard_attributes_are_understood_of_any_vendor(tmp_path: Path, person: AslSeries) -> None:
    """The MR Arterial Spin Labeling macro of DICOM PS3.3, C.8.13.5.14, in classic images."""
    from pydicom import Dataset, Sequence

    header = mr_header(
        Manufacturer="Somebody",
        SeriesDescription="asl",
        ArterialSpinLabelingContrast="PSEUDOCONTINUOUS",
        InversionTime=1600,
    )

    def of_volume(t: int) -> Any:
        slab = Dataset()
        slab.ASLPulseTrainDuration = 1700
        asl = Dataset()
        asl.ASLContext = "M_ZERO_SCAN" if t == 0 else ("CONTROL", "LABEL")[t % 2]
        asl.ASLSlabSequence = Sequence([slab])
        return {"MRArterialSpinLabelingSequence": Sequence([asl]), "AcquisitionNumber": t + 1}

    write_slices(tmp_path, list(person.volumes), person.geometry, header, of_volume)
    series = read_dicom(tmp_path).series
    assert series.roles == (Role.M0SCAN, *(Role.LABEL, Role.CONTROL) * 6)
    assert series.acquisition.labeling_duration.value == 1.7
    assert "(0018,9258)" in series.acquisition.labeling_duration.origin
    assert series.acquisition.post_labeling_delay.value == (1.6,)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"alTI[0]": 800000, "alTI[2]": 2000000}, (0.8, (2.0,))),
        ({"alTI[0]": 1800000, "alTI[1]": 700000, "alTI[2]": 1600000}, (0.7, (1.8,))),
    ],
    ids=["VD and later", "VB"],
)
def test_pasl_times_are_read_as_each_software_stores_them(values: dict[str, int], expected: Any) -> None:
    lines = "".join(f"{n} = {v}\n" for n, v in {"tSequenceFileName": "x\\ep2d_pasl", **values}.items())
    facts = siemens_facts(measurement_protocol(f"### ASCCONV BEGIN ###\n{lines}### ASCCONV END ###".encode()))
    assert facts.parameters["bolus_cutoff_delay"].value == expected[0]
    assert facts.parameters["post_labeling_delay"].value == expected[1]


def test_pasl_times_that_cannot_be_are_left_out() -> None:
    lines = "tSequenceFileName = x\\ep2d_pasl\nalTI[0] = 2000000\nalTI[2] = 800000\n"
    facts = siemens_facts(measurement_protocol(f"### ASCCONV BEGIN ###\n{lines}### ASCCONV END ###".encode()))
    assert set(facts.parameters) == {"labeling_type"}
    assert [f.code for f in facts.findings] == ["pasl-times"]
