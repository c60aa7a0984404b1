"""Layers of a network in the graph that TensorFlow is building, with what each of them costs.

Weights are random, and depend on a layer's name alone. A network is built twice: first with the
statistics of the batch in place of a batch norm's moments, to learn them and the
ranges of activations, then with those as constants, as a frozen graph has them.
"""

import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from dlconv.tensorflow import load_tensorflow

tf = load_tensorflow()
EPSILON = 1e-3
NOISE = 0.03
COLOURS = 3
# The size of what no activation follows, which is often added to something.
LINEAR = 0.7
raw = tf.raw_ops


@dataclass
class Builder:
    """Writes layers into the default tf.Graph; all its tensors are float32 NHWC of fixed size.

    ``values`` are what fitting gave: moments, ranges and the last weights; None while they are to
    be found. ``norm`` is the version of FusedBatchNorm, ``trained_8_bit`` puts FakeQuant on weights
    and activations as contrib.quantize does. ``multiply_adds`` counts by stage, in words of
    dlconv's; ``wanted`` are the tensors that fitting reads.
    """

    values: Mapping[str, np.ndarray] | None = None
    norm: str = ""
    trained_8_bit: bool = False
    width: float = 1.0
    stage: str = "backbone"
    multiply_adds: Counter = field(default_factory=Counter)
    wanted: dict[str, tf.Tensor] = field(default_factory=dict)
    features_of_scores: list[tf.Tensor] = field(default_factory=list)
    scores_written: list[tuple[str, int]] = field(default_factory=list)
    suffix: str = ""
    consts: dict[str, tf.Tensor] = field(default_factory=dict)

    def with_values(self, values: Mapping[str, np.ndarray] | None) -> "Builder":
        """Return a builder that writes layers as this one does, and has written none."""
        return Builder(values, self.norm, self.trained_8_bit, self.width)

    @property
    def is_calibrating(self) -> bool:
        return self.values is None

    @contextmanager
    def on(self, stage: str) -> Iterator[None]:
        """Count what is built in the block for another stage."""
        before, self.stage = self.stage, stage
        yield
        self.stage = before

    def channels(self, count: int, divisor: int = 8) -> int:
        """Return a number of channels times the network's width, as MobileNet rounds it."""
        scaled = count * self.width
        rounded = max(divisor, int(scaled + divisor / 2) // divisor * divisor)
        return rounded + divisor if rounded < 0.9 * scaled else rounded

    def name(self, scope: str) -> str:
        """Return the name of an operation, which differs each time that weights are shared."""
        return f"{scope}{self.suffix}"

    def parameter(self, name: str, value: np.ndarray) -> tf.Tensor:
        """Return the read of a Const, of which there is one for each name."""
        if name not in self.consts:
            held = tf.constant(np.asarray(value, np.float32), name=name)
            self.consts[name] = raw.Identity(input=held, name=f"{name}/read")
        return self.consts[name]

    def conv(
        self,
        x: tf.Tensor,
        scope: str,
        channels: int,
        size: int = 1,
        stride: int = 1,
        rates: tuple[int, int] = (1, 1),
        activation: str = "Relu",
        explicit: bool = False,
        depthwise: bool = False,
        gain: float = 1.0,
    ) -> tf.Tensor:
        """A convolution, its batch norm, and an activation; ``explicit`` pads with a node.

        ``gain`` is about how large what comes out is.
        """
        inputs = x.shape[-1]
        shape = (size, size, inputs, 1 if depthwise else channels)
        kernel = _kernel(scope, shape, depthwise)
        outputs = inputs if depthwise else channels
        norm = self._norm_of(scope, outputs, gain if activation else LINEAR)
        convolve = _Convolution(self, scope, stride, rates, explicit, depthwise)
        if self.trained_8_bit and not self.is_calibrating:
            x = self._folded(x, scope, kernel, norm, convolve)
        else:
            read = self.parameter(f"{scope}/{'depthwise_' * depthwise}weights", kernel)
            x = self._normalized(convolve(x, read), scope, norm)
        if activation:
            x = self.activation(x, scope, activation)
        return self.quantize(x, f"{scope}/act_quant")

    def depthwise(self, x: tf.Tensor, scope: str, size: int = 3, **options) -> tf.Tensor:
        return self.conv(x, scope, x.shape[-1], size, depthwise=True, **options)

    def biased(self, x: tf.Tensor, scope: str, channels: int, activation: str = "") -> tf.Tensor:
        """A 1x1 convolution with a bias and no norm."""
        shape = (1, 1, x.shape[-1], channels)
        random = _random(scope)
        kernel = random.normal(scale=_scale(shape, False), size=shape)
        return self._with_bias(
            x, scope, kernel, random.normal(scale=0.3, size=channels), activation
        )

    def scores(self, x: tf.Tensor, scope: str, classes: int) -> tf.Tensor:
        """The last 1x1 convolution, whose weights are fitted; zeros while they are to be found."""
        self.features_of_scores.append(x)
        self.scores_written.append((scope, classes))
        shape = (1, 1, x.shape[-1], classes)
        given = self.values or {}
        kernel = given.get(f"{scope}/weights", np.zeros(shape))
        return self._with_bias(
            x, scope, kernel, given.get(f"{scope}/biases", np.zeros(classes)), ""
        )

    def _with_bias(self, x, scope, kernel, bias, activation) -> tf.Tensor:
        read = self.parameter(f"{scope}/weights", kernel)
        if self.trained_8_bit and not self.is_calibrating:
            read = self._fake_quantized(read, f"{scope}/weights_quant", kernel.min(), kernel.max())
        x = _Convolution(self, scope)(x, read)
        bias = self.parameter(f"{scope}/biases", bias)
        x = raw.BiasAdd(value=x, bias=bias, name=self.name(f"{scope}/BiasAdd"))
        return self.activation(x, scope, activation) if activation else x

    def activation(self, x: tf.Tensor, scope: str, kind: str) -> tf.Tensor:
        if kind in ("HardSwish", "HardSigmoid"):
            return self._hard(x, self.name(f"{scope}/{kind}"), kind == "HardSwish")
        takes = "x" if kind == "Sigmoid" else "features"
        return getattr(raw, kind)(**{takes: x}, name=self.name(f"{scope}/{kind}"))

    def _hard(self, x: tf.Tensor, scope: str, times_itself: bool) -> tf.Tensor:
        shifted = raw.AddV2(x=x, y=tf.constant(3.0, name=f"{scope}/add/y"), name=f"{scope}/add")
        clipped = raw.Relu6(features=shifted, name=f"{scope}/Relu6")
        if times_itself:
            clipped = raw.Mul(x=x, y=clipped, name=f"{scope}/mul")
        sixth = tf.constant(np.float32(1 / 6), name=f"{scope}/mul_1/y")
        return raw.Mul(x=clipped, y=sixth, name=f"{scope}/mul_1")

    def add(self, x: tf.Tensor, y: tf.Tensor, scope: str) -> tf.Tensor:
        kind = raw.AddV2 if self.norm == "V3" else raw.Add
        return self.quantize(kind(x=x, y=y, name=self.name(scope)), f"{scope}_quant")

    def concat(self, parts: Sequence[tf.Tensor], scope: str) -> tf.Tensor:
        axis = tf.constant(3, name=self.name(f"{scope}/axis"))
        x = raw.ConcatV2(values=list(parts), axis=axis, name=self.name(scope))
        return self.quantize(x, f"{scope}/act_quant")

    def resize(self, x: tf.Tensor, size: Sequence[int], scope: str) -> tf.Tensor:
        to = tf.constant(np.asarray(size, np.int32), name=self.name(f"{scope}/size"))
        return raw.ResizeBilinear(images=x, size=to, align_corners=True, name=self.name(scope))

    def mean(self, x: tf.Tensor, scope: str) -> tf.Tensor:
        """The mean over the whole image, [N, 1, 1, C]."""
        axes = tf.constant([1, 2], name=self.name(f"{scope}/reduction_indices"))
        return raw.Mean(input=x, axis=axes, keep_dims=True, name=self.name(scope))

    def average(self, x: tf.Tensor, window: Sequence[int], stride: Sequence[int], scope: str):
        return raw.AvgPool(
            value=x,
            ksize=[1, *window, 1],
            strides=[1, *stride, 1],
            padding="VALID",
            name=self.name(scope),
        )

    def quantize(self, x: tf.Tensor, scope: str) -> tf.Tensor:
        """Let an activation have 256 values, of the range that was seen, if trained so."""
        if not self.trained_8_bit:
            return x
        if self.is_calibrating:
            self.wanted[f"{scope}/min"] = tf.reduce_min(x)
            self.wanted[f"{scope}/max"] = tf.reduce_max(x)
            return x
        low, high = (float(self.values[f"{scope}/{end}"]) for end in ("min", "max"))
        return self._fake_quantized(x, scope, min(low, 0), max(high, 1e-3), narrow=False)

    def _fake_quantized(self, x, scope, low, high, narrow=True) -> tf.Tensor:
        return raw.FakeQuantWithMinMaxVars(
            inputs=x,
            min=self.parameter(f"{scope}/min", low),
            max=self.parameter(f"{scope}/max", high),
            num_bits=8,
            narrow_range=narrow,
            name=self.name(f"{scope}/FakeQuantWithMinMaxVars"),
        )

    def _norm_of(self, scope: str, channels: int, size: float) -> "_Norm":
        random = _random(f"{scope}/BatchNorm")
        gamma, beta = (
            size * random.uniform(0.7, 1.3, channels),
            random.normal(scale=0.3, size=channels),
        )
        given = self.values or {}
        zeros, ones = np.zeros(channels), np.ones(channels)
        mean = given.get(f"{scope}/BatchNorm/moving_mean", zeros)
        return _Norm(gamma, beta, mean, given.get(f"{scope}/BatchNorm/moving_variance", ones))

    def _normalized(self, x: tf.Tensor, scope: str, norm: "_Norm") -> tf.Tensor:
        scope = f"{scope}/BatchNorm"
        parts = {
            key: self.parameter(f"{scope}/{key}", value) for key, value in norm.parameters.items()
        }
        empty = tf.constant(np.zeros(0, np.float32)) if self.is_calibrating else None
        normalized = getattr(raw, f"FusedBatchNorm{self.norm}")(
            x=x,
            scale=parts["gamma"],
            offset=parts["beta"],
            mean=parts["moving_mean"] if empty is None else empty,
            variance=parts["moving_variance"] if empty is None else empty,
            epsilon=EPSILON,
            is_training=self.is_calibrating,
            name=self.name(f"{scope}/FusedBatchNorm{self.norm}"),
        )
        if self.is_calibrating:
            self.wanted[f"{scope}/moving_mean"] = normalized.batch_mean
            self.wanted[f"{scope}/moving_variance"] = normalized.batch_variance
        return normalized.y

    def _folded(self, x, scope, kernel, norm: "_Norm", convolve: "_Convolution") -> tf.Tensor:
        """Convolve with weights that the norm is folded into, then quantized, as 8-bit training."""
        fold = f"{scope}/BatchNorm_Fold"
        parts = {
            key: self.parameter(f"{scope}/BatchNorm/{key}", value)
            for key, value in norm.parameters.items()
        }
        variance = raw.Add(x=parts["moving_variance"], y=np.float32(EPSILON), name=f"{fold}/add")
        deviation = raw.Rsqrt(x=variance, name=f"{fold}/Rsqrt")
        factor = raw.Mul(x=deviation, y=parts["gamma"], name=f"{fold}/mul")
        offset = raw.Mul(x=parts["moving_mean"], y=factor, name=f"{fold}/mul_1")
        bias = raw.Sub(x=parts["beta"], y=offset, name=f"{fold}/bias")
        scale = norm.gamma / np.sqrt(norm.variance + EPSILON)
        if convolve.depthwise:
            shape = tf.constant([kernel.shape[2], 1], name=f"{scope}/scale_reshape/shape")
            factor = raw.Reshape(tensor=factor, shape=shape, name=f"{scope}/scale_reshape")
            scale = scale[:, None]
        read = self.parameter(f"{scope}/{'depthwise_' * convolve.depthwise}weights", kernel)
        folded = raw.Mul(x=read, y=factor, name=f"{scope}/mul_fold")
        ends = (kernel * scale).min(), (kernel * scale).max()
        x = convolve(x, self._fake_quantized(folded, f"{scope}/weights_quant", *ends), "_Fold")
        return raw.Add(x=x, y=bias, name=self.name(f"{scope}/add_fold"))


@dataclass(frozen=True)
class _Norm:
    """Batch normalization's parameters, each [channels]."""

    gamma: np.ndarray
    beta: np.ndarray
    mean: np.ndarray
    variance: np.ndarray

    @property
    def parameters(self) -> dict[str, np.ndarray]:
        return {
            "gamma": self.gamma,
            "beta": self.beta,
            "moving_mean": self.mean,
            "moving_variance": self.variance,
        }


@dataclass(frozen=True)
class _Convolution:
    """A convolution without weights; atrous through batches, as TensorFlow 1 wrote it."""

    builder: Builder
    scope: str
    stride: int = 1
    rates: tuple[int, int] = (1, 1)
    explicit: bool = False
    depthwise: bool = False

    def __call__(self, x: tf.Tensor, kernel: tf.Tensor, suffix: str = "") -> tf.Tensor:
        kind = ("depthwise" if self.depthwise else "Conv2D") + suffix
        name = self.builder.name(f"{self.scope}/{kind}")
        if self.rates != (1, 1):
            return self._atrous(x, kernel, name)
        size, padding = kernel.shape[0], "SAME"
        if self.explicit and self.stride > 1:
            before = (size - 1) // 2
            ends = [before, size - 1 - before]
            paddings = tf.constant([[0, 0], ends, ends, [0, 0]], name=f"{name}/Pad/paddings")
            x = raw.Pad(input=x, paddings=paddings, name=f"{name}/Pad")
            padding = "VALID"
        return self._counted(self._op(x, kernel, padding, name), kernel)

    def _op(self, x: tf.Tensor, kernel: tf.Tensor, padding: str, name: str) -> tf.Tensor:
        op = raw.DepthwiseConv2dNative if self.depthwise else raw.Conv2D
        strides = [1, self.stride, self.stride, 1]
        return op(input=x, filter=kernel, strides=strides, padding=padding, name=name)

    def _atrous(self, x: tf.Tensor, kernel: tf.Tensor, name: str) -> tf.Tensor:
        paddings, crops = [], []
        for extent, size, rate in zip(x.shape[1:3], kernel.shape[:2], self.rates, strict=True):
            total = (size - 1) * rate
            excess = -(extent + total) % rate
            paddings.append([total // 2, total - total // 2 + excess])
            crops.append([0, excess])
        inward, outward = f"{name}/SpaceToBatchND", f"{name}/BatchToSpaceND"
        x = raw.SpaceToBatchND(
            input=x,
            block_shape=tf.constant(self.rates, name=f"{inward}/block_shape"),
            paddings=tf.constant(paddings, name=f"{inward}/paddings"),
            name=inward,
        )
        x = self._counted(self._op(x, kernel, "VALID", name), kernel)
        return raw.BatchToSpaceND(
            input=x,
            block_shape=tf.constant(self.rates, name=f"{outward}/block_shape"),
            crops=tf.constant(crops, name=f"{outward}/crops"),
            name=outward,
        )

    def _counted(self, x: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
        height, width, inputs, _ = kernel.shape
        summed = height * width * (1 if self.depthwise else inputs)
        if not self.builder.is_calibrating:
            self.builder.multiply_adds[self.builder.stage] += int(np.prod(x.shape)) * summed
        return x


def _random(scope: str) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(scope.encode()))


def _kernel(scope: str, shape: tuple[int, ...], depthwise: bool) -> np.ndarray:
    """Return weights that pass on what comes in and, less, mix it at random.

    Wholly random weights would make noise of what an image shows, layer by layer.
    """
    height, width, inputs, outputs = shape
    bump = np.outer(*(np.hanning(size + 2)[1:-1] ** 6 for size in (height, width)))
    least = min(inputs, outputs)
    same = np.arange(inputs)[:, None] % least == np.arange(outputs) % least
    same = np.ones((inputs, outputs)) if depthwise else same / np.sqrt(same.sum(0))
    random = _random(scope)
    if inputs <= COLOURS:
        same = random.normal(size=(inputs, outputs))
    mixed = random.normal(scale=_scale(shape, depthwise), size=shape)
    return bump[..., None, None] / bump.sum() * same + NOISE * mixed


def _scale(shape: tuple[int, ...], depthwise: bool) -> float:
    return float(np.sqrt(2 / np.prod(shape[:2] if depthwise else shape[:3])))
