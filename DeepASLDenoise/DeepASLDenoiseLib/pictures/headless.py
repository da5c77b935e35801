"""A MRML application without a desktop: scene, logics and slice views that render off screen (slicer-core)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import slicer
import slicer.util
import vtk
import vtk.util.numpy_support

from DeepASLDenoiseLib.compare.layout import FEWEST_VIEWS, VIEW_TAGS, SlicePane, enterLayout
from DeepASLDenoiseLib.nodes import Node


@dataclass(frozen=True)
class HeadlessApplication:
    """What the desktop application sets up before a module runs.

    Attributes:
        scene: The MRML scene.
        logic: Its application logic; owns the slice logics of the views.
        layoutLogic: Makes view nodes of layout descriptions.
        moduleLogics: Those of modules; a logic that nobody holds takes its nodes with it.
    """

    scene: Node
    logic: Node
    layoutLogic: Node
    moduleLogics: tuple[Node, ...]

    @property
    def layoutNode(self) -> Node:
        """Which layout is shown."""
        return self.layoutLogic.GetLayoutNode()


def startApplication() -> HeadlessApplication:
    """An empty scene with colours, layouts, slice orientations and legends, as the desktop has them at start-up."""
    scene = slicer.vtkMRMLScene()
    logic = slicer.vtkSlicerApplicationLogic()
    logic.SetMRMLScene(scene)
    logic.SetSliceLogics(vtk.vtkCollection())
    logic.SetViewLogics(vtk.vtkCollection())
    colors = slicer.vtkMRMLColorLogic()
    logic.SetModuleLogic("Colors", colors)
    colors.SetMRMLApplicationLogic(logic)
    colors.SetMRMLScene(scene)
    scene.RegisterNodeClass(slicer.vtkMRMLColorLegendDisplayNode())
    sequences = slicer.vtkSlicerSequencesLogic()
    sequences.SetMRMLScene(scene)
    slicer.vtkMRMLSliceNode.AddDefaultSliceOrientationPresets(scene, True)
    layoutLogic = slicer.vtkMRMLLayoutLogic()
    layoutLogic.SetMRMLScene(scene)
    return HeadlessApplication(scene, logic, layoutLogic, (colors, sequences))


@dataclass(frozen=True)
class OffscreenView:
    """A slice view of the layout with a window nobody sees.

    Attributes:
        pane: Node, layers and logic, as `layout` handles them.
        window: The VTK window.
        mapper: Brings the blended layers into it.
        interactor: Its events.
        displayers: MRML's own displayable managers: legends, rulers, orientation markers.
    """

    pane: SlicePane
    window: Node
    mapper: Node
    interactor: Node
    displayers: Node

    def grab(self) -> np.ndarray:
        """Render; returns ``[row, column, 3]`` uint8, the first row at the top."""
        # The logic has no output before it has volumes, and another one for every combination of layers.
        self.mapper.SetInputConnection(self.pane.logic.GetImageDataConnection())
        self.window.Render()
        grabber = vtk.vtkWindowToImageFilter()
        grabber.SetInput(self.window)
        grabber.ReadFrontBufferOff()
        grabber.Update()
        image = grabber.GetOutput()
        width, height, _ = image.GetDimensions()
        pixels = vtk.util.numpy_support.vtk_to_numpy(image.GetPointData().GetScalars())
        return np.flipud(pixels.reshape(height, width, -1)[..., :3]).copy()


def openViews(
    application: HeadlessApplication, width: int, height: int, views: int = FEWEST_VIEWS
) -> tuple[OffscreenView, ...]:
    """The views of the comparison layout, `width` x `height` pixels each."""
    enterLayout(application.layoutNode, views)
    factory = slicer.vtkMRMLSliceViewDisplayableManagerFactory.GetInstance()
    factory.SetMRMLApplicationLogic(application.logic)
    for displayer in ("vtkMRMLColorLegendDisplayableManager",):
        if not factory.IsDisplayableManagerRegistered(displayer):
            factory.RegisterDisplayableManager(displayer)
    return tuple(_openView(application, factory, tag, width, height) for tag in VIEW_TAGS[:views])


def _openView(application: HeadlessApplication, factory: Node, tag: str, width: int, height: int) -> OffscreenView:
    sliceNode = application.scene.GetSingletonNode(tag, "vtkMRMLSliceNode")
    sliceNode.SetDimensions(width, height, 1)
    logic = slicer.vtkMRMLSliceLogic()
    logic.SetMRMLApplicationLogic(application.logic)
    application.logic.GetSliceLogics().AddItem(logic)
    logic.SetMRMLScene(application.scene)
    logic.SetSliceNode(sliceNode)
    window = vtk.vtkRenderWindow()
    window.SetOffScreenRendering(1)
    window.SetMultiSamples(0)
    window.SetSize(width, height)
    window.SetNumberOfLayers(2)
    image, overlay = vtk.vtkRenderer(), vtk.vtkRenderer()
    overlay.SetLayer(1)
    window.AddRenderer(image)
    window.AddRenderer(overlay)
    interactor = vtk.vtkGenericRenderWindowInteractor()  # the displayable managers listen to one
    interactor.SetRenderWindow(window)
    # The desktop shows the blended layers through a widget of CTK; this actor does its work.
    mapper = vtk.vtkImageMapper()
    mapper.SetColorWindow(255)
    mapper.SetColorLevel(127.5)
    actor = vtk.vtkActor2D()
    actor.SetMapper(mapper)
    image.AddViewProp(actor)
    displayers = factory.InstantiateDisplayableManagers(overlay)
    displayers.SetMRMLDisplayableNode(sliceNode)
    pane = SlicePane(sliceNode, logic.GetSliceCompositeNode(), logic)
    return OffscreenView(pane, window, mapper, interactor, displayers)
