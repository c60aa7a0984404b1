"""dlconv takes a DeepLab frozen graph to TensorFlow.js and ONNX and checks that it still segments."""

__version__ = "0.1.0"
