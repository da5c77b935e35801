"""What the story needs of the application: waiting, clicking, looking, answering dialogs."""

import json
import time
import traceback

import qt
import slicer
import vtk
import vtk.util.numpy_support

END = "the end"
"""The last entry of a report: the application came so far."""

LEGEND = "vtkMRMLColorLegendDisplayNode"


def waitUntil(condition, seconds=600.0):
    """Let the application live until `condition` holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        slicer.app.processEvents()


def settle():
    """Let the module look at the scan to the end."""
    widget = slicer.modules.deepasldenoise.widgetRepresentation().self()
    slicer.app.processEvents()
    waitUntil(lambda: not widget.looker.running, 60)


def nodeIds():
    """What is in the scene, but for what the application itself adds while it shows things."""
    nodes = (slicer.mrmlScene.GetNthNode(n) for n in range(slicer.mrmlScene.GetNumberOfNodes()))
    return sorted(node.GetID() for node in nodes if node.IsA("vtkMRMLStorableNode") or node.IsA("vtkMRMLDisplayNode"))


def answering(*buttons, before=lambda dialog: None):
    """A timer that clicks the first of `buttons` that a dialog has in every one that opens, and keeps their texts.

    `before` is called with a dialog before it is answered: to type, or to look at it.
    """
    seen = []

    def answer():
        dialog = qt.QApplication.activeModalWidget()
        if dialog is None:
            return
        texts = [label.text for label in dialog.findChildren("QLabel")] + [dialog.windowTitle]
        seen.append(" ".join(text for text in texts if text))
        there = {candidate.text.replace("&", ""): candidate for candidate in dialog.findChildren("QPushButton")}
        for wanted in buttons:
            if wanted in there:
                before(dialog)
                there[wanted].click()
                return

    timer = qt.QTimer()
    timer.setInterval(200)
    timer.connect("timeout()", answer)
    timer.start()
    return timer, seen


def attempting(action, *buttons, before=lambda dialog: None):
    """What is raised by an action whose dialogs are answered, see `answering`, and the texts of those."""
    timer, seen = answering(*buttons, before=before)
    try:
        action()
    except Exception as error:
        return str(error), seen
    finally:
        timer.stop()
    return "", seen


class Watchdog:
    """Closes dialogs that nobody expected, so that the story goes on, and keeps what they said."""

    PATIENCE = 30
    """Seconds."""

    def __init__(self):
        self.said = []
        self._since = None
        self._timer = qt.QTimer()
        self._timer.setInterval(1000)
        self._timer.connect("timeout()", self._look)
        self._timer.start()

    def _look(self):
        dialog = qt.QApplication.activeModalWidget()
        if dialog is None or "Progress" in dialog.className():
            self._since = None
        elif self._since is None:
            self._since = time.monotonic()
        elif time.monotonic() - self._since > self.PATIENCE:
            self.said.append(" ".join(label.text for label in dialog.findChildren("QLabel") if label.text))
            self._since = None
            dialog.close()


def shown(widget):
    """Whether the user sees a widget, once its section is open and scrolled to."""
    return widget.isVisibleTo(slicer.util.mainWindow())


def cutTexts(widget):
    """Labels of the open sections that are lower than their text needs, with the text."""
    labels = [label for label in widget.findChildren("QLabel") if label.isVisible() and label.text]
    needed = [
        label.heightForWidth(label.width) if label.wordWrap else label.minimumSizeHint.height() for label in labels
    ]
    return [
        (label.objectName, label.text) for label, height in zip(labels, needed, strict=True) if label.height < height
    ]


def click(button):
    """Press a button as a user can: only if it is there and enabled."""
    assert shown(button), f"{button.objectName} is not there"
    assert button.enabled, f"{button.objectName} is disabled: {button.toolTip}"
    button.click()
    settle()


def choose(combo, data):
    """Choose the entry of a combo box that stands for `data` (or reads like it), as a user does."""
    index = max(combo.findData(data), combo.findText(data) if isinstance(data, str) else -1)
    assert index >= 0, f"{data!r} is not in {combo.objectName}"
    combo.setCurrentIndex(index)
    combo.activated(index)
    settle()


def backgroundsOfViews(count):
    """The ids of the volumes shown at the bottom of the first views of the comparison."""
    widgets = [slicer.app.layoutManager().sliceWidget(f"DeepASL{n}") for n in range(1, count + 1)]
    return [widget.mrmlSliceCompositeNode().GetBackgroundVolumeID() for widget in widgets]


def legendsOf(number):
    """The titles of the legends that are drawn in a view of the comparison."""
    view = slicer.app.layoutManager().sliceWidget(f"DeepASL{number}").sliceView()
    drawn = view.displayableManagerByClassName("vtkMRMLColorLegendDisplayableManager")
    actors = ((each, drawn.GetColorLegendActor(each)) for each in slicer.util.getNodesByClass(LEGEND))
    return [legend.GetTitleText() for legend, actor in actors if actor is not None and actor.GetVisibility()]


def pixelsOf(number):
    """What is drawn in a view of the comparison, as bytes."""
    view = slicer.app.layoutManager().sliceWidget(f"DeepASL{number}").sliceView()
    slicer.app.processEvents()
    view.forceRender()
    grabber = vtk.vtkWindowToImageFilter()
    grabber.SetInput(view.renderWindow())
    grabber.Update()
    return vtk.util.numpy_support.vtk_to_numpy(grabber.GetOutput().GetPointData().GetScalars()).tobytes()


def screenshot(folder, name):
    """What is on the screen now, once sections and views have settled."""
    settled = time.monotonic() + 0.3
    waitUntil(lambda: time.monotonic() > settled)
    slicer.util.forceRenderAllViews()
    slicer.util.mainWindow().grab().save(str(folder / f"{name}.png"))


def tell(story, folder, last="", report="story.json"):
    """Run every step of a story in order, also after one failed, up to that named `last`; True if all held.

    The report in the folder says what held and what did not, and how long it took; it is written after each step.
    """
    slicer.util.mainWindow().resize(1600, 1000)
    slicer.util.mainWindow().move(0, 0)
    told, watchdog = {}, Watchdog()
    steps = sorted(name for name in dir(story) if name.startswith("step"))
    for name in steps if not last else [name for name in steps if name <= f"{last}~"]:
        started = time.monotonic()
        try:
            getattr(story, name)()
            outcome = "held"
        except Exception:
            outcome = traceback.format_exc()
        if watchdog.said:
            outcome = f"{outcome}\nnobody expected the dialog: {watchdog.said}"
            watchdog.said.clear()
        told[name] = {"outcome": outcome, "seconds": round(time.monotonic() - started, 1)}
        (folder / report).write_text(json.dumps(told, indent=2), encoding="utf-8")
        screenshot(folder, name)
        cut = cutTexts(slicer.modules.deepasldenoise.widgetRepresentation())
        if cut:
            told[name]["outcome"] = f"{outcome}\ntexts are cut: {cut}"
    told[END] = {"outcome": "held", "seconds": 0.0}
    (folder / report).write_text(json.dumps(told, indent=2), encoding="utf-8")
    return all(step["outcome"] == "held" for step in told.values())
