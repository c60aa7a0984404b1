"""How far a network with other weights is from the network as it was.

Two measures. Labels: agreement for each photo and pooled mIoU, as verify counts them. Divergence:
the mean over positions of the Kullback-Leibler divergence of the class probabilities, which grows
with the square of small errors and so tells which of them cost more (nats).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from dlconv.compare import compare, pooled
from dlconv.convert.quantize.network import Network
from dlconv.graph.contract import Contract
from dlconv.graph.graph import Graph
from dlconv.graph.scores import argmax_behind

Values = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Distance:
    """Agreement, mean and worst, and mIoU of labels, 0 to 1; divergence in nats."""

    agreement: float
    worst: float
    miou: float
    divergence: float


class Yardstick:
    """The outputs of a network for some images, to compare other weights with."""

    def __init__(self, network: Network, contract: Contract, images: Sequence[np.ndarray]) -> None:
        self._network = network
        self._names = [contract.output.node, scores_node(network.graph, contract)]
        self._images = images
        self._expected = [self._outputs(image, {}) for image in images]

    def __len__(self) -> int:
        """The number of images."""
        return len(self._images)

    def distance(self, weights: Values) -> Distance:
        """Compare the network with some constants replaced, by name, with the network as it is."""
        return self.distance_each([weights] * len(self))

    def distance_each(self, weights: Sequence[Values]) -> Distance:
        """Compare likewise, with other constants replaced for each image."""
        confusions, divergences = [], []
        for image, (labels, scores), used in zip(
            self._images, self._expected, weights, strict=True
        ):
            found_labels, found_scores = self._outputs(image, used)
            confusions.append(compare(labels, found_labels))
            divergences.append(divergence(scores, found_scores))
        agreements = [confusion.scores().agreement for confusion in confusions]
        return Distance(
            agreement=float(np.mean(agreements)),
            worst=min(agreements),
            miou=pooled(confusions).scores().miou,
            divergence=float(np.mean(divergences)),
        )

    def _outputs(self, image: np.ndarray, weights: Values) -> tuple[np.ndarray, np.ndarray]:
        fed = {self._network.input_name: image}
        output, scores = self._network.run(self._names, fed, weights)
        is_labels = np.issubdtype(output.dtype, np.integer)
        return (output if is_labels else output.argmax(axis=-1)), scores


def scores_node(graph: Graph, contract: Contract) -> str:
    """Return the node whose scores the output comes from, before they are resized."""
    output = graph.nodes[contract.output.node]
    arg_max = argmax_behind(graph, output)
    node = output if arg_max is None else graph.producer(arg_max, 0)
    while node.op in ("Identity", "ResizeBilinear", "Softmax"):
        node = graph.producer(node, 0)
    return str(node.name)


def divergence(scores: np.ndarray, others: np.ndarray) -> float:
    """Return the mean divergence of softmax(others) from softmax(scores), [..., classes], nats."""
    expected, found = _log_softmax(scores), _log_softmax(others)
    return float((np.exp(expected) * (expected - found)).sum(axis=-1).mean())


def _log_softmax(scores: np.ndarray) -> np.ndarray:
    shifted = scores.astype(np.float64) - scores.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))
