"""Quantization: fewer bytes for each weight, and the labels that the frozen graph gives.

``apply`` quantizes to a recipe's precision. It finds the layers (``layers``), loads or generates
images to calibrate on (``images``, ``synthetic``), runs them through the network layer by layer
(``activations``; ``network``, in ONNX Runtime where ONNX can hold it), and rounds each kernel
(``calibrated``, ``rounding``) to a grid (``grid``); ``search`` chooses grids by how much they cost
(``measure``). ``storage`` puts the codes where TensorFlow.js reads them, ``nearest`` rounds without
images.
"""
