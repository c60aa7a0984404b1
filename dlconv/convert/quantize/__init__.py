"""Quantization: fewer bytes for each weight, and the labels that the frozen graph gives.

``scheme`` says what can be asked for, ``apply`` does it. It finds the layers (``layers``), has
images to calibrate on (``images``, ``synthetic``), watches them go through the network
(``activations``), and rounds each kernel (``calibrated``, ``rounding``) to a grid (``grid``);
``search`` chooses grids by how much they cost (``measure``). ``storage`` puts the codes where
TensorFlow.js reads them, ``nearest`` rounds without images.
"""
