"""dlconv takes DeepLab frozen graphs to TensorFlow.js and ONNX and checks that they still segment."""

__version__ = "0.1.0"
