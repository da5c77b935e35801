"""A small scan with made-up flow, so that every figure can be worked out by hand, and its results in a scene."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import slicer
import vtk
from vtk.util.numpy_support import vtk_to_numpy

from deepasl.geometry import Geometry
from deepasl.results import PerfusionMaps, Result
from DeepASLDenoiseLib.nodes import Node
from DeepASLDenoiseLib.runs.inscene import ResultNodes
from DeepASLDenoiseLib.runs.resultnodes import addResult

GRID = Geometry((4, 6, 8), (3.0, 3.0, 5.0), (-10.0, 5.0, 2.0))

GREY, WHITE, BRAIN = (np.zeros(GRID.shape, bool) for _ in range(3))
BRAIN[:, 1:5, 1:7] = True
GREY[:, 1:5, 1:4] = True
WHITE[:, 1:5, 5:7] = True


def flow(grey: float, white: float, ripple: float) -> np.ndarray:
    """CBF of two tissues and nothing between them; `ripple` up and down in turn, so that means stay as they are."""
    signs = np.where(np.indices(GRID.shape)[0] % 2, 1.0, -1.0)
    return np.where(BRAIN, grey * GREY + white * WHITE + ripple * signs, 0.0).astype(np.float32)


def resultOf(template: Result, conventional: np.ndarray, denoised: np.ndarray, model: str = "model-a") -> Result:
    """`template` with these CBF maps."""
    return replace(
        template,
        name="small",
        geometry=GRID,
        conventional=PerfusionMaps(conventional / 5, conventional),
        denoised=PerfusionMaps(denoised / 5, denoised),
        removed=(conventional - denoised) / 5,
        mask=BRAIN,
        grey_matter=GREY,
        white_matter=WHITE,
        m0=replace(template.m0, volume=np.ones(GRID.shape, np.float32)),
        model=replace(template.model, id=model),
    )


def addedTo(scene: Node, template: Result, *, denoisedGrey: float = 50.0, model: str = "model-a") -> ResultNodes:
    """A result of grey matter 50 -/+ 60 conventional and `denoisedGrey` -/+ 5 denoised."""
    return addResult(scene, resultOf(template, flow(50.0, 20.0, 60.0), flow(denoisedGrey, 20.0, 5.0), model))


def addSegmentation(scene: Node, segments: dict[str, np.ndarray], finer: int = 1) -> Node:
    """A segmentation with these segments ``[k, j, i]`` on GRID, each voxel cut into `finer` along every axis."""
    logic = slicer.vtkSlicerSegmentationsModuleLogic()  # registers how representations are converted
    logic.SetMRMLScene(scene)
    segmentation = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "regions")
    for name, mask in segments.items():
        segmentation.AddSegmentFromBinaryLabelmapRepresentation(_label(mask, finer), name)
    return segmentation


def _label(mask: np.ndarray, finer: int) -> Node:
    voxels = mask.repeat(finer, 0).repeat(finer, 1).repeat(finer, 2)
    label = slicer.vtkOrientedImageData()
    label.SetDimensions(*voxels.shape[::-1])
    label.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 1)
    vtk_to_numpy(label.GetPointData().GetScalars())[:] = voxels.ravel()
    cut = np.diag([1 / finer, 1 / finer, 1 / finer, 1.0])
    cut[:3, 3] = 0.5 / finer - 0.5
    label.SetGeometryFromImageToWorldMatrix(slicer.util.vtkMatrixFromArray(GRID.ijk_to_ras() @ cut))
    return label


def tableColumns(node: Node) -> dict[str, list]:
    """The columns of a table node by name."""
    table = node.GetTable()
    columns = [table.GetColumn(n) for n in range(table.GetNumberOfColumns())]
    return {column.GetName(): [column.GetValue(row) for row in range(table.GetNumberOfRows())] for column in columns}
