"""From a training to a model that users get: ONNX file, card, registry entry."""
