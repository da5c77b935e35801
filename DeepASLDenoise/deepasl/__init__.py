"""DeepASL: read, denoise and quantify arterial spin labeling (ASL) MRI.

The science core. It runs anywhere Python runs and never imports Slicer, VTK, Qt or PyTorch.
A scan passes through the modules in this order:

readers -> labeling -> acquisition -> masking, calibration -> perfusion -> denoising
-> quantification -> tissue, metrics, quality -> writers, report

`pipeline` holds that order, once.
"""

__version__ = "0.1.0"
