"""The user's choices, saved with the scene."""

import enum
from typing import Annotated, Union

from slicer import vtkMRMLScalarVolumeNode, vtkMRMLSegmentationNode, vtkMRMLSequenceNode
from slicer.i18n import tr as _
from slicer.parameterNodeWrapper import WithinRange, parameterNodeWrapper

from deepasl.calibration.settings import M0Method, M0Smoothing
from deepasl.denoising.registry import DEFAULT_MODEL
from deepasl.perfusion.outliers import OutlierRule
from DeepASLDenoiseLib.compare.comparison import Shows, Third
from DeepASLDenoiseLib.compare.display import DEFAULT_COLORMAP, LATE

# Vector and multi-volumes are scalar volumes too. The wrapper understands this spelling of a union only.
ScanNode = Union[vtkMRMLSequenceNode, vtkMRMLScalarVolumeNode, None]  # noqa: UP007


class Device(enum.Enum):
    """Where the network may run, as `deepasl.denoising.runtime.Provider` names it."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"

    def label(self) -> str:
        """What users read."""
        return {"auto": _("Automatic"), "cpu": _("CPU"), "cuda": _("NVIDIA GPU (CUDA)")}[self.value]


class Look(enum.Enum):
    """How two maps are compared."""

    SIDE_BY_SIDE = "side by side"
    REVEAL = "reveal"
    FLICKER = "flicker"

    def label(self) -> str:
        """What users read."""
        return {"side by side": _("Side by side"), "reveal": _("Reveal cursor"), "flicker": _("Flicker")}[self.value]


@parameterNodeWrapper
class DeepASLDenoiseParameterNode:
    """The user's choices. Node parameters are None while nothing is chosen; enums are saved by their names.

    inputNode - The ASL scan: a sequence or a volume.
    m0Node - A separate M0 scan.
    swapped - Whether control and label were exchanged.
    edits - Acquisition parameters that were typed in, texts by field.
    roleEdits - Roles that were chosen for single volumes: values of `deepasl.series.Role` by volume number.
    editedNode - Id of the node that edits and roleEdits are for.
    delay - The one post-labeling delay in s to quantify, of several; 0 for all of them together.
    model - Id of the network.
    pairs - How many control-label pairs to average; 0 for all.
    device - Where the network may run.
    smoothing - Gaussian smoothing before the network, FWHM in mm; 0 for none.
    motionCorrection - Whether the head of every volume is brought to one place.
    mppca - Whether noise components are taken out of control and label images.
    outliers - What is done about pairs that do not fit in, a value of `deepasl.perfusion.outliers.OutlierRule`.
    m0Smoothing, m0Method - What is done to M0, values of `deepasl.calibration.settings`.
    m0EchoTime - Of M0 in s, for M0 of a tissue; 0 for not known.
    uncertainty - Whether standard errors of CBF are computed.
    partialVolume - Whether CBF of pure tissue is computed.
    anatomyNode - A T1-weighted image of the same head.
    greyNode, whiteNode - Maps of the probability of grey and white matter.
    colorTable - The colors of the maps, a name of `DeepASLDenoiseLib.compare.colors`.
    rangeLow, rangeHigh - Values of the first and last color.
    threshold - Map values below this are transparent.
    opacity - Of the maps over the background, 0 to 1.
    backgroundNode - An anatomical image beneath the maps.
    shows - Which quantity is compared.
    arrivalLow, arrivalHigh - Arrival times of the first and last color, s.
    third - What the third view shows.
    look - How the maps are compared.
    segmentationNode - Regions for the table.
    referenceNode - A CBF map to compare with.
    exportFolder - Where results were exported last.
    """

    inputNode: ScanNode
    m0Node: ScanNode
    swapped: bool = False
    edits: dict[str, str]
    roleEdits: dict[str, str]
    editedNode: str = ""
    delay: float = 0.0
    model: str = DEFAULT_MODEL
    pairs: Annotated[int, WithinRange(0, 10000)] = 0
    device: Device = Device.AUTO
    smoothing: Annotated[float, WithinRange(0.0, 20.0)] = 0.0
    motionCorrection: bool = False
    mppca: bool = False
    outliers: str = OutlierRule.NONE.value
    m0Smoothing: str = M0Smoothing.NONE.value
    m0Method: str = M0Method.VOXELWISE.value
    m0EchoTime: Annotated[float, WithinRange(0.0, 1.0)] = 0.0
    uncertainty: bool = False
    partialVolume: bool = False
    anatomyNode: vtkMRMLScalarVolumeNode
    greyNode: vtkMRMLScalarVolumeNode
    whiteNode: vtkMRMLScalarVolumeNode
    colorTable: str = DEFAULT_COLORMAP
    rangeLow: Annotated[float, WithinRange(-1000.0, 10000.0)] = 0.0
    rangeHigh: Annotated[float, WithinRange(-1000.0, 10000.0)] = 100.0
    threshold: Annotated[float, WithinRange(0.0, 100.0)] = 0.0
    opacity: Annotated[float, WithinRange(0.0, 1.0)] = 1.0
    backgroundNode: vtkMRMLScalarVolumeNode
    shows: Shows = Shows.PERFUSION
    arrivalLow: Annotated[float, WithinRange(0.0, 10.0)] = 0.0
    arrivalHigh: Annotated[float, WithinRange(0.0, 10.0)] = LATE
    third: Third = Third.DIFFERENCE
    look: Look = Look.SIDE_BY_SIDE
    segmentationNode: vtkMRMLSegmentationNode
    referenceNode: vtkMRMLScalarVolumeNode
    exportFolder: str = ""
