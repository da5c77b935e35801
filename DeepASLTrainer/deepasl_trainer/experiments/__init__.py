"""The experiments of the DeepASL paper."""
