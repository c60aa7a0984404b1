"""dlconv takes DeepLab frozen graphs to TensorFlow.js and ONNX and proves that they segment."""

__version__ = "0.1.0"
