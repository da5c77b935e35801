"""How a map is looked at, the same in pictures, report and scene: slices, window, colors."""
