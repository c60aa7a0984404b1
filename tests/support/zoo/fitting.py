"""Weights with which random networks give labels that differ and are sure.

Photos are the sample's scenes, whose shapes and backgrounds take one of ``LABELS`` hues. Batch
norms take the moments of their activations, so that all activations stay in range. Then the last
layer is fitted: a ridge regression from its features to how much of each hue there is about a
place. Scores are scaled to a median margin, the other classes' biased down, and biases moved until
none of the classes takes most of the pixels.
"""

from collections.abc import Callable, Mapping

import numpy as np
from support.zoo.builder import Builder, tf
from support.zoo.exporters import MID_GREY, scaled

from dlconv.sample.scenes import SIZES, scene

SCENES = 48
FIRST_SEED = 40_000
LABELS = 6
MARGIN = 2.0
RIDGE = 0.03
STEPS = 50
STEP = 0.3

Network = Callable[[Builder, tf.Tensor], tf.Tensor]


def photo(seed: int, crop: int) -> np.ndarray:
    """Return a scene whose sides are at most the crop's, uint8 [H, W, 3]."""
    return _scene(seed, crop)[0]


def _scene(seed: int, crop: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a photo, and the hue of each of its pixels, [H, W]."""
    found = scene(seed)
    hues = (found.labels.astype(int) + seed) % LABELS
    texture = found.photo.astype(np.float64)
    for label in np.unique(found.labels):
        texture[found.labels == label] -= texture[found.labels == label].mean(0)
    thirds = 2 * np.pi / 3 * np.arange(3)
    colours = 127.5 + 85 * np.cos(_angles(hues)[..., None] - thirds)
    image = np.clip(colours + np.clip(texture, -12, 12), 0, 255).astype(np.uint8)
    rows, columns = (_middle(side, crop) for side in hues.shape)
    return image[rows, columns], hues[rows, columns]


def _middle(side: int, crop: int) -> slice:
    """Return the middle of a scene's side: all of the crop for the largest, less for others."""
    count = crop * side // max(SIZES)[0]
    start = (side - count) // 2
    return slice(start, start + count)


def _angles(hues: np.ndarray) -> np.ndarray:
    return 2 * np.pi * hues / LABELS


def fitted(
    network: Network, whole: Network, template: Builder, crop: int, mean
) -> dict[str, np.ndarray]:
    """Return moments, ranges and the weights of the last layers, by the names of parameters.

    ``network`` gives scores once, ``whole`` those that labels come from. ``template`` says how
    layers are written; ``mean`` is the exporter's.
    """
    scenes = [_scene(FIRST_SEED + i, crop) for i in range(SCENES)]
    images = np.stack([_padded(image, crop, mean or MID_GREY) for image, _ in scenes])
    wanted = np.stack(
        [_padded(np.eye(LABELS)[hues], crop, [1 / LABELS] * LABELS) for _, hues in scenes]
    )

    def run(body: Network, values: Mapping | None):
        builder = template.with_values(values)
        with tf.Graph().as_default(), tf.compat.v1.Session() as session:
            fed = tf.compat.v1.placeholder(tf.float32, images.shape)
            scores = body(builder, scaled(fed, mean))
            shown = builder.wanted, builder.features_of_scores, scores
            return *session.run(shown, {fed: images}), builder.scores_written

    values, _, _, _ = run(network, None)
    _, features, _, written = run(network, values)
    values |= _last_weights(written, features, wanted)
    _, _, scores, _ = run(whole, values)
    scores = _as_scores(scores.reshape(-1, scores.shape[-1])[::7])
    offsets = _levelling(scores)
    sharper = max(1, MARGIN / _median_margin(scores + offsets))
    for index, (scope, _) in enumerate(dict.fromkeys(written)):
        biases = values[f"{scope}/biases"] + (0 if index else offsets)
        values[f"{scope}/biases"] = sharper * biases
        values[f"{scope}/weights"] = sharper * values[f"{scope}/weights"]
    return values


def _as_scores(values: np.ndarray) -> np.ndarray:
    """Return scores as they are, and logarithms of probabilities."""
    return np.log(values + 1e-9) if values.min() >= 0 else values


def _levelling(scores: np.ndarray) -> np.ndarray:
    """Return what to add to each class's scores, [N, classes], so that shares are alike."""
    offsets = np.zeros(scores.shape[-1])
    for _ in range(STEPS):
        winners = np.argmax(scores[:, :LABELS] + offsets[:LABELS], axis=1)
        shares = np.bincount(winners, minlength=LABELS) / len(winners)
        offsets[:LABELS] -= STEP * (shares - 1 / LABELS)
    return offsets


def _padded(image: np.ndarray, crop: int, value) -> np.ndarray:
    full = np.tile(np.float32(value), (crop, crop, 1))
    full[: image.shape[0], : image.shape[1]] = image
    return full


def _last_weights(written, features, wanted) -> dict[str, np.ndarray]:
    """Return kernels and biases, those of several last layers to be added."""
    flat = np.concatenate([each.reshape(-1, each.shape[-1]) for each in features], axis=1)
    centre, spread = flat.mean(0), flat.std()
    inputs = (flat - centre) / spread
    targets = _about_each_place(wanted, features[0].shape[1:3])
    gram = inputs.T @ inputs / len(inputs) + RIDGE * np.eye(inputs.shape[1])
    weights = np.linalg.solve(gram, inputs.T @ (targets - targets.mean(0)) / len(inputs))
    weights *= MARGIN / _median_margin(inputs @ weights)
    weights /= spread
    return _by_layer(written, features, weights, -centre @ weights)


def _about_each_place(maps: np.ndarray, sides) -> np.ndarray:
    """Return the mean of maps, [N, crop, crop, C], about each place of features, [M, C]."""
    edges = [np.linspace(0, maps.shape[1], side + 1).astype(int) for side in sides]
    sums = np.add.reduceat(np.add.reduceat(maps, edges[0][:-1], 1), edges[1][:-1], 2)
    area = np.diff(edges[0])[:, None, None] * np.diff(edges[1])[:, None]
    return (sums / area).reshape(-1, maps.shape[-1])


def _median_margin(scores: np.ndarray) -> float:
    second, best = np.sort(scores, axis=1)[:, -2:].T
    return float(np.median(best - second))


def _by_layer(written, features, weights, biases) -> dict[str, np.ndarray]:
    found, start = {}, 0
    for (scope, classes), each in zip(written, features, strict=True):
        count = each.shape[-1]
        kernel = np.random.default_rng(start).normal(scale=1e-3, size=(count, classes))
        bias = np.full(classes, -MARGIN)
        kernel[:, :LABELS] = weights[start : start + count]
        bias[:LABELS] = 0 if start else biases
        found |= {f"{scope}/weights": kernel[None, None], f"{scope}/biases": bias}
        start += count
    return found
