"""DeepASL: read, denoise and quantify arterial spin labeling (ASL) MRI.

The science core. It runs anywhere Python runs and never imports Slicer, VTK, Qt or PyTorch.
A scan passes through its packages in this order:

readers -> acquisition, labeling -> motion, brain, calibration, perfusion -> denoising -> quantification
-> tissue, quality -> writers, report

`pipeline` holds that order, once; `preparation` that of the steps before the network.
"""

__version__ = "0.1.0"
