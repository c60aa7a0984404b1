"""What a frozen graph promises: its contract.

The contract is found in the graph, never assumed. The input is the placeholder whose pixels go
into the output; the output is a sink, a node whose value nothing in the graph reads. DeepLab's own
names settle a choice between several, and are not required. Every finding has its reason, and so
has every node that could have been chosen and was not, so that a person can check it.

A graph may have several outputs, or need more inputs than an image: ``Findings`` has all of them.
Converters need a contract: one image in, one output.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.errors import DlconvError, UsageError
from dlconv.graph.branches import conditional_nodes
from dlconv.graph.element_types import output_count, output_types
from dlconv.graph.graph import Graph, attribute
from dlconv.graph.operations import SIZE_OPS
from dlconv.graph.scores import argmax_behind, find_classes, find_crop, resizes_of_scores
from dlconv.graph.shapes import infer_static, numbers_of
from dlconv.graph.tensors import extents_of

INPUT_NAME = "ImageTensor"
OUTPUT_NAME = "SemanticPredictions"

SETTING_WORDS = frozenset({"dropout", "keep", "learning", "train", "training"})
HANDLES = frozenset({"resource", "variant"})
# What remains of an assert that was taken out.
CHECKS = frozenset({"All", "Any"})
MOST_LISTED = 8
IMAGE_TYPES = frozenset({"float16", "float32", "float64", "int32", "uint8"})


@dataclass(frozen=True)
class TensorSpec:
    """An input or an output of a network."""

    node: str
    """The node that it comes from."""
    dtype: str
    """Its element type, as numpy calls it."""
    shape: tuple[int | None, ...] | None
    """Its shape."""
    reason: str = ""
    """Why it is an input or an output."""

    @property
    def tensor(self) -> str:
        """The tensor's name, as a TensorFlow session feeds and fetches it."""
        return f"{self.node}:0"


@dataclass(frozen=True)
class Contract:
    """What a graph takes and gives, and how that was found."""

    input: TensorSpec
    """The photo."""
    output: TensorSpec
    """The labels, or the scores."""
    crop: tuple[int, int] | None
    """The size it works at, (height, width), if the graph shows it."""
    crop_reason: str
    """Why."""
    classes: int | None
    """How many classes it knows, if the graph shows it."""
    classes_reason: str
    """Why."""

    @property
    def outputs(self) -> tuple[TensorSpec, ...]:
        """The one output, as a tuple like that of ``Findings``."""
        return (self.output,)


@dataclass(frozen=True)
class Setting:
    """A placeholder that is not fed, since it always has the same value: ``is_training``, say."""

    node: str
    """Its name."""
    value: bool | int | float
    """Its value, of all elements if it has several."""


@dataclass(frozen=True)
class Ends:
    """The nodes that the user names as input and outputs; None and () leave them to be found.

    ``settings`` are placeholders that become constants.
    """

    input: str | None = None
    outputs: tuple[str, ...] = ()
    settings: tuple[Setting, ...] = ()

    def __post_init__(self) -> None:
        if "" in (self.input, *self.outputs, *(setting.node for setting in self.settings)):
            raise UsageError("inputs, outputs and settings take names of nodes", code="ends")


FOUND = Ends()


@dataclass(frozen=True)
class Candidate:
    """A node that could have been chosen as input or output, and why it was not."""

    role: str
    """``input`` or ``output``."""
    node: str
    """Its name."""
    op: str
    """Its op."""
    reason: str
    """Why not."""


@dataclass(frozen=True)
class Findings:
    """What a graph takes and gives, also where that is not a contract."""

    input: TensorSpec
    """The photo."""
    outputs: tuple[TensorSpec, ...]
    """All outputs."""
    rejected: tuple[Candidate, ...] = ()
    """Nodes that could have been chosen as input or output."""
    also_fed: tuple[str, ...] = ()
    """Placeholders that need a value besides the photo."""
    crop: tuple[int, int] | None = None
    """The size it works at, (height, width), if the graph shows it."""
    crop_reason: str = ""
    """Why."""
    classes: int | None = None
    """How many classes it knows, if the graph shows it."""
    classes_reason: str = ""
    """Why."""

    def only_output(self) -> TensorSpec:
        """Return the one output. Raises DlconvError if there are several outputs or inputs."""
        if len(self.outputs) > 1:
            raise DlconvError(
                f"the graph has {len(self.outputs)} outputs and none is named {OUTPUT_NAME}: "
                f"{_listed([spec.node for spec in self.outputs])}",
                "dlconv converts graphs with one output of labels",
            )
        if self.also_fed:
            needed = [self.input.node, *self.also_fed]
            raise _several_inputs(self.outputs[0].node, needed, self.also_fed)
        return self.outputs[0]

    def contract(self) -> Contract:
        """Return the contract. Raises DlconvError if there is more than an image and an output."""
        return Contract(
            input=self.input,
            output=self.only_output(),
            crop=self.crop,
            crop_reason=self.crop_reason,
            classes=self.classes,
            classes_reason=self.classes_reason,
        )


def find_contract(graph: Graph) -> Contract:
    """Find the contract of a frozen graph.

    Raises DlconvError when the graph has no input or no output, or several that it cannot tell
    apart, and when its input is text, of a file that it decodes.
    """
    found = find_all(graph)
    if not is_numeric(graph.nodes[found.input.node]):
        raise DlconvError(
            f"{found.input.node} takes {found.input.dtype}, not an image",
            "name the image's node as the input" + _origins(graph),
            code="no-image",
            origins=_origins(graph),
        )
    return found.contract()


def find_all(graph: Graph, ends: Ends = FOUND) -> Findings:
    """Find inputs, outputs, crop and classes; ``ends`` are taken where they name nodes.

    Raises DlconvError when the graph has no input or no output, or several inputs that it cannot
    tell apart.
    """
    static = infer_static(graph)
    found = find_ends(graph, ends)

    def inferred(spec: TensorSpec) -> TensorSpec:
        return replace(spec, shape=numbers_of(static.shapes[spec.node]))

    photo = inferred(found.input)
    outputs = tuple(map(inferred, found.outputs))
    findings = replace(found, input=photo, outputs=outputs)
    if len(outputs) > 1:
        why = "several outputs: each may have its own"
        return replace(findings, crop_reason=why, classes_reason=why)
    output = graph.nodes[outputs[0].node]
    crop, crop_reason = find_crop(static, output, fixed_size(photo))
    classes, classes_reason = find_classes(static, output)
    return replace(
        findings,
        crop=crop,
        crop_reason=crop_reason,
        classes=classes,
        classes_reason=classes_reason,
    )


def find_ends(graph: Graph, ends: Ends = FOUND) -> Findings:
    """Find input and outputs, not crop and classes, in a graph whose constants may lack values.

    The shapes are those that the nodes themselves state. Raises what ``find_all`` does.
    """
    placeholders = [node.name for node in graph.nodes.values() if node.op == "Placeholder"]
    outputs, lost_outputs = _find_outputs(graph, placeholders, ends)
    names = [spec.node for spec in outputs]
    photo, lost_inputs, also_fed = _find_input(graph, placeholders, names, ends)
    return Findings(photo, outputs, (*lost_inputs, *lost_outputs), also_fed)


def element_type(node: NodeDef) -> str:
    """Return the dtype of a node's first output, float32 where nothing tells it."""
    types = output_types(node)
    return types[0] if types else "float32"


def _find_outputs(
    graph: Graph, placeholders: Sequence[str], ends: Ends
) -> tuple[tuple[TensorSpec, ...], list[Candidate]]:
    live = {node.name for node in graph.descendants(*placeholders)}
    sinks = [node for node in graph.nodes.values() if not graph.consumers[node.name]]
    valued = [node for node in sinks if node.name in live and _has_value(node)]
    leftovers = _leftovers(graph, valued)
    if ends.outputs:
        chosen = [graph.nodes[name] for name in ends.outputs]
        reason, lost_because = "asked for", "another is asked for"
    elif OUTPUT_NAME in live:
        chosen, lost_because = [graph.nodes[OUTPUT_NAME]], f"not named {OUTPUT_NAME}"
        reason = f"named {OUTPUT_NAME}, and it depends on the input"
    elif valued:
        likely = [node for node in valued if node.name not in leftovers] or valued
        chosen, reason, lost_because = _choose_outputs(graph, placeholders, likely)
    else:
        raise DlconvError(
            "the graph has no output: no node depends on a Placeholder",
            "name the image's node as the input" + _origins(graph),
            code="no-output",
            origins=_origins(graph),
        )
    names = {node.name for node in chosen}
    lost = [
        _lost("output", node, leftovers.get(node.name, lost_because))
        for node in valued
        if node.name not in names
    ]
    for node in sinks:
        if node.name in live and not output_count(node):
            lost.append(_lost("output", node, f"{node.op} gives no value"))
        elif node.name not in live and _has_value(node) and node.op != "Const":
            lost.append(_lost("output", node, "it does not depend on a Placeholder"))
    if len(chosen) == 1:
        lost += _on_the_way(graph, chosen[0])
    return tuple(TensorSpec(node.name, element_type(node), None, reason) for node in chosen), lost


def _has_value(node: NodeDef) -> bool:
    return output_count(node) != 0 and node.op != "Placeholder"


def _leftovers(graph: Graph, sinks: Sequence[NodeDef]) -> dict[str, str]:
    """Return why sinks are hardly meant as outputs: what training and control flow leave behind."""
    in_branches = conditional_nodes(graph)
    found = {}
    for node in sinks:
        dtype = element_type(node)
        if node.name in in_branches:
            found[node.name] = "it has a value in one branch only"
        elif dtype in HANDLES:
            found[node.name] = f"{node.op} gives a handle"
        elif dtype == "string":
            found[node.name] = f"{node.op} gives text, as summaries do"
        elif dtype == "bool" and node.op in CHECKS:
            found[node.name] = f"{node.op} is a check, as asserts make them"
    return found


def _lost(role: str, node: NodeDef, reason: str) -> Candidate:
    return Candidate(role, node.name, node.op, reason)


def _choose_outputs(
    graph: Graph, placeholders: Sequence[str], sinks: list[NodeDef]
) -> tuple[list[NodeDef], str, str]:
    """Return the outputs among sinks, why they are, and why the others are not."""
    if len(sinks) == 1:
        return sinks, "the only sink: nothing reads its value", ""
    arg_maxes = [node.name for node in graph.nodes.values() if node.op == "ArgMax"]
    labels = {node.name for node in graph.descendants(*arg_maxes)}
    with_labels = [node for node in sinks if node.name in labels]
    if len(with_labels) == 1:
        reason = f"the only one of {len(sinks)} sinks with an ArgMax behind it"
        return with_labels, reason, "no ArgMax behind it"
    pixels = {node.name for node in graph.descendants(*placeholders, without=SIZE_OPS)}
    shown = [node for node in sinks if node.name in pixels] or sinks
    count = f"the only one of {len(sinks)}" if len(shown) == 1 else f"one of {len(shown)}"
    lost_because = "computed from the image's size alone"
    return shown, f"{count} sinks computed from the image's pixels", lost_because


def _on_the_way(graph: Graph, output: NodeDef) -> list[Candidate]:
    """Return nodes that may be wanted as the output instead: labels and scores before it."""
    arg_max = argmax_behind(graph, output)
    found = [] if arg_max in (None, output) else [arg_max]
    found += resizes_of_scores(graph, output)
    return [
        _lost(
            "output",
            node,
            f"{graph.consumers[node.name][0]} reads it; to cut the graph here, name it as output",
        )
        for node in found
        if node is not None and node is not output
    ]


def _origins(graph: Graph) -> str:
    """Tell where numbers come from in a graph without placeholders: from queues and files, say."""
    found = [
        f"{node.name} ({node.op})"
        for node in graph.nodes.values()
        if is_numeric(node) and node.op != "Const" and not _reads_numbers(graph, node)
    ]
    return f" (here values come from {_listed(found)})" if found else ""


def is_numeric(node: NodeDef) -> bool:
    """Tell whether a node gives numbers: not text, a handle or nothing."""
    return output_count(node) != 0 and element_type(node) not in HANDLES | {"string"}


def _reads_numbers(graph: Graph, node: NodeDef) -> bool:
    """Tell whether a node computes with numbers, and not only takes them from a queue or text."""
    before = [graph.nodes[source.node] for source in graph.sources(node)]
    return bool(before) and all(map(is_numeric, before))


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:MOST_LISTED]) + (", ..." if len(names) > MOST_LISTED else "")


def _find_input(
    graph: Graph, placeholders: Sequence[str], outputs: Sequence[str], ends: Ends
) -> tuple[TensorSpec, list[Candidate], tuple[str, ...]]:
    """Return the input, the placeholders that are not it, and those that have to be fed as well."""
    target = outputs[0] if len(outputs) == 1 else "the outputs"
    verb = "depends" if len(outputs) == 1 else "depend"
    behind = graph.ancestors(*outputs)
    needed = [node.name for node in behind if node.op == "Placeholder"]
    if not needed:
        raise DlconvError(f"{target} {verb} on no Placeholder")
    chosen, reason = needed[0], f"the only Placeholder that {target} {verb} on"
    reasons = dict.fromkeys(placeholders, f"nothing of it goes into {target}")
    reasons |= dict.fromkeys(needed, "another is asked for")
    if ends.input is not None:
        chosen, reason = ends.input, "asked for"
    elif len(needed) > 1:
        chosen, reason, why_not = _choose_input(graph, needed, outputs, target)
        reasons |= why_not
    if chosen == INPUT_NAME and chosen != ends.input:
        reason += f", named {INPUT_NAME}"
    lost = [_lost("input", graph.nodes[name], reasons[name]) for name in placeholders]
    spec = _spec_of_placeholder(graph.nodes[chosen], reason)
    also_fed = tuple(name for name in needed if name != chosen)
    return spec, [candidate for candidate in lost if candidate.node != chosen], also_fed


def _choose_input(
    graph: Graph, needed: Sequence[str], outputs: Sequence[str], target: str
) -> tuple[str, str, dict[str, str]]:
    """Return which of the placeholders is the image, why it is, and why the others are not.

    Raises DlconvError when they cannot be told apart.
    """
    pixels = {node.name for node in graph.ancestors(*outputs, without=SIZE_OPS)}
    why_not = {name: f"only its size goes into {target}" for name in needed if name not in pixels}
    for name in needed:
        if name not in why_not and not _may_be_image(graph.nodes[name]):
            why_not[name] = "not an image by its type or shape"
    settings = [name for name in needed if _is_setting(graph.nodes[name])]
    why_not = dict.fromkeys(settings, "a setting of training by its name") | why_not
    left = [name for name in needed if name not in why_not]
    left = left or [name for name in needed if name in pixels and name not in settings]
    if len(left) > 1 and INPUT_NAME in left:
        why_not |= dict.fromkeys(left, f"not named {INPUT_NAME}")
        left = [INPUT_NAME]
    if len(left) != 1:
        raise _several_inputs(target, needed, settings or needed)
    why_not.pop(left[0], None)
    return left[0], f"the only one of {len(needed)} placeholders that may be the image", why_not


def _several_inputs(target: str, names: Sequence[str], others: Sequence[str]) -> DlconvError:
    """Return the error for placeholders, of which ``others`` are likely not the image."""
    return DlconvError(
        f"{target} depends on {len(names)} placeholders: {_listed(names)}",
        "dlconv converts graphs with one image as input: give the others a value"
        f" ({_listed(others)})",
        code="several-inputs",
        others=" or ".join(f"{name}=VALUE" for name in others[:MOST_LISTED]),
    )


def _is_setting(node: NodeDef) -> bool:
    """Tell whether a placeholder asks how training goes, by its type or its name."""
    words = re.split(r"[^a-z]+", node.name.lower())
    return element_type(node) == "bool" or not SETTING_WORDS.isdisjoint(words)


def _may_be_image(node: NodeDef) -> bool:
    spec = _spec_of_placeholder(node, "")
    return spec.dtype in IMAGE_TYPES and (spec.shape is None or len(spec.shape) in (3, 4))


def _spec_of_placeholder(node: NodeDef, reason: str) -> TensorSpec:
    shape = extents_of(attribute(node, "shape").shape)
    return TensorSpec(node.name, element_type(node), shape, reason)


def fixed_size(spec: TensorSpec) -> tuple[int, int] | None:
    """Return the height and width of an image of fixed size, None for any other input."""
    height, width = sides_of(spec)
    return (height, width) if height and width else None


def sides_of(spec: TensorSpec) -> tuple[int | None, int | None]:
    """Return the height and width of an image, None for each that varies or is not known."""
    if spec.shape is None or len(spec.shape) not in (3, 4):
        return (None, None)
    height, width = spec.shape[-2:] if has_channels_first(spec) else spec.shape[-3:-1]
    return (height, width)


def is_one_image(spec: TensorSpec) -> bool:
    """Tell whether an input is an image [H, W, channels], not a batch, as what decodes a file."""
    return spec.shape is not None and len(spec.shape) == 3


def with_channels_first(contract: Contract) -> Contract:
    """Return a contract whose images, and scores if it has any, have channels first."""
    return replace(contract, input=_moved(contract.input), output=_moved(contract.output))


def _moved(spec: TensorSpec) -> TensorSpec:
    if spec.shape is None or len(spec.shape) != 4:
        return spec
    batch, height, width, channels = spec.shape
    return replace(spec, shape=(batch, channels, height, width))


def has_channels_first(spec: TensorSpec) -> bool:
    """Tell whether an input is an RGB image [1, 3, H, W], by its shape."""
    shape = spec.shape
    return shape is not None and len(shape) == 4 and shape[1] == 3 and shape[3] != 3
