"""Second chapter: looking at the maps in every way the module offers."""

import slicer
from storytools import backgroundsOfViews, choose, click, pixelsOf, shown, waitUntil
from teller import Teller

from deepasl.denoising.registry import load_registry


class Comparing(Teller):
    """Legends, links, colors, ranges, backgrounds, reveal, flicker, two networks, the former layout."""

    def step11_each_view_has_its_legend_with_a_unit(self):
        """As it was rendered, not only as it was asked for."""
        self.look("Compare")
        (maps,) = self.results
        for n, node in enumerate((maps.conventional, maps.denoised, maps.difference), start=1):
            view = slicer.app.layoutManager().sliceWidget(f"DeepASL{n}").sliceView()
            legends = view.displayableManagerByClassName("vtkMRMLColorLegendDisplayableManager")
            legend = slicer.modules.colors.logic().GetColorLegendDisplayNode(node)
            assert legends.GetColorLegendActor(legend).GetVisibility()
            assert "mL/100g/min" in legend.GetTitleText()

    def step12_scrolling_one_view_scrolls_all_three(self):
        """And no view of another layout."""
        widgets = [slicer.app.layoutManager().sliceWidget(f"DeepASL{n}") for n in (1, 2, 3)]
        logic = widgets[0].sliceLogic()
        target = logic.GetSliceOffset() + 10.0
        logic.StartSliceOffsetInteraction()
        logic.SetSliceOffset(target)
        logic.EndSliceOffsetInteraction()
        assert [round(w.sliceLogic().GetSliceOffset(), 3) for w in widgets] == [round(target, 3)] * 3

    def step13_colors_range_and_threshold_are_those_of_all_maps(self):
        """One scale, or nothing could be compared."""
        compare = self.ui("Compare")
        choose(compare.colorComboBox, "viridis")
        compare.highSpinBox.value = 80.0
        compare.thresholdSlider.value = 10.0
        (maps,) = self.results
        for node in (maps.conventional, maps.denoised):
            display = node.GetDisplayNode()
            assert "Viridis" in display.GetColorNodeID()
            assert (display.GetWindowLevelMin(), display.GetWindowLevelMax()) == (0.0, 80.0)
            assert display.GetApplyThreshold()
            assert display.GetLowerThreshold() == 10.0
        assert (
            maps.difference.GetDisplayNode().GetWindowLevelMin()
            == -maps.difference.GetDisplayNode().GetWindowLevelMax()
        )

    def step14_m0_lies_beneath_the_maps(self):
        """The maps become translucent over it."""
        compare = self.ui("Compare")
        compare.thresholdSlider.value = 0.0
        click(compare.m0Button)
        compare.opacitySlider.value = 0.6
        (maps,) = self.results
        assert backgroundsOfViews(3) == [maps.m0.GetID()] * 3
        composites = [slicer.app.layoutManager().sliceWidget(f"DeepASL{n}").mrmlSliceCompositeNode() for n in (1, 2, 3)]
        assert [c.GetForegroundVolumeID() for c in composites] == [
            node.GetID() for node in (maps.conventional, maps.denoised, maps.difference)
        ]
        assert [round(c.GetForegroundOpacity(), 3) for c in composites] == [0.6] * 3

    def step15_the_third_view_shows_the_removed_noise(self):
        """In the place of the difference of the maps."""
        compare = self.ui("Compare")
        compare.opacitySlider.value = 1.0
        compare.backgroundSelector.setCurrentNode(None)
        choose(compare.thirdComboBox, compare.thirdComboBox.itemText(1))
        (maps,) = self.results
        assert backgroundsOfViews(3)[2] == maps.deltamRemoved.GetID()

    def step16_a_square_at_the_mouse_reveals_the_other_map(self):
        """The mouse is at the middle of the first view."""
        compare = self.ui("Compare")
        choose(compare.thirdComboBox, compare.thirdComboBox.itemText(0))
        before = pixelsOf(1)
        choose(compare.lookComboBox, compare.lookComboBox.itemText(1))
        view = slicer.app.layoutManager().sliceWidget("DeepASL1")
        width, height, _depth = view.mrmlSliceNode().GetDimensions()
        crosshair = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLCrosshairNode")
        crosshair.SetCursorPositionXYZ([width / 2, height / 2, 0.0], view.mrmlSliceNode())
        assert pixelsOf(1) != before

    def step17_the_maps_flicker(self):
        """Another picture in the second view after a while, and again another one."""
        compare = self.ui("Compare")
        choose(compare.lookComboBox, compare.lookComboBox.itemText(2))
        first = pixelsOf(2)
        waitUntil(lambda: pixelsOf(2) != first, 60)
        waitUntil(lambda: pixelsOf(2) == first, 60)

    def step18_a_second_network_makes_a_third_map(self):
        """Conventional and both networks side by side."""
        compare, denoise = self.ui("Compare"), self.ui("Denoise")
        choose(compare.lookComboBox, compare.lookComboBox.itemText(0))
        choose(compare.colorComboBox, "inferno")
        other = next(entry for entry in load_registry() if entry.id != denoise.modelComboBox.currentData)
        choose(denoise.modelComboBox, other.id)
        second = self.denoise()
        first = self.results[0]
        assert second.denoised.GetAttribute("DeepASL.Model") == other.id
        assert backgroundsOfViews(3) == [first.conventional.GetID(), first.denoised.GetID(), second.denoised.GetID()]

    def step19_the_former_layout_comes_back_and_the_comparison_too(self):
        """Two buttons."""
        compare, layout = self.ui("Compare"), slicer.app.layoutManager()
        comparing = layout.layout
        click(compare.formerLayoutButton)
        assert layout.layout == self.ownLayout
        assert not compare.formerLayoutButton.enabled
        assert shown(compare.compareButton)
        click(compare.compareButton)
        assert layout.layout == comparing
