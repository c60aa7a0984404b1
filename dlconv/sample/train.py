"""Train the sample model on generated scenes and write the files the package carries.

``python -m dlconv.sample.train --out DIR`` trains, freezes, measures the frozen graph on
scenes it has not seen and writes the archive, the photos with their masks and the figures. All
seeds are fixed. A model whose mean IoU falls short is not written, and the exit code says so.
"""

import argparse
import gzip
import io
import json
import math
import sys
import tarfile
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dlconv.sample.network import (
    EPSILON,
    INPUT,
    OUTPUT,
    PIXEL_SCALE,
    Design,
    export,
    logits,
)
from dlconv.sample.scenes import CLASSES, Scene, scene
from dlconv.storage.files import write_atomically

NAME = "deeplabv3_mnv2_sample"
DESIGN = Design(classes=len(CLASSES))

TRAINING_SEEDS = range(4000)
UNSEEN_SEEDS = range(1_000_000, 1_000_200)
PHOTO_SEEDS = (2_000_005, 2_000_030, 2_000_031, 2_000_035, 2_000_036, 2_000_039)
START_SEED = 1
BATCH_SEED = 2

STEPS = 3800
WARMUP_STEPS = 100
BATCH = 8
RATE = 3e-3
WEIGHT_DECAY = 1e-4
MOMENTS_DECAY = 0.99
LEAST_MIOU = 0.9
IGNORED = 255

Parameters = dict[str, NDArray[np.float32]]
Labels = NDArray[np.integer[Any]]


@dataclass(frozen=True)
class Figures:
    """What was measured on the unseen scenes, and the settings that lead there."""

    miou: float
    iou: dict[str, float]
    scenes: int
    unseen_seeds: list[int]
    training_seeds: list[int]
    start_seed: int
    batch_seed: int
    steps: int
    batch: int
    parameters: int
    agreement_8bit_all: float
    agreement_8bit_weights: float


@dataclass
class TrainingLayers:
    """Layers with variables, normalized by the moments of each batch."""

    random: np.random.Generator
    variables: dict[str, Any] = field(default_factory=dict)
    updates: list[Any] = field(default_factory=list)

    def parameter(self, name: str, shape: tuple[int, ...]) -> Any:
        """Return a new variable's value, He-normal for weights and zero for biases."""
        start = np.zeros(shape)
        if len(shape) == 4:
            depthwise = name.endswith("depthwise_weights")
            inputs = shape[0] * shape[1] * (1 if depthwise else shape[2])
            start = self.random.normal(size=shape) * math.sqrt(2 / inputs)
        return self._variable(name, start).read_value()

    def batch_norm(self, features: Any, scope: str) -> Any:
        """Return the features normalized by their own moments, which the averages follow."""
        import tensorflow as tf

        channels = int(features.shape[-1])
        gamma = self._variable(f"{scope}/gamma", np.ones(channels))
        beta = self._variable(f"{scope}/beta", np.zeros(channels))
        normalized, *moments = tf.compat.v1.nn.fused_batch_norm(
            features, gamma.read_value(), beta.read_value(), epsilon=EPSILON
        )
        starts = {"moving_mean": np.zeros(channels), "moving_variance": np.ones(channels)}
        for (part, start), moment in zip(starts.items(), moments, strict=True):
            average = self._variable(f"{scope}/{part}", start, trainable=False)
            self.updates.append(average.assign_sub((average - moment) * (1 - MOMENTS_DECAY)))
        return normalized

    def _variable(self, name: str, start: NDArray[np.float64], trainable: bool = True) -> Any:
        import tensorflow as tf

        variable = tf.compat.v1.Variable(
            start.astype(np.float32), trainable=trainable, name=name, use_resource=True
        )
        self.variables[name] = variable
        return variable


def trained(seeds: Sequence[int], steps: int, report: Callable[[str], None]) -> Parameters:
    """Return the parameters after ``steps`` of training on the scenes of ``seeds``."""
    import tensorflow as tf

    scenes = _scenes(seeds)
    random = np.random.default_rng(BATCH_SEED)
    layers = TrainingLayers(np.random.default_rng(START_SEED))
    with tf.Graph().as_default():
        crop = DESIGN.crop
        pixels = tf.compat.v1.placeholder(tf.float32, [BATCH, crop, crop, 3])
        labels = tf.compat.v1.placeholder(tf.int32, [BATCH, crop, crop])
        rate = tf.compat.v1.placeholder(tf.float32, [])
        loss = _loss(logits(pixels, DESIGN, layers), labels)
        weights = [w for w in layers.variables.values() if w.shape.rank == 4]
        decay = WEIGHT_DECAY * tf.add_n([tf.nn.l2_loss(weight) for weight in weights])
        train = tf.compat.v1.train.AdamOptimizer(rate).minimize(loss + decay)
        step = tf.group(train, *layers.updates)
        with tf.compat.v1.Session() as session:
            session.run(tf.compat.v1.global_variables_initializer())
            for index in range(steps):
                batch_pixels, batch_labels = _batch(random, scenes)
                feed = {pixels: batch_pixels, labels: batch_labels, rate: _rate(index, steps)}
                _, value = session.run([step, loss], feed)
                if index % 200 == 199:
                    report(f"step {index + 1} of {steps}: loss {value:.4f}")
            values: Parameters = session.run(layers.variables)
    return values


def _rate(index: int, steps: int) -> float:
    """Return the learning rate of a step: a linear warm-up, then half a cosine down to zero."""
    warm = min(1.0, (index + 1) / WARMUP_STEPS)
    return RATE * warm * 0.5 * (1 + math.cos(math.pi * index / steps))


def _loss(scores: Any, labels: Any) -> Any:
    """Return the mean cross entropy over the pixels [N, h, w] that have a label."""
    import tensorflow as tf

    known = tf.not_equal(labels, IGNORED)
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(
        labels=tf.where(known, labels, tf.zeros_like(labels)), logits=scores
    )
    weights = tf.cast(known, tf.float32)
    return tf.reduce_sum(losses * weights) / tf.reduce_sum(weights)


def _batch(
    random: np.random.Generator, scenes: Sequence[Scene]
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Return scaled pixels [N, crop, crop, 3] and labels [N, crop, crop] of random scenes.

    Scenes are mirrored, transposed and their colour channels exchanged at random; the padding is
    the mean pixel, and its labels are ignored.
    """
    crop = DESIGN.crop
    pixels = np.zeros((BATCH, crop, crop, 3), np.float32)
    labels = np.full((BATCH, crop, crop), IGNORED, np.int32)
    for index in range(BATCH):
        drawn = scenes[int(random.integers(len(scenes)))]
        photo, truth = drawn.photo[..., random.permutation(3)], drawn.labels
        if random.integers(2):
            photo, truth = photo[::-1], truth[::-1]
        if random.integers(2):
            photo, truth = photo[:, ::-1], truth[:, ::-1]
        if random.integers(2):
            photo, truth = photo.transpose(1, 0, 2), truth.T
        height, width = truth.shape
        pixels[index, :height, :width] = photo * np.float32(PIXEL_SCALE) - 1
        labels[index, :height, :width] = truth
    return pixels, labels


def _scenes(seeds: Sequence[int]) -> list[Scene]:
    """Return the scenes of the seeds, generated by as many processes as there are cores."""
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        return list(pool.map(scene, seeds, chunksize=50))


def segmented(graph: bytes, photos: Sequence[NDArray[np.uint8]]) -> list[Labels]:
    """Return the labels [H, W] a frozen graph gives for each photo [H, W, 3] at its own size."""
    import tensorflow as tf

    definition = tf.compat.v1.GraphDef.FromString(graph)
    with tf.Graph().as_default():
        tf.import_graph_def(definition, name="")
        with tf.compat.v1.Session() as session:
            return [session.run(f"{OUTPUT}:0", {f"{INPUT}:0": photo[None]})[0] for photo in photos]


def iou(predictions: Sequence[Labels], truths: Sequence[Labels]) -> list[float]:
    """Return the intersection over union of each class, pooled over all pixels."""
    classes = len(CLASSES)
    counts = np.zeros((classes, classes), np.int64)
    for prediction, truth in zip(predictions, truths, strict=True):
        pairs = truth.astype(np.int64).ravel() * classes + prediction.ravel()
        counts += np.bincount(pairs, minlength=classes**2).reshape(classes, classes)
    hits = np.diag(counts)
    return [float(value) for value in hits / (counts.sum(0) + counts.sum(1) - hits)]


def rounded_to_8_bits(graph: bytes, only_weights: bool) -> bytes:
    """Return a frozen graph whose float tensors hold at most 256 evenly spaced values each.

    ``only_weights`` leaves all but tensors of rank 4 as they are.
    """
    import tensorflow as tf

    definition = tf.compat.v1.GraphDef.FromString(graph)
    for node in definition.node:
        if node.op != "Const" or node.attr["dtype"].type != tf.float32.as_datatype_enum:
            continue
        value = tf.make_ndarray(node.attr["value"].tensor)
        if value.size < 2 or (only_weights and value.ndim != 4):
            continue
        low, high = float(value.min()), float(value.max())
        width = (high - low) / 255 or 1.0
        coarse = np.rint((value - low) / width) * width + low
        proto = tf.make_tensor_proto(coarse.astype(np.float32))
        node.attr["value"].tensor.CopyFrom(proto)
    return bytes(definition.SerializeToString(deterministic=True))


def agreement(first: Sequence[Labels], second: Sequence[Labels]) -> float:
    """Return the share of pixels to which both give the same label."""
    equal = sum(int((a == b).sum()) for a, b in zip(first, second, strict=True))
    return equal / sum(a.size for a in first)


def measured(graph: bytes, values: Parameters) -> Figures:
    """Return the figures of a frozen graph on the unseen scenes."""
    unseen = _scenes(UNSEEN_SEEDS)
    photos = [each.photo for each in unseen]
    labels = segmented(graph, photos)
    per_class = iou(labels, [each.labels for each in unseen])
    coarse_all = segmented(rounded_to_8_bits(graph, only_weights=False), photos)
    coarse_weights = segmented(rounded_to_8_bits(graph, only_weights=True), photos)
    return Figures(
        miou=round(sum(per_class) / len(per_class), 4),
        iou={name: round(value, 4) for name, value in zip(CLASSES, per_class, strict=True)},
        scenes=len(unseen),
        unseen_seeds=[UNSEEN_SEEDS.start, UNSEEN_SEEDS.stop],
        training_seeds=[TRAINING_SEEDS.start, TRAINING_SEEDS.stop],
        start_seed=START_SEED,
        batch_seed=BATCH_SEED,
        steps=STEPS,
        batch=BATCH,
        parameters=sum(value.size for value in values.values()),
        agreement_8bit_all=round(agreement(labels, coarse_all), 4),
        agreement_8bit_weights=round(agreement(labels, coarse_weights), 4),
    )


def archive(graph: bytes) -> bytes:
    """Return the graph as a gzipped tar laid out like the zoo's, the same bytes every time."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        folder = tarfile.TarInfo(NAME)
        folder.type, folder.mode = tarfile.DIRTYPE, 0o755
        tar.addfile(folder)
        member = tarfile.TarInfo(f"{NAME}/frozen_inference_graph.pb")
        member.size = len(graph)
        tar.addfile(member, io.BytesIO(graph))
    return gzip.compress(buffer.getvalue(), mtime=0)


def png(pixels: NDArray[np.uint8]) -> bytes:
    """Return a photo [H, W, 3] as RGB PNG, or a label map [H, W] as grey PNG of class ids."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


def files(graph: bytes, figures: Figures) -> dict[str, bytes]:
    """Return what the package carries, by path below the output folder."""
    content = {
        f"{NAME}.tar.gz": archive(graph),
        "figures.json": (json.dumps(asdict(figures), indent=2) + "\n").encode(),
    }
    for seed in PHOTO_SEEDS:
        drawn = scene(seed)
        content[f"photos/scene_{seed}.png"] = png(drawn.photo)
        content[f"photos/masks/scene_{seed}.png"] = png(drawn.labels)
    return content


def main(arguments: Sequence[str] | None = None) -> int:
    """Train, measure and, if the model is good enough, write; return the exit code."""
    parser = argparse.ArgumentParser(description="Train the sample model.")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    options = parser.parse_args(arguments)
    values = trained(TRAINING_SEEDS, STEPS, lambda line: print(line, flush=True))
    graph = export(DESIGN, values)
    figures = measured(graph, values)
    print(json.dumps(asdict(figures), indent=2), flush=True)
    if figures.miou < LEAST_MIOU:
        print(f"mIoU {figures.miou} is below {LEAST_MIOU}: nothing written", file=sys.stderr)
        return 1
    for name, content in files(graph, figures).items():
        write_atomically(options.out / name, content)
    return 0


if __name__ == "__main__":
    sys.exit(main())
