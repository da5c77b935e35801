"""ONNX Runtime is installed when the user agrees, one flavor at a time; the report tells what is there, not who."""

from __future__ import annotations

import importlib.metadata
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import onnxruntime
import pytest

import deepasl
import deepasl.denoising.registry
from deepasl.denoising.registry import DEFAULT_MODEL, find_model
from deepasl.denoising.runtime import DISTRIBUTIONS, installed_distributions
from DeepASLDenoiseLib.software.dependencies import InstallationDeclinedError, ensureRuntime, installRuntime
from DeepASLDenoiseLib.software.environment import environmentReport, withoutUserNames
from DeepASLDenoiseLib.software.flavors import (
    CPU,
    CUDA_12,
    CUDA_13,
    Flavor,
    Graphics,
    gpuFlavor,
    gpuObstacle,
    loadedRuntime,
    nvidiaGraphics,
    readRequirements,
    restartNeeded,
)
from DeepASLDenoiseLib.software.installplan import (
    InstallationError,
    lockedByUse,
    planDownload,
    planFromFolder,
    sizeText,
)

RESOURCES = Path(__file__).resolve().parents[2] / "DeepASLDenoise" / "Resources"
REQUIREMENTS = RESOURCES / CPU.requirements


@pytest.fixture
def site(tmp_path, monkeypatch) -> Path:
    """A folder of installed packages, all there are; `importlib.metadata` itself looks into it."""
    folder = tmp_path / "site"
    folder.mkdir()
    kept = [path for path in sys.path if "site-packages" not in path and "__editable__" not in path]
    monkeypatch.setattr(sys, "path", [str(folder), *kept])
    return folder


def addPackage(site: Path, name: str, version: str = "1.23.2") -> None:
    info = site / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8")


def makeWheel(folder: Path, name: str, version: str = "1.99.0") -> Path:
    """A wheel with nothing in it but its description, as pip accepts it."""
    file = name.replace("-", "_")
    wheel = folder / f"{file}-{version}-py3-none-any.whl"
    info = f"{file}-{version}.dist-info"
    content = {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},,\n" for path in (*content, f"{info}/RECORD"))
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in {**content, f"{info}/RECORD": record}.items():
            archive.writestr(path, text)
    return wheel


class FolderInstaller:
    """Changes a folder of packages as pip would, and fails when told to."""

    def __init__(self, site: Path, failsAt: str = "") -> None:
        self.site = site
        self.failsAt = failsAt
        self.steps: list[str] = []

    def install(self, arguments: list[str]) -> None:
        self._step("dry run" if "--dry-run" in arguments else "install")
        if "--dry-run" not in arguments:
            addPackage(self.site, re.match(r"[\w-]+", arguments[-1])[0])

    def uninstall(self, distributions: list[str]) -> None:
        self._step("uninstall")
        for name in distributions:
            for info in self.site.glob(f"{name.replace('-', '_')}-*.dist-info"):
                shutil.rmtree(info)

    def _step(self, name: str) -> None:
        self.steps.append(name)
        if name == self.failsAt:
            raise subprocess.CalledProcessError(1, "pip")


class PipInstaller(FolderInstaller):
    """The real pip, into the folder."""

    def install(self, arguments: list[str]) -> None:
        where = [] if "--dry-run" in arguments else ["--target", str(self.site)]
        subprocess.run([sys.executable, "-m", "pip", "install", "-q", *where, *arguments], check=True)


def agree(plan) -> bool:
    return True


def refuse(plan) -> bool:
    return False


def names() -> list[str]:
    return [text.partition(" ")[0] for text in installed_distributions()]


@pytest.mark.parametrize("flavor", DISTRIBUTIONS)
def test_any_onnx_runtime_that_is_there_is_respected(site, flavor):
    addPackage(site, flavor)
    installer = FolderInstaller(site)
    ensureRuntime(REQUIREMENTS, ask=refuse, installer=installer)
    assert installer.steps == []
    assert names() == [flavor]


def test_without_one_the_user_agrees_and_the_cpu_flavor_is_installed(site):
    ensureRuntime(REQUIREMENTS, ask=agree, installer=FolderInstaller(site))
    assert names() == ["onnxruntime"]


def test_the_user_reads_what_is_downloaded_and_how_large_it_is(site):
    addPackage(site, "numpy")
    asked = []
    with pytest.raises(InstallationDeclinedError):
        ensureRuntime(REQUIREMENTS, ask=lambda plan: asked.append(plan.question), installer=FolderInstaller(site))
    for text in ("onnxruntime (28 MB)", "protobuf (less than 1 MB)", "about 29 MB"):
        assert text in asked[0]
    assert "numpy" not in asked[0]


def test_nothing_is_installed_when_the_user_says_no(site):
    installer = FolderInstaller(site)
    with pytest.raises(InstallationDeclinedError):
        ensureRuntime(REQUIREMENTS, ask=refuse, installer=installer)
    assert installer.steps == []


def test_a_pip_that_fails_is_told_with_what_to_do(site):
    with pytest.raises(InstallationError, match="folder of wheels"):
        ensureRuntime(REQUIREMENTS, ask=agree, installer=FolderInstaller(site, failsAt="install"))


def test_an_installation_that_leaves_nothing_behind_is_no_success(site):
    class Idle(FolderInstaller):
        def install(self, arguments):
            self._step("install")

    with pytest.raises(InstallationError, match="no ONNX Runtime, not onnxruntime"):
        ensureRuntime(REQUIREMENTS, ask=agree, installer=Idle(site))


def planFor(flavor: Flavor):
    return planDownload(flavor, RESOURCES / flavor.requirements)


@pytest.mark.parametrize("before", [["onnxruntime"], ["onnxruntime-directml"], ["onnxruntime", "onnxruntime-gpu"]])
def test_the_gpu_flavor_takes_the_place_of_all_others(site, before):
    for name in before:
        addPackage(site, name)
    installer = FolderInstaller(site)
    plan = planFor(CUDA_13)
    assert plan.remove == tuple(before)
    assert f"uninstalled first: {', '.join(before)}" in plan.question
    installRuntime(plan, ask=agree, installer=installer)
    assert installer.steps == ["dry run", "uninstall", "install"]
    assert names() == ["onnxruntime-gpu"]


def test_the_old_flavor_stays_when_the_new_one_cannot_be_had(site):
    addPackage(site, "onnxruntime")
    with pytest.raises(InstallationError):
        installRuntime(planFor(CUDA_13), ask=agree, installer=FolderInstaller(site, failsAt="dry run"))
    assert names() == ["onnxruntime"]


def test_the_size_of_the_gpu_flavors_is_told_in_gigabytes(site):
    assert "about 1.6 GB" in planFor(CUDA_13).question
    assert "about 2.0 GB" in planFor(CUDA_12).question
    assert sizeText(0.3) == "less than 1 MB"


def test_wheels_in_a_folder_are_installed_by_pip_without_internet(site, tmp_path):
    folder = tmp_path / "wheels with spaces"
    folder.mkdir()
    makeWheel(folder, "onnxruntime")
    plan = planFromFolder(folder)
    assert "--no-index" in plan.arguments
    assert str(folder) in plan.question
    installRuntime(plan, ask=agree, installer=PipInstaller(site))
    assert installed_distributions() == ("onnxruntime 1.99.0",)


def test_pip_finds_no_network_for_a_wheel_that_does_not_fit(site, tmp_path):
    makeWheel(tmp_path, "onnxruntime").rename(tmp_path / "onnxruntime-1.99.0-cp27-cp27m-win32.whl")
    with pytest.raises(InstallationError, match="could not be installed"):
        installRuntime(planFromFolder(tmp_path), ask=agree, installer=PipInstaller(site))


def test_the_wheel_in_the_folder_decides_which_flavor_it_is(site, tmp_path):
    makeWheel(tmp_path, "onnxruntime-gpu")
    assert planFromFolder(tmp_path).arguments[-1] == "onnxruntime-gpu"
    makeWheel(tmp_path, "nvidia-cudnn-cu13")
    assert planFromFolder(tmp_path).arguments[-1] == "onnxruntime-gpu[cuda,cudnn]"


def test_a_folder_without_onnx_runtime_is_refused_with_the_command_that_fills_it(tmp_path):
    makeWheel(tmp_path, "protobuf")
    with pytest.raises(InstallationError, match="pip download onnxruntime --python-version 3"):
        planFromFolder(tmp_path)


def test_a_folder_with_two_flavors_is_refused(tmp_path):
    makeWheel(tmp_path, "onnxruntime")
    makeWheel(tmp_path, "onnxruntime-gpu")
    with pytest.raises(InstallationError, match="onnxruntime, onnxruntime-gpu"):
        planFromFolder(tmp_path)


@pytest.mark.parametrize("flavor", [CPU, CUDA_12, CUDA_13], ids=lambda flavor: flavor.requirements)
def test_each_flavor_asks_pip_for_nothing_but_its_own_onnx_runtime(flavor):
    asked = readRequirements(RESOURCES / flavor.requirements)
    assert {re.match(r"[\w-]+", line)[0] for line in asked} == {flavor.distribution}
    assert not any("==" in line.partition(";")[0] for line in asked)


def test_the_list_shown_has_everything_that_onnx_runtime_depends_on():
    required = importlib.metadata.requires("onnxruntime") or []
    needed = {re.match(r"[\w-]+", line)[0] for line in required if "extra ==" not in line}
    assert needed
    assert needed <= {package.distribution for package in CPU.downloads}


@pytest.mark.parametrize(("driver", "flavor"), [("580.95.05", CUDA_13), ("591.1", CUDA_13), ("552.44", CUDA_12)])
def test_the_driver_decides_which_cuda_is_installed(driver, flavor):
    assert gpuFlavor(Graphics("NVIDIA RTX", driver)) is flavor


@pytest.mark.skipif(sys.platform == "win32", reason="stands in for nvidia-smi with a shell script")
@pytest.mark.parametrize(
    ("script", "found"),
    [
        ("echo 'NVIDIA RTX A2000, 12GB, 580.95.05'", Graphics("NVIDIA RTX A2000, 12GB", "580.95.05")),
        ("echo 'NVIDIA-SMI has failed because it could not communicate with the driver'; exit 9", None),
        ("echo 'No devices were found'", None),
    ],
)
def test_the_driver_is_asked_for_the_gpu(tmp_path, monkeypatch, script, found):
    tool = tmp_path / "nvidia-smi"
    tool.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert nvidiaGraphics() == found


def test_where_no_gpu_can_be_used_the_reason_is_told():
    assert "macOS" in gpuObstacle(driverFound=True, system="darwin", machine="arm64")
    assert "aarch64" in gpuObstacle(driverFound=True, system="linux", machine="aarch64")
    assert "No NVIDIA GPU" in gpuObstacle(driverFound=False, system="win32", machine="AMD64")
    assert gpuObstacle(driverFound=True, system="win32", machine="AMD64") == ""


def test_a_restart_is_needed_only_when_another_runtime_is_loaded_than_installed(site, monkeypatch):
    assert loadedRuntime() == f"onnxruntime {onnxruntime.__version__}"
    addPackage(site, "onnxruntime", onnxruntime.__version__)
    assert not restartNeeded()
    addPackage(site, "onnxruntime-gpu")
    shutil.rmtree(next(site.glob("onnxruntime-*.dist-info")))
    assert restartNeeded()


def test_on_windows_a_runtime_in_use_is_not_replaced(site):
    addPackage(site, "onnxruntime")
    assert lockedByUse(planFor(CUDA_13), "win32")
    assert not lockedByUse(planFor(CUDA_13), "linux")
    assert not lockedByUse(planFor(CPU), "win32")


def test_the_report_tells_versions_device_and_intact_models():
    report = environmentReport({"Slicer": "5.12.3"})
    model = find_model(DEFAULT_MODEL)
    for fact in ("Slicer: 5.12.3", f"version: {deepasl.__version__}", f"onnxruntime {onnxruntime.__version__}"):
        assert fact in report
    assert re.search(rf"{model.id}: intact, .*SHA-256 {model.sha256}", report)
    assert re.search(r"runs on: (CPU|CUDA): \w", report)


def test_the_report_tells_of_a_damaged_model(tmp_path, monkeypatch):
    shutil.copytree(find_model(DEFAULT_MODEL).path.parent, tmp_path / "models")
    (tmp_path / "models" / find_model(DEFAULT_MODEL).path.name).write_bytes(b"damaged")
    monkeypatch.setattr(deepasl.denoising.registry, "default_folders", lambda: (tmp_path / "models",))
    report = environmentReport({})
    assert re.search(rf"{DEFAULT_MODEL}: .*is damaged", report)
    assert re.search(r"runs on: nowhere: .*is damaged", report)


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/home/maria/scans", "/home/USER/scans"),
        ("C:\\Users\\Maria\\AppData", "C:\\Users\\USER\\AppData"),
        ("/Users/maria/Library", "/Users/USER/Library"),
    ],
)
def test_the_report_names_nobody(path, told):
    assert withoutUserNames(path) == told


def test_the_user_is_not_named_in_other_folders_either(monkeypatch):
    for variable in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(variable, "maria")
    assert withoutUserNames("/data/maria/deepasl") == "/data/USER/deepasl"
