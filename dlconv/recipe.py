"""What is to be made: one record, from which name, title, command line and digest follow.

A recipe holds the choices that the bytes of an artifact depend on, and stands in its manifest. The
frozen graph and the photos to calibrate on are inputs, and not part of it. The words for precisions
are the same on the command line, in ``dlconv.toml`` and in manifests; ``ALIASES`` and
``EIGHT_BIT_WORDS`` are accepted, too.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import KW_ONLY
from enum import Enum
from typing import Any, Literal, cast, get_args

from pydantic import (
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic.dataclasses import dataclass

from dlconv.errors import UsageError
from dlconv.floors import Floors
from dlconv.graph.contract import FOUND, Ends, Setting
from dlconv.graph.settings import text_of

FORBID = ConfigDict(extra="forbid")

Target = Literal["tfjs", "onnx", "litert"]
Converter = Literal["dlconv", "tensorflowjs", "tf2onnx"]
Layout = Literal["nhwc", "nchw"]


class Precision(str, Enum):
    """How weights are stored, and whether activations are integers.

    ``static`` has int8 weights and integer activations, ``auto`` chooses for each tensor to meet
    floors, ``plain1`` is the official converter's 8 bits.
    """

    FLOAT32 = "float32"
    FLOAT16 = "float16"
    UINT16 = "uint16"
    UINT8 = "uint8"
    INT8 = "int8"
    STATIC = "static"
    AUTO = "auto"
    PLAIN1 = "plain1"

    def __str__(self) -> str:
        return self.value

    @property
    def is_calibrated(self) -> bool:
        """Whether weights are rounded with the help of images."""
        return self in CALIBRATED

    @property
    def words(self) -> tuple[str, ...]:
        """Its words in names and titles: the type of the weights, and its own name if different."""
        stored = {Precision.STATIC: "int8", Precision.PLAIN1: "uint8"}.get(self)
        return (self.value,) if stored is None else (stored, self.value)

    @property
    def former_word(self) -> str:
        """Its word in manifests of schema 1, and in reports on their artifacts."""
        return "uint8" if {"int8", "uint8"} & {*self.words} else self.value


CALIBRATED = frozenset({Precision.UINT8, Precision.INT8, Precision.STATIC, Precision.AUTO})
# The precisions and the converters of each target, the default first.
PRECISIONS: Mapping[Target, tuple[Precision, ...]] = {
    "tfjs": (
        Precision.FLOAT32,
        Precision.UINT8,
        Precision.UINT16,
        Precision.FLOAT16,
        Precision.AUTO,
        Precision.PLAIN1,
    ),
    "onnx": (
        Precision.FLOAT32,
        Precision.INT8,
        Precision.FLOAT16,
        Precision.AUTO,
        Precision.STATIC,
    ),
    "litert": (Precision.FLOAT32, Precision.FLOAT16, Precision.STATIC),
}
CONVERTERS: Mapping[Target, tuple[Converter, ...]] = {
    "tfjs": ("dlconv", "tensorflowjs"),
    "onnx": ("dlconv", "tf2onnx"),
    "litert": ("dlconv",),
}
# The backends of each target that an artifact can be made for, the default first.
BACKENDS: Mapping[Target, tuple[str, ...]] = {
    "tfjs": ("wasm", "cpu", "webgl", "webgpu"),
    "onnx": (),
    "litert": (),
}
DEFAULT_OPSET = 17
ALIASES = {"0": "float32", "2": "uint16", "f16": "float16"}
# Each of these is accepted for the 8-bit weights that a target has.
EIGHT_BIT_WORDS = ("1", "uint8", "int8")


def precision_of(word: str, target: Target) -> Precision | None:
    """Return the precision that a word stands for; None for one that the target does not have."""
    known = PRECISIONS[target]
    if word in EIGHT_BIT_WORDS:
        return next((each for each in known if each.value in EIGHT_BIT_WORDS), None)
    return next((each for each in known if each.value == ALIASES.get(word, word)), None)


def precision_for(word: str, target: Target) -> Precision:
    """Return the precision of a word. Raises UsageError for one that the target does not have."""
    found = precision_of(word, target)
    if found is None:
        raise UsageError(
            f"{target} has {_listed(target)}, not {word!r}",
            code="precision",
            known=_listed(target),
            word=repr(word),
        )
    return found


def _listed(target: Target) -> str:
    return ", ".join(each.value for each in PRECISIONS[target])


def converter_for(word: str, target: Target) -> Converter:
    """Return the converter of this name. Raises UsageError if the target does not have it."""
    for known in CONVERTERS[target]:
        if word == known:
            return known
    names = " or ".join(CONVERTERS[target])
    raise UsageError(
        f"{target} is written by {names}, not {word!r}",
        code="converter",
        known=names,
        word=repr(word),
    )


def backends_for(words: Iterable[str]) -> tuple[str, ...]:
    """Return TF.js's backends of these names, in order. Raises UsageError for another word."""
    known, wanted = BACKENDS["tfjs"], [*words]
    for word in wanted:
        if word not in known:
            names = ", ".join(known)
            raise UsageError(
                f"a backend of TF.js is one of {names}, not {word!r}",
                code="backends",
                known=names,
                word=repr(word),
            )
    return tuple(name for name in known if name in wanted)


def layout_for(word: str) -> Layout:
    """Return the layout of this name. Raises UsageError for another word."""
    for known in get_args(Layout):
        if word == known:
            return cast(Layout, known)
    names = " or ".join(get_args(Layout))
    raise UsageError(f"a layout is {names}, not {word!r}", code="layout", word=repr(word))


# What ``auto`` has to reach on photos it was not calibrated on, unless other floors are given.
DEFAULT_AUTO_FLOORS = Floors(agreement=0.99, worst=None, miou=None)


@dataclass(frozen=True, config=FORBID)
class Interface:
    """The input and output of an artifact; None and ``labels`` keep the frozen graph's own.

    ``input_size`` is height and width in pixels, ``input_dtype`` uint8 or float32, ``output``
    labels, scores or probabilities, ``output_dtype`` the type of labels. ``layout`` nchw has images
    and scores with channels first, nhwc last. ``any_size`` leaves free what is free in the frozen
    graph; only LiteRT files are fixed at the crop without it.
    """

    input_size: tuple[int, int] | None = None
    input_dtype: str | None = None
    output: str = "labels"
    output_dtype: str | None = None
    layout: Layout = "nhwc"
    any_size: bool = False

    @property
    def size(self) -> str:
        """The size as ``HEIGHTxWIDTH`` or ``any``, empty where nothing is said of it."""
        if self.input_size is not None:
            return "{}x{}".format(*self.input_size)
        return ANY_SIZE if self.any_size else ""

    @property
    def kind(self) -> str:
        """The kind of output; empty for labels."""
        return "" if self.output == "labels" else self.output

    @property
    def order(self) -> str:
        """The order of axes; empty for channels last."""
        return "" if self.layout == "nhwc" else self.layout

    @property
    def name(self) -> str:
        """Its part of an artifact's name, empty for the frozen graph's own interface."""
        parts = [
            self.size,
            "" if self.input_dtype is None else f"{self.input_dtype}-in",
            self.kind,
            "" if self.output_dtype is None else f"{self.output_dtype}-out",
            self.order,
        ]
        return "-".join(part for part in parts if part)


OWN_INTERFACE = Interface()
ANY_SIZE = "any"


def parse_size(text: str) -> tuple[int, int]:
    """Read ``HxW`` or one number for both. Raises UsageError for anything else."""
    parts = text.lower().split("x")
    if len(parts) > 2 or not all(part.isdecimal() for part in parts):
        raise UsageError(
            f"a size is HEIGHTxWIDTH or one number, not {text!r}", code="size", word=repr(text)
        )
    return int(parts[0]), int(parts[-1])


@dataclass(frozen=True, config=FORBID)
class Recipe:
    """What to make of a frozen graph; None stands for the target's default.

    ``precision`` may be any of its words. ``per_channel`` gives TF.js's uint8 weights a scale for
    each channel, which int8 always has. ``rewrite`` gives the graph its interface and makes it
    faster; the official converter always gets it as it is. ``opset`` is ONNX's, None for other
    targets; ``ends`` is where the graph is cut, and which placeholders have a value; ``floors`` are
    what the precision ``auto`` has to reach, None for others; ``backends`` are those of TF.js that
    have to compute what TensorFlow computes, by default wasm, and none where dlconv does not write
    TF.js itself. Raises pydantic's ValidationError for values that are invalid or do not go
    together.
    """

    target: Target
    precision: Precision = Precision.FLOAT32
    _: KW_ONLY
    per_channel: bool = False
    interface: Interface = OWN_INTERFACE
    converter: Converter = Field(default=None, validate_default=True)
    rewrite: bool = Field(default=True, validate_default=True)
    opset: int | None = Field(default=None, validate_default=True)
    ends: Ends = FOUND
    floors: Floors | None = Field(default=None, validate_default=True)
    backends: tuple[str, ...] = Field(default=(), validate_default=True)

    @field_validator("precision", mode="before")
    @classmethod
    def _known(cls, word: Any, others: ValidationInfo) -> Any:
        target = others.data.get("target")
        found = precision_of(word, target) if target and isinstance(word, str) else None
        if target and found is None:
            raise ValueError(f"{target} has {_listed(target)}, not {str(word)!r}")
        return found

    @field_validator("converter", mode="before")
    @classmethod
    def _one_of_the_target(cls, given: Any, others: ValidationInfo) -> Any:
        known = CONVERTERS.get(others.data.get("target", ""), ())
        if given is not None and known and given not in known:
            raise ValueError(f"takes {' or '.join(known)}, not {given!r}")
        return known[0] if given is None and known else given

    @field_validator("rewrite")
    @classmethod
    def _not_by_the_official_converter(cls, wanted: bool, others: ValidationInfo) -> bool:
        return wanted and others.data.get("converter") != "tensorflowjs"

    @field_validator("opset")
    @classmethod
    def _for_onnx(cls, given: int | None, others: ValidationInfo) -> int | None:
        if others.data.get("target") == "onnx":
            return DEFAULT_OPSET if given is None else given
        if given is not None:
            raise ValueError("is for onnx alone")
        return None

    @field_validator("floors")
    @classmethod
    def _for_auto(cls, given: Floors | None, others: ValidationInfo) -> Floors | None:
        if others.data.get("precision") is Precision.AUTO:
            return _shares(given or DEFAULT_AUTO_FLOORS)
        if given is not None:
            raise ValueError("are for the precision auto alone")
        return None

    @field_validator("backends")
    @classmethod
    def _of_the_target(cls, given: tuple[str, ...], others: ValidationInfo) -> tuple[str, ...]:
        target, converter = others.data.get("target"), others.data.get("converter")
        known = BACKENDS[target] if target and converter == "dlconv" else ()
        if not known and given == BACKENDS["tfjs"][:1]:
            return ()
        if any(each not in known for each in given):
            raise ValueError(f"takes {', '.join(known) or 'none'}, not {', '.join(given)}")
        return tuple(each for each in known if each in given) or known[:1]

    def __post_init__(self) -> None:
        if self.interface.order and (self.target, self.converter) != ("onnx", "dlconv"):
            raise ValueError("layout nchw is for onnx alone, written by dlconv")
        if self.interface.any_size and self.target != "litert":
            raise ValueError("any_size is for litert alone: others take any size by themselves")
        if self.interface.any_size and (
            self.interface.input_size or self.precision is Precision.STATIC
        ):
            raise ValueError(
                "a file for any size has none of its own, and integers (static) need one"
            )
        if self.per_channel and self.precision is not Precision.UINT8:
            raise ValueError(f"per_channel is for uint8 alone, not {self.precision}")

    @property
    def weights(self) -> str:
        """How weights are stored, as a part of the name."""
        return "-".join([*self.precision.words, *(["per-channel"] if self.per_channel else [])])

    @property
    def name(self) -> str:
        """The name of the artifact's folder, inside its model's folder."""
        parts = [self.target, self.weights, self.interface.name, self._maker, *self.other_backends]
        return "-".join(filter(None, parts))

    @property
    def other_backends(self) -> tuple[str, ...]:
        """The backends that it is made for, none for the default."""
        return () if self.backends == BACKENDS[self.target][:1] else self.backends

    @property
    def former_name(self) -> str:
        """The name of the folder when int8 weights were still called uint8."""
        words = self.name.split("-")
        return "-".join("uint8" if word == "int8" else word for word in words)

    @property
    def _maker(self) -> str:
        parts = [
            self._peer,
            "" if self.rewrite or self.converter == "tensorflowjs" else "plain",
        ]
        return "-".join(filter(None, parts))

    @property
    def _peer(self) -> str:
        """The converter, empty for the target's own."""
        return "" if self.converter == CONVERTERS[self.target][0] else self.converter

    @property
    def title(self) -> str:
        """A title for people: the target, the precision and what else is not the default."""
        interface = self.interface
        parts = [
            self.target,
            *self.precision.words,
            "per channel" if self.per_channel else "",
            interface.size,
            interface.input_dtype,
            interface.kind,
            interface.output_dtype,
            interface.order,
            "" if self.rewrite else "plain",
            self._peer and f"({self._peer})",
            "for " + ", ".join(self.other_backends) if self.other_backends else "",
        ]
        return " ".join(filter(None, parts))

    def command(self, model: str, photos: Iterable[str] = ()) -> list[str]:
        """Return the command line that makes it from ``model``, the model's name in a manifest.

        ``photos`` are the paths to calibrate on.
        """
        chosen = {
            "--quantize": None if self.precision is Precision.FLOAT32 else self.precision,
            "--inputs": self.ends.input,
            "--outputs": ",".join(self.ends.outputs) or None,
            "--input-size": self.interface.size or None,
            "--input": self.interface.input_dtype,
            "--output": self.interface.kind or None,
            "--output-type": self.interface.output_dtype,
            "--layout": self.interface.order or None,
            "--opset": self.opset,
            "--converter": self._peer or None,
            "--backends": ",".join(self.other_backends) or None,
            **{f"--floor-{name}": floor for name, floor in _floors_given(self.floors).items()},
        }
        options = [
            str(word)
            for name, value in chosen.items()
            if value is not None
            for word in (name, value)
        ]
        if self.per_channel:
            options.append("--per-channel")
        options += [word for photo in photos for word in ("--calibrate", photo)]
        if not self.rewrite:
            options.append("--no-rewrite")
        options += [
            word
            for each in self.ends.settings
            for word in ("--set", f"{each.node}={text_of(each)}")
        ]
        whole = model.removesuffix(name_of_part("", self.ends))
        return ["dlconv", self.target, whole, *options]

    @property
    def digest(self) -> str:
        """The SHA-256 of its JSON with sorted keys: the same for the same recipe."""
        content = json.dumps(
            _RECIPE.dump_python(self, mode="json"), sort_keys=True, separators=(",", ":")
        )
        return hashlib.sha256(content.encode()).hexdigest()


_RECIPE = TypeAdapter(Recipe)


def _shares(floors: Floors) -> Floors:
    """Return floors as they are. Raises ValueError for one that is not 0 to 1."""
    for name, floor in vars(floors).items():
        if floor is not None and not 0 <= floor <= 1:
            raise ValueError(f"{name} is 0 to 1, not {floor}")
    return floors


def _floors_given(floors: Floors | None) -> dict[str, Any]:
    return {} if floors is None else vars(floors)


@contextmanager
def usage_errors() -> Iterator[None]:
    """Turn the ValidationError of a recipe that is made in the block into a UsageError."""
    try:
        yield
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(name for name in first["loc"] if isinstance(name, str))
        reason = first["msg"].removeprefix("Value error, ")
        raise UsageError(f"{where}: {reason}" if where else reason) from error


def name_of_part(model: str, ends: Ends) -> str:
    """Name a part of a model after its ends, so that its artifacts get a folder of their own."""
    given = [f"{each.node.removesuffix(':0')}_{text_of(each)}" for each in ends.settings]
    names = [*given, ends.input or "", *ends.outputs]
    return "-".join([model, *(name.removesuffix(":0").replace("/", "_") for name in names if name)])


def parse_setting(text: str) -> Setting:
    """Read ``NAME=VALUE``, a truth value or a number. Raises UsageError for anything else."""
    node, _, word = text.partition("=")
    try:
        value = json.loads(word.strip().lower(), parse_constant=_no_number)
    except ValueError:
        value = None
    if not node.strip() or not isinstance(value, bool | int | float):
        raise UsageError(
            f"a setting is NAME=VALUE with true, false or a number, not {text!r}",
            code="setting",
            word=repr(text),
        )
    return Setting(node.strip(), value)


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is no value")
