"""The networks of the zoo: each a row of docs/zoo.md."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from support.zoo import backbones, heads
from support.zoo.builder import Builder, raw, tf
from support.zoo.exporters import IMAGENET_MEAN, Exporter
from support.zoo.fitting import fitted

VOC, CITYSCAPES, ADE20K = 21, 19, 151

Network = Callable[[Builder, tf.Tensor], tf.Tensor]


@dataclass(frozen=True)
class Generated:
    """A frozen graph, and the multiply-adds of one photo that its generator counted, by stage."""

    graph: bytes
    multiply_adds: dict[str, int]


@dataclass(frozen=True)
class Row:
    """A network: its name, what makes scores of pixels, and how it was exported."""

    name: str
    classes: int
    exporter: Exporter
    network: Network
    norm: str = ""
    width: float = 1.0
    trained_8_bit: bool = False
    scales: tuple[float, ...] = ()

    def generate(self) -> Generated:
        """Return the frozen graph. The same each time, but for how TensorFlow sums."""
        template = Builder(None, self.norm, self.trained_8_bit, self.width)
        exporter = self.exporter
        values = fitted(self.network, self._body, template, exporter.crop, exporter.mean)
        builder = template.with_values(values)
        graph = exporter.export(partial(self._body, builder))
        return Generated(graph, dict(builder.multiply_adds))

    def _body(self, b: Builder, pixels: tf.Tensor) -> tf.Tensor:
        """Return scores for each pixel, or where several scales are averaged, probabilities."""
        size = pixels.shape[1:3]
        if not self.scales:
            scores = self.network(b, pixels)
            return b.resize(scores, size, "ResizeBilinear_3")
        found = []
        for scale in self.scales:
            for flips in (False, True):
                scores = self._scaled(b, pixels, scale, flips)
                b.suffix = f"_{len(found) + 1}"
                softmax = raw.Softmax(logits=scores, name="Softmax")
                found.append(raw.ExpandDims(input=softmax, axis=tf.constant(4), name="ExpandDims"))
        joined = raw.ConcatV2(values=found, axis=tf.constant(4), name="concat_scales")
        return raw.Mean(input=joined, axis=tf.constant(4), name="Mean_scales")

    def _scaled(self, b: Builder, pixels: tf.Tensor, scale: float, flips: bool) -> tf.Tensor:
        size = pixels.shape[1:3]
        if flips:
            pixels = raw.ReverseV2(tensor=pixels, axis=tf.constant([2]), name="ReverseV2")
        if scale != 1:
            pixels = b.resize(pixels, [int((side - 1) * scale) + 1 for side in size], "Scaled")
        scores = b.resize(self.network(b, pixels), size, "ResizeBilinear_3")
        if flips:
            scores = raw.ReverseV2(tensor=scores, axis=tf.constant([2]), name="ReverseV2_1")
        return scores


def _v3(backbone, head) -> Network:
    return lambda b, pixels: head(b, backbone(b, pixels))


def _row(name, classes, year, backbone, head, crop=65, mean=None, **options) -> Row:
    exporter = Exporter(year, crop, mean, shapes=year == 2019, strips=year == 2021)
    norm = {2018: "", 2019: "", 2021: "V3"}[year]
    head = partial(head, classes=classes)
    return Row(name, classes, exporter, _v3(backbone, head), **{"norm": norm, **options})


v2, v3, edge = backbones.mobilenet_v2, backbones.mobilenet_v3, backbones.mobilenet_edge_tpu
large, small = (partial(v3, blocks=each) for each in (backbones.V3_LARGE, backbones.V3_SMALL))
plus = heads.deeplab_v3_plus
ASPP_16, ASPP_8 = (6, 12, 18), (12, 24, 36)
by_mean = partial(heads.deeplab_v3, by_mean=True)
lite_mean = partial(heads.lite, by_mean=True)

ROWS = (
    _row("mobilenetv2_dm05_voc_2018", VOC, 2018, v2, heads.deeplab_v3, width=0.5),
    _row("mobilenetv2_voc_2018", VOC, 2018, v2, heads.deeplab_v3),
    _row("mobilenetv2_cityscapes_2019", CITYSCAPES, 2019, v2, by_mean),
    _row("mobilenetv2_ade20k_2021", ADE20K, 2021, v2, by_mean),
    _row("mobilenetv3_large_cityscapes_2019", CITYSCAPES, 2019, large, heads.lite),
    _row("mobilenetv3_small_cityscapes_2021", CITYSCAPES, 2021, small, lite_mean),
    _row("edgetpu_cityscapes_2021", CITYSCAPES, 2021, edge, lite_mean, width=0.5),
    _row(
        "edgetpu_slim_cityscapes_2021",
        CITYSCAPES,
        2021,
        edge,
        partial(lite_mean, gate="HardSigmoid"),
        width=0.375,
    ),
    _row(
        "xception65_voc_os16_2018",
        VOC,
        2018,
        partial(backbones.xception, variant=65),
        partial(plus, rates=ASPP_16),
        width=0.25,
    ),
    _row(
        "xception65_ade20k_os8_2019",
        ADE20K,
        2019,
        partial(backbones.xception, variant=65, output_stride=8),
        partial(plus, rates=ASPP_8, by_mean=True),
        width=0.25,
    ),
    _row(
        "xception71_dpc_cityscapes_2018",
        CITYSCAPES,
        2018,
        partial(backbones.xception, variant=71),
        partial(plus, dense_cell=True),
        width=0.25,
    ),
    _row(
        "resnet50_voc_2019",
        VOC,
        2019,
        backbones.resnet_50,
        partial(plus, rates=ASPP_16),
        mean=IMAGENET_MEAN,
        width=0.25,
    ),
    _row(
        "resnet50_beta_cityscapes_2021",
        CITYSCAPES,
        2021,
        partial(backbones.resnet_50, beta=True),
        partial(plus, rates=ASPP_16, by_mean=True),
        width=0.25,
    ),
    _row(
        "mobilenetv2_multiscale_flip_2018",
        VOC,
        2018,
        v2,
        heads.deeplab_v3,
        width=0.5,
        scales=(0.75, 1.0, 1.25),
    ),
    _row("mobilenetv2_8bit_voc_2019", VOC, 2019, v2, by_mean, width=0.5, trained_8_bit=True),
    _row(
        "mobilenetv3_8bit_cityscapes_2019",
        CITYSCAPES,
        2019,
        small,
        lite_mean,
        trained_8_bit=True,
    ),
)


def row(name: str) -> Row:
    """Return the row of this name."""
    return next(each for each in ROWS if each.name == name)
