"""Reading scans: what sidecars, context files and M0 scans say, and where they are looked for."""

import json
from pathlib import Path

import numpy as np
import pytest

from deepasl.acquisition.parameters import Acquisition, LabelingType, Source
from deepasl.errors import InputError
from deepasl.geometry import Geometry
from deepasl.images import write_image
from deepasl.readers import read_scan, series_from_arrays
from deepasl.readers.companions import entities_of, find_companions, stem_of
from deepasl.readers.roles import expand_roles
from deepasl.series import AslSeries, Role
from phantom_scans import edit_sidecar


def codes(series: AslSeries) -> set[str]:
    return {finding.code for finding in series.findings}


def context_of(scan: Path) -> Path:
    return scan.with_name(scan.name.replace("_asl.nii.gz", "_aslcontext.tsv"))


def test_a_bids_scan_is_read_as_it_was_written(series: AslSeries, bids_scan: Path) -> None:
    read = read_scan(bids_scan)
    assert read.roles == series.roles
    assert read.geometry.matches(series.geometry)
    np.testing.assert_array_equal(read.volumes, series.volumes)
    assert read.acquisition.labeling_duration.value == 1.8
    assert read.acquisition.labeling_duration.source is Source.FILE
    assert "LabelingDuration" in read.acquisition.labeling_duration.origin


def test_a_sidecar_higher_in_the_data_set_is_inherited_and_the_nearer_one_wins(bids_scan: Path) -> None:
    edit_sidecar(bids_scan, LabelingDuration=None)
    root = bids_scan.parents[2]
    (root / "asl.json").write_text(json.dumps({"LabelingDuration": 1.45, "MagneticFieldStrength": 1.5}))
    acquisition = read_scan(bids_scan).acquisition
    assert acquisition.labeling_duration.value == 1.45
    assert acquisition.labeling_duration.origin == "asl.json: LabelingDuration"
    assert acquisition.magnetic_field_strength.value == 3.0


def test_a_sidecar_of_another_task_is_not_inherited(bids_scan: Path) -> None:
    edit_sidecar(bids_scan, LabelingDuration=None)
    other = bids_scan.with_name("sub-phantom_task-motor_asl.json")
    other.write_text(json.dumps({"LabelingDuration": 9.0}))
    assert not read_scan(bids_scan).acquisition.labeling_duration.known


@pytest.mark.parametrize("name", ["LabelingType", "ArterialLabelingType"])
def test_names_of_draft_standards_are_understood_and_told(bids_scan: Path, name: str) -> None:
    edit_sidecar(bids_scan, ArterialSpinLabelingType=None, **{name: "pCASL"})
    read = read_scan(bids_scan)
    assert read.acquisition.labeling_type.value is LabelingType.PCASL
    assert {"old-field-name", "fields-missing"} <= codes(read)


def test_truth_values_written_as_words_are_understood_and_told(bids_scan: Path) -> None:
    edit_sidecar(bids_scan, BackgroundSuppression="Yes")
    read = read_scan(bids_scan)
    assert read.acquisition.background_suppression.value is True
    assert "truth-as-word" in codes(read)


def test_two_labeling_types_that_contradict_each_other_are_told(bids_scan: Path) -> None:
    edit_sidecar(bids_scan, LabelingType="PASL")
    series = read_scan(bids_scan)
    told = [finding.message for finding in series.findings if finding.code == "field-twice"]
    assert told == [
        "ArterialSpinLabelingType is PCASL, but LabelingType says PASL; ArterialSpinLabelingType is used. "
        "Check which is right."
    ]
    assert series.acquisition.labeling_type.value is LabelingType.PCASL


def test_one_labeling_type_spelled_in_two_ways_is_no_contradiction(bids_scan: Path) -> None:
    edit_sidecar(
        bids_scan, LabelingType="pseudo-continuous", LabelDuration="1.8", LabelingDuration=1.8, RepetitionTime=0.012
    )
    assert "field-twice" not in {finding.code for finding in read_scan(bids_scan).findings}


def test_an_unknown_labeling_type_is_refused(bids_scan: Path) -> None:
    edit_sidecar(bids_scan, ArterialSpinLabelingType="VSASL")
    with pytest.raises(InputError, match="VSASL"):
        read_scan(bids_scan)


def test_pasl_takes_the_first_cut_off_time_as_bolus_width(bids_scan: Path) -> None:
    edit_sidecar(bids_scan, ArterialSpinLabelingType="PASL", BolusCutOffFlag=True, BolusCutOffDelayTime=[0.7, 1.6])
    acquisition = read_scan(bids_scan).acquisition
    assert acquisition.bolus_cutoff_delay.value == 0.7
    assert not acquisition.labeling_duration.known


def test_the_old_bolus_duration_is_the_bolus_width_of_pasl(bids_scan: Path) -> None:
    edit_sidecar(bids_scan, ArterialSpinLabelingType="PASL", LabelingDuration=None, BolusDuration=0.8)
    read = read_scan(bids_scan)
    assert read.acquisition.bolus_cutoff_delay.value == 0.8
    assert any("BolusDuration (0.8) was read as BolusCutOffDelayTime" in f.message for f in read.findings)
    edit_sidecar(bids_scan, ArterialSpinLabelingType="PCASL")
    assert read_scan(bids_scan).acquisition.labeling_duration.value == 0.8


def test_slice_timing_listed_from_the_last_slice_is_put_in_array_order(bids_scan: Path) -> None:
    timing = [0.1 * k for k in range(12)]
    edit_sidecar(bids_scan, MRAcquisitionType="2D", SliceTiming=timing, SliceEncodingDirection="k-")
    assert read_scan(bids_scan).acquisition.slice_timing.value == pytest.approx(timing[::-1])


def test_repetition_times_by_volume_are_told_apart_by_role(bids_scan: Path) -> None:
    edit_sidecar(bids_scan, RepetitionTimePreparation=[9.0, *[4.5] * 12])
    acquisition = read_scan(bids_scan).acquisition
    assert acquisition.m0_repetition_time.value == 9.0
    assert acquisition.repetition_time.value == 4.5


def test_times_that_do_not_match_the_volumes_are_refused(bids_scan: Path) -> None:
    edit_sidecar(bids_scan, PostLabelingDelay=[1.8, 1.8])
    with pytest.raises(InputError, match="2 values for 13 volumes"):
        read_scan(bids_scan)


def test_a_separate_m0_scan_brings_its_own_repetition_time(series: AslSeries, bids_scan: Path) -> None:
    m0 = bids_scan.with_name("sub-phantom_m0scan.nii.gz")
    write_image(m0, series.volumes[0], series.geometry)
    m0.with_name("sub-phantom_m0scan.json").write_text(json.dumps({"RepetitionTimePreparation": 2.0}))
    read = read_scan(bids_scan)
    assert read.m0scan is not None
    np.testing.assert_array_equal(read.m0scan.volumes[0], series.volumes[0])
    assert read.acquisition.m0_repetition_time.value == 2.0


def test_the_m0_scan_intended_for_a_scan_is_preferred(series: AslSeries, bids_scan: Path) -> None:
    for label, target in (("a", "perf/sub-phantom_asl.nii.gz"), ("b", "perf/other_asl.nii.gz")):
        m0 = bids_scan.with_name(f"sub-phantom_acq-{label}_m0scan.nii.gz")
        write_image(m0, series.volumes[0], series.geometry)
        m0.with_name(f"sub-phantom_acq-{label}_m0scan.json").write_text(json.dumps({"IntendedFor": target}))
    found = find_companions(bids_scan).m0scan
    assert found is not None
    assert "acq-a" in found.name


def test_a_context_file_without_header_and_with_misspelled_roles_is_understood_and_told(bids_scan: Path) -> None:
    context = context_of(bids_scan)
    rows = context.read_text().splitlines()[1:]
    context.write_text("\n".join(["moscan", *rows[1:]]))
    read = read_scan(bids_scan)
    assert read.roles[0] is Role.M0SCAN
    assert {"context-header", "context-spelling"} <= codes(read)


def test_a_context_file_with_too_few_rows_is_refused(bids_scan: Path) -> None:
    context = context_of(bids_scan)
    context.write_text("\n".join(context.read_text().splitlines()[:-1]))
    with pytest.raises(InputError, match="12 rows for 13 volumes"):
        read_scan(bids_scan)


def test_an_unknown_role_in_a_context_file_is_refused_by_row(bids_scan: Path) -> None:
    context = context_of(bids_scan)
    context.write_text(context.read_text().replace("control", "contrl", 1))
    with pytest.raises(InputError, match="volume 1 is of the unknown type 'contrl'"):
        read_scan(bids_scan)


def test_a_plain_image_takes_its_parameters_from_the_user(series: AslSeries, tmp_path: Path) -> None:
    scan = tmp_path / "scan 1.nrrd"
    write_image(scan, series.volumes, series.geometry)
    given = Acquisition().with_values(Source.USER, "given", post_labeling_delay=(1.8,), labeling_duration=1.8)
    read = read_scan(scan, given=given)
    assert read.name == "scan 1"
    assert read.roles[1:] == series.roles[1:]
    assert read_scan(scan, roles="m0scan,control-label").roles == series.roles
    assert read.acquisition.labeling_duration.source is Source.USER


def test_the_users_word_stands_above_the_sidecar(bids_scan: Path) -> None:
    given = Acquisition().with_values(Source.USER, "given", labeling_duration=1.5)
    acquisition = read_scan(bids_scan, given=given).acquisition
    assert acquisition.labeling_duration.value == 1.5
    assert acquisition.labeling_efficiency.source is Source.FILE


def test_a_single_volume_is_refused_unless_it_is_said_to_be_subtracted(series: AslSeries, tmp_path: Path) -> None:
    scan = tmp_path / "one.nii.gz"
    write_image(scan, series.volumes[1], series.geometry)
    with pytest.raises(InputError, match="one volume"):
        read_scan(scan)
    assert read_scan(scan, roles="deltam").roles == (Role.DELTAM,)


def test_a_folder_is_not_a_scan(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="folder"):
        read_scan(tmp_path)


def test_voxels_that_are_not_numbers_are_refused_by_volume() -> None:
    volumes = np.ones((4, 3, 3, 3), np.float32)
    volumes[2, 1, 1, 1] = np.nan
    with pytest.raises(InputError, match="first in volume 2"):
        series_from_arrays("scan", volumes, Geometry((3, 3, 3)), roles=[Role.CONTROL, Role.LABEL] * 2)


def test_roles_in_words() -> None:
    assert expand_roles("m0scan,label-control", 5) == (Role.M0SCAN, *[Role.LABEL, Role.CONTROL] * 2)
    assert expand_roles("deltam", 3) == (Role.DELTAM,) * 3
    assert expand_roles("control,label", 2) == (Role.CONTROL, Role.LABEL)
    with pytest.raises(InputError, match="2 roles were given for 4 volumes"):
        expand_roles("control,label", 4)
    with pytest.raises(InputError, match="'tag' is no role"):
        expand_roles("tag", 4)


def test_names_of_files() -> None:
    assert stem_of(Path("a/sub-01_asl.nii.gz")) == "sub-01_asl"
    assert entities_of("sub-01_task-rest_asl") == {"sub": "01", "task": "rest"}
    with pytest.raises(InputError, match="name of an image"):
        stem_of(Path("scan.txt"))


def test_messy_real_sidecars_are_explained(shared_data: Path) -> None:
    perf = shared_data / "bids" / "ds000240" / "sub-01" / "perf"
    read = read_scan(perf / "sub-01_task-restEyesOpen_asl.nii.gz")
    assert read.roles == (*[Role.M0SCAN] * 5, *[Role.LABEL, Role.CONTROL] * 15)
    assert read.acquisition.labeling_efficiency.value == 0.72
    assert {
        "context-header",
        "context-spelling",
        "old-field-name",
        "repetition-time-name",
        "truth-as-word",
        "look-locker",
        "header-contradiction",
        "fields-missing",
        "draft-fields",
        "suppression-times",
        "bolus-cutoff-unused",
        "resampled",
    } <= codes(read)


@pytest.mark.parametrize(
    ("example", "kind", "delays", "m0_tr"),
    [
        ("asl001/sub-Sub103/perf/sub-Sub103", LabelingType.PCASL, 1, None),
        ("asl002/sub-Sub103/perf/sub-Sub103", LabelingType.PCASL, 1, 9.0),
        ("asl003/sub-Sub1/perf/sub-Sub1", LabelingType.PASL, 10, 6.0),
        ("asl004/sub-Sub1/perf/sub-Sub1", LabelingType.PCASL, 6, 4.8),
        ("asl005/sub-Sub103/perf/sub-Sub103", LabelingType.PCASL, 1, 4.95),
    ],
)
def test_sidecars_of_the_bids_examples(
    shared_data: Path, example: str, kind: LabelingType, delays: int, m0_tr: float | None
) -> None:
    from deepasl.readers.context import read_context
    from deepasl.readers.parameters import acquisition_of, m0_repetition_time_of
    from deepasl.readers.sidecar import read_sidecar

    stem = shared_data / "bids" / "sidecars" / example
    context = stem.with_name(f"{stem.name}_aslcontext.tsv")
    count = len(context.read_text().split()) - 1
    roles, _ = read_context(context, count)
    acquisition = acquisition_of(read_sidecar([stem.with_name(f"{stem.name}_asl.json")]), roles)
    assert acquisition.labeling_type.value is kind
    assert len(set(acquisition.post_labeling_delay.require())) == delays
    if m0_tr is not None:
        sidecar = read_sidecar([stem.with_name(f"{stem.name}_m0scan.json")])
        assert m0_repetition_time_of(sidecar).value == m0_tr
