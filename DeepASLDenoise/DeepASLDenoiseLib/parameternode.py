"""The user's choices, saved with the scene."""

import enum
from typing import Annotated, Union

from slicer import vtkMRMLScalarVolumeNode, vtkMRMLSequenceNode
from slicer.i18n import tr as _
from slicer.parameterNodeWrapper import WithinRange, parameterNodeWrapper

from deepasl.registry import DEFAULT_MODEL

# Vector and multi-volumes are scalar volumes too. The wrapper understands this spelling of a union only.
ScanNode = Union[vtkMRMLSequenceNode, vtkMRMLScalarVolumeNode, None]  # noqa: UP007


class Device(enum.Enum):
    """Where the network may run, as `deepasl.runtime.Provider` names it."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"

    def label(self) -> str:
        """What users read."""
        return {"auto": _("Automatic"), "cpu": _("CPU"), "cuda": _("NVIDIA GPU (CUDA)")}[self.value]


@parameterNodeWrapper
class DeepASLDenoiseParameterNode:
    """The user's choices.

    inputNode - The ASL scan: a sequence or a volume.
    m0Node - A separate M0 scan.
    swapped - Whether control and label were exchanged.
    pairs - How many control-label pairs to average; 0 for all.
    device - Where the network may run.
    model - Id of the network.
    delay - The post-labeling delay in s to quantify, of several; 0 for none chosen.
    edits - Acquisition parameters that were typed in, texts by field.
    editedNode - Id of the node they were typed in for.
    """

    inputNode: ScanNode
    m0Node: ScanNode
    swapped: bool = False
    pairs: Annotated[int, WithinRange(0, 10000)] = 0
    device: Device = Device.AUTO
    model: str = DEFAULT_MODEL
    delay: float = 0.0
    edits: dict[str, str]
    editedNode: str = ""
