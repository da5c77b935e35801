"""What needs MRML, VTK or Qt: the scene, its display, the panels of the Slicer module."""
