"""dlconv takes frozen graphs to TensorFlow.js, ONNX and LiteRT, and proves they are the same."""

__version__ = "0.1.0"
