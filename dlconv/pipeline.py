"""What the commands do, without the command line: the rooms put together.

A graph is named by a model's name or a path; its artifacts go to a folder per model below a root;
an artifact is checked against the graph that its manifest names by digest, which the cache holds.
"""

import dataclasses
import os
import shlex
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from tensorboard.compat.proto.graph_pb2 import GraphDef

from dlconv.addresses import address_in, shown
from dlconv.artifacts.foreign import foreign_artifact
from dlconv.artifacts.manifest import (
    Artifact,
    Source,
    coarsest,
    find_artifacts,
    has_manifest,
    read_artifact,
)
from dlconv.cache import store
from dlconv.convert.artifact import (
    FrozenGraph,
    Made,
    make_onnx,
    make_onnx_file,
    make_tfjs,
    make_upgraded,
)
from dlconv.convert.coverage import Coverage, find_coverage
from dlconv.convert.interface import OWN_INTERFACE, Interface
from dlconv.convert.quantize.apply import Progress as StepProgress
from dlconv.convert.quantize.plot import curve_svg
from dlconv.convert.quantize.scheme import NOT_QUANTIZED, LoadImages, Quantization
from dlconv.convert.quantize.storage_error import storage_errors
from dlconv.convert.rewrite import rewrite
from dlconv.convert.rewrite.fix_input import fix_input
from dlconv.convert.targets.onnx import DEFAULT_OPSET
from dlconv.demo.self_check import self_check
from dlconv.demo.site import Offer, Site, make_site
from dlconv.errors import DlconvError
from dlconv.fetch.bring import brought, is_address, is_tarball
from dlconv.formats.frozen_graph import check_graph_file, read_graph
from dlconv.formats.layout_2018 import (
    GRAPH_NAME,
    Layout2018,
    find_layout_2018,
    read_layout_2018,
)
from dlconv.formats.network import Network
from dlconv.formats.read import find_entry, is_frozen_graph, is_named_as_file, read_network
from dlconv.formats.tfjs_weights import stored_floats
from dlconv.graph.contract import FOUND, Asked, Findings, find_all, find_contract
from dlconv.graph.cut import asked_for, cut
from dlconv.graph.graph import Graph
from dlconv.graph.sizes import Size
from dlconv.inspect import event
from dlconv.inspect.compressed import NOTHING, Sizes, file_sizes
from dlconv.inspect.diff import Comparison, compare
from dlconv.inspect.inspection import Inspection, cost_at, inspect_graph
from dlconv.inspect.overlay import weight_bytes
from dlconv.net.sources import local_path
from dlconv.registry.models import Colour, Registry, voc_colours
from dlconv.release.evidence import SUFFIX as EVIDENCE_SUFFIX
from dlconv.runtimes import RuntimeMissingError
from dlconv.runtimes.catalogue import Choice, choices_for
from dlconv.runtimes.framing import framed
from dlconv.storage.disk import disk_trouble
from dlconv.storage.files import digest_of, new_file, write_atomically
from dlconv.terminal.printable import printable
from dlconv.verify.bisect import NodeError
from dlconv.verify.bisect import bisect as node_errors
from dlconv.verify.floors import NO_FLOORS_GIVEN, GivenFloors, floors_for
from dlconv.verify.harness import Progress, verify
from dlconv.verify.journal import Journal, open_journal
from dlconv.verify.photos import (
    Photo,
    Skipped,
    find_dataset,
    find_photos,
    load_photo,
)
from dlconv.verify.reports.pictures import MOST_COLOURS
from dlconv.verify.result import ArtifactResult
from dlconv.verify.workers import Workers

ARTIFACTS_ROOT = Path("artifacts")
CURVE_SUFFIX = ".curve.svg"
BESIDE_ARTIFACTS = (EVIDENCE_SUFFIX, CURVE_SUFFIX)
# What the page checks backends on.
CHECK_PHOTOS = "package:sample/photos"


def _no_steps(step: str, done: int, total: int) -> None:
    """Tell nobody."""


def find_frozen_graph(spec: str | None, registry: Registry) -> FrozenGraph:
    """Find the frozen graph that ``spec``, a model's name or a path, stands for.

    None stands for the model fetched last. Raises DlconvError when it is not there.
    """
    if spec is None:
        return _last_fetched(registry)
    if is_address(spec):
        raise DlconvError(
            f"{shown(spec)} is an address, and a model's name or a path is needed",
            "download it first, or give it a name in a registry file, and fetch that: dlconv fetch "
            "NAME --registry FILE; dlconv inspect takes addresses",
        )
    if _is_path(spec):
        return _from_path(Path(spec))
    fetched = store.graph_for(spec)
    if fetched is not None:
        return _of_model(fetched, registry)
    if spec not in registry.models and Path(spec).is_dir():
        return _from_path(Path(spec))
    name = registry.find(spec).name
    run = shlex.join(["dlconv", "fetch", name])
    raise DlconvError(f"{name} has not been fetched yet", f"run: {run}")


def _last_fetched(registry: Registry) -> FrozenGraph:
    fetched = store.last_fetched()
    if fetched is None:
        raise DlconvError("no model has been fetched yet", "run: dlconv fetch")
    return _of_model(fetched, registry)


def _is_path(spec: str) -> bool:
    return spec.endswith(".pb") or "/" in spec or Path(spec).is_file()


def _from_path(path: Path) -> FrozenGraph:
    if not path.exists():
        raise DlconvError(f"there is no frozen graph at {path}")
    check_graph_file(path)
    # As it is written, but for "..": a link has the name that it was given.
    folder = Path(os.path.abspath(path)).parent  # noqa: PTH100
    named_after = folder if path.stem == "frozen_inference_graph" else path
    name = _model_name(named_after.stem or path.stem)
    try:
        source = Source(name, path.stat().st_size, digest_of(path))
    except OSError as error:
        raise DlconvError(f"cannot read {path}: {error.strerror}") from error
    return FrozenGraph(path, source)


def _model_name(stem: str) -> str:
    """Make a model's name of that of a file or folder, which may hold what is no text.

    It is a name of a folder again, where artifacts go, and stands in manifests and reports.
    """
    return printable(stem).replace("\\", "-").lstrip(".") or "graph"


def _of_model(fetched: store.FetchedModel, registry: Registry) -> FrozenGraph:
    known = registry.models.get(fetched.name)
    source = Source(
        model=fetched.name,
        graph_bytes=fetched.graph.size,
        graph_sha256=fetched.graph.sha256,
        url=fetched.url,
        tarball_bytes=fetched.tarball.size,
        tarball_sha256=fetched.tarball.sha256,
    )
    return FrozenGraph(fetched.graph_path, source, known.dataset.classes if known else ())


def inspect(frozen: FrozenGraph, size: Size | None = None, asked: Asked = FOUND) -> Inspection:
    """Inspect a frozen graph, or the part of it that is asked for.

    Its cost is that of photos of ``size``, by default its crop. Another size than the crop is
    another network: the one that converters make for the size.
    """
    return _inspected(*_part(read_graph(frozen.path), asked), size)


def _inspected(graph: Graph, asked: Asked, size: Size | None) -> Inspection:
    inspection = inspect_graph(graph, asked)
    contract = inspection.contract
    if size is None or size == inspection.findings.crop:
        return inspection
    if contract is not None and contract.crop is not None:
        graph = fix_input(graph, contract.input.node, size, contract.crop).graph
    return dataclasses.replace(inspection, cost=cost_at(graph, size, asked))


def _part(graph_def: GraphDef, asked: Asked) -> tuple[Graph, Asked]:
    """Cut out the part of a graph that is asked for, and return it and the nodes at its ends."""
    if asked == FOUND:
        return Graph(graph_def), asked
    asked = asked_for(graph_def, asked)
    return cut(graph_def, asked), asked


def cut_out(frozen: FrozenGraph, asked: Asked) -> FrozenGraph:
    """Keep the part of a frozen graph that is asked for in the cache, as a frozen graph itself."""
    if asked == FOUND:
        return frozen
    content = b"".join(_part(read_graph(frozen.path), asked)[0].serialized())
    digest = store.keep_graph(content)
    path = store.find_graph(digest)
    if path is None:
        raise DlconvError(f"the part of {frozen.path} is not in the cache any more")
    source = Source(_name_of_part(frozen.source.model, asked), len(content), digest)
    return dataclasses.replace(frozen, path=path, source=source)


def _name_of_part(model: str, asked: Asked) -> str:
    """Name a part after its ends, so that what is made of it stands beside what the whole gives."""
    ends = [asked.input or "", *asked.outputs]
    return "-".join([model, *(end.removesuffix(":0").replace("/", "_") for end in ends if end)])


def overlays(
    frozen: FrozenGraph,
    path: Path | None,
    images: list[Path],
    registry: Registry,
    progress: Progress = lambda done, total: None,
) -> dict[str, Mapping[str, float]]:
    """Return numbers for the nodes of a frozen graph by what they are.

    They are the bytes of weights, and with the artifact at ``path`` the errors of its weights, if
    it is a TF.js one, and those of its activations on the first photo.
    """
    graph = Graph(read_graph(frozen.path))
    found: dict[str, Mapping[str, float]] = {"weight bytes": weight_bytes(graph)}
    if path is None:
        return found
    store.add_graph(frozen.path)
    artifact = choose_artifacts([path], reference=frozen)[0]
    photo = choose_photos(images, [artifact], registry)[0]
    if artifact.manifest.target == "tfjs":
        with _loadable(artifact) as loaded:
            found["quantization error"] = storage_errors(loaded.runnable, graph)
    errors = bisect(artifact, photo, progress)
    found["activation error"] = {each.name: each.error for each in errors}
    return found


def cover(frozen: FrozenGraph, opset: int = DEFAULT_OPSET) -> Coverage:
    """Tell which targets can run the ops of a frozen graph once it is rewritten for them."""
    return find_coverage(frozen.path, opset)


@dataclass(frozen=True)
class Subject:
    """A model of any format: what it was named by, its file, and what it is as a frozen graph."""

    origin: str
    entry: Path
    frozen: FrozenGraph | None

    @property
    def name(self) -> str:
        """What people call it."""
        return self.origin if self.frozen is None else self.frozen.source.model


@contextmanager
def find_subject(spec: str | None, registry: Registry) -> Iterator[Subject]:
    """Yield the model that ``spec``, a name, a path or an address, stands for.

    What had to be fetched or unpacked goes afterwards. Raises DlconvError when it is not there.
    """
    if spec is None or not _names_files(spec, registry):
        frozen = find_frozen_graph(spec, registry)
        yield Subject(str(frozen.path), frozen.path, frozen)
        return
    with brought(spec) as path:
        entry = path if is_frozen_graph(path) else find_entry(path)
        yield Subject(shown(spec), entry, _from_path(entry) if is_frozen_graph(entry) else None)


def _names_files(spec: str, registry: Registry) -> bool:
    if is_address(spec) or _is_path(spec) or is_named_as_file(spec) or is_tarball(Path(spec)):
        return True
    return Path(spec).is_dir() and spec not in registry.models


def inspect_network(
    network: Network, size: Size | None = None, asked: Asked = FOUND
) -> Inspection | None:
    """Inspect the graph of a network as ``inspect`` does; None where it shows none."""
    if network.graph is None:
        return None
    if asked == FOUND:
        return _inspected(network.graph, asked, size)
    return _inspected(*_part(network.graph.graph_def, asked), size)


def compare_subjects(
    before: Subject, after: Subject, progress: Callable[[int, int], None]
) -> Comparison:
    """Compare two models of any formats; ``progress`` is told of the bytes compressed."""
    old, new = read_network(before.entry), read_network(after.entry)
    digests = {path: digest_of(path) for path in (*old.files, *new.files)}
    files = {digest: path for path, digest in digests.items()}
    sizes = file_sizes(files, store.cache_root() / "sizes", progress)

    def total(network: Network) -> Sizes:
        return sum((sizes[digests[path]] for path in network.files), NOTHING)

    return compare(old, new, (total(old), total(new)))


def write_event(frozen: FrozenGraph, logdir: Path, asked: Asked = FOUND) -> Findings:
    """Write a frozen graph for TensorBoard, as a run named after its model; return what it is."""
    graph, asked = _part(read_graph(frozen.path), asked)
    found = find_all(graph, asked)
    with disk_trouble(logdir):
        event.write_event(graph, found, logdir / frozen.source.model)
    return found


def rewrite_to_file(frozen: FrozenGraph, output: Path, only: Iterable[str] = ()) -> None:
    """Write the rewritten frozen graph to ``output``; ``only`` names passes, none means all."""
    names = tuple(only)
    passes = rewrite.only(*names) if names else rewrite
    graph = passes(Graph(read_graph(frozen.path))).graph
    with disk_trouble(output), new_file(output) as file:
        file.writelines(graph.serialized())


def artifact_name(
    target: str, quantization: Quantization, interface: Interface, made_by: str = ""
) -> str:
    """Return the name of the folder that an artifact has below its model's."""
    return "-".join(filter(None, [target, quantization.name, interface.name, made_by]))


def convert_to_tfjs(
    frozen: FrozenGraph,
    quantization: Quantization = NOT_QUANTIZED,
    converter: str = "dlconv",
    interface: Interface = OWN_INTERFACE,
    rewriting: bool = True,
    output: Path | None = None,
    root: Path = ARTIFACTS_ROOT,
    progress: StepProgress = _no_steps,
) -> Made:
    """Make a TF.js artifact in ``output``, or in a folder of its own below ``root``."""
    made_by = "plain" if converter == "dlconv" and not rewriting else converter
    name = artifact_name("tfjs", quantization, interface, made_by.removeprefix("dlconv"))
    directory = output or root / frozen.source.model / name
    made = make_tfjs(frozen, directory, quantization, converter, interface, rewriting, progress)
    _draw_curve(made, directory)
    store.add_graph(frozen.path)
    return made


def photos_for(paths: list[Path]) -> LoadImages:
    """Return what loads photos as the input of a graph takes them. Raises what find_photos does."""
    photos = find_photos(paths)
    return lambda contract: [
        framed(load_photo(photo, contract.crop), contract.input) for photo in photos
    ]


def _draw_curve(made: Made, place: Path) -> None:
    """Draw what a search tried beside the artifact."""
    found = made.learned.found if made.learned is not None else None
    if found is None:
        return
    target = place.with_name(f"{place.name}{CURVE_SUFFIX}")
    with disk_trouble(target):
        write_atomically(target, curve_svg(found))


def convert_to_onnx(
    frozen: FrozenGraph,
    quantization: Quantization = NOT_QUANTIZED,
    opset: int = DEFAULT_OPSET,
    interface: Interface = OWN_INTERFACE,
    rewriting: bool = True,
    output: Path | None = None,
    root: Path = ARTIFACTS_ROOT,
    progress: StepProgress = _no_steps,
) -> Made:
    """Make an ONNX artifact: the file ``output``, or one in a folder of its own below ``root``."""
    name = artifact_name("onnx", quantization, interface, "" if rewriting else "plain")
    place = output or root / frozen.source.model / name
    make = make_onnx if output is None else make_onnx_file
    made = make(frozen, place, quantization, opset, interface, rewriting, progress)
    _draw_curve(made, place)
    store.add_graph(frozen.path)
    return made


def upgrade(directory: Path, output: Path | None = None, root: Path = ARTIFACTS_ROOT) -> Artifact:
    """Write a graph model of 2018 as TF.js of today loads it, in ``output`` or below ``root``.

    The graph that the model computes is kept in the cache, as what the artifact is compared with.
    Raises DlconvError when there is no such model at ``directory``.
    """
    found = find_layout_2018(directory)
    if found is None:
        raise DlconvError(f"there is no {GRAPH_NAME} at {directory}")
    old = read_layout_2018(found)
    name = _model_name(found.resolve().name)
    source = _keep_graph_of(old, name)
    precision = coarsest(stored_floats(old.groups))
    return make_upgraded(old, source, output or root / name / f"tfjs-{precision}-upgraded")


def _keep_graph_of(old: Layout2018, name: str) -> Source:
    """Keep the graph that a model of 2018 computes in the cache, and describe it."""
    content = old.graph_def.SerializeToString(deterministic=True)
    return Source(name, len(content), store.keep_graph(content))


def find_reference(spec: str, registry: Registry) -> FrozenGraph:
    """Find a frozen graph to compare with, and keep it in the cache as what it is compared by."""
    frozen = find_frozen_graph(spec, registry)
    store.add_graph(frozen.path)
    return frozen


def choose_artifacts(
    paths: Iterable[Path], root: Path = ARTIFACTS_ROOT, reference: FrozenGraph | None = None
) -> list[Artifact]:
    """Return the artifacts at ``paths``, or all below ``root`` when none is named.

    A path that is a folder of artifacts stands for all of them; what dlconv puts beside artifacts,
    which a shell's ``*`` names, too, is passed over. With a ``reference``, it is what they are
    compared with, and they need no manifest. Raises DlconvError when there is none.
    """
    named = [path for path in paths if not path.name.endswith(BESIDE_ARTIFACTS)]
    chosen = [artifact for path in named for artifact in _artifacts_at(path, reference)]
    if chosen:
        return chosen
    found = find_artifacts(root)
    if not found:
        raise DlconvError(f"there are no artifacts below {root}/", "make one: dlconv tfjs")
    return [_compared_with(artifact, reference) for artifact in found]


def _artifacts_at(path: Path, reference: FrozenGraph | None) -> list[Artifact]:
    if address := address_in(path):
        raise DlconvError(
            f"{address} is an address, and an artifact of this computer is needed",
            "download its folder first, with its manifest",
        )
    below = find_artifacts(path) if path.is_dir() else []
    if reference is not None and not below and path.exists() and not has_manifest(path):
        contract = find_contract(Graph(read_graph(reference.path)))
        return [foreign_artifact(path, reference.source, contract, reference.classes)]
    return [_compared_with(artifact, reference) for artifact in below or [read_artifact(path)]]


def _compared_with(artifact: Artifact, reference: FrozenGraph | None) -> Artifact:
    if reference is None:
        return artifact
    manifest = dataclasses.replace(artifact.manifest, source=reference.source)
    return dataclasses.replace(artifact, manifest=manifest)


def choose_photos(
    paths: list[Path],
    artifacts: Iterable[Artifact],
    registry: Registry,
    dataset: Path | None = None,
) -> list[Photo]:
    """Return the photos at ``paths`` and of a dataset, or those of the artifacts' model.

    Raises DlconvError when there is none.
    """
    if paths or dataset:
        chosen = find_photos(paths) if paths else []
        chosen += find_dataset(dataset) if dataset else []
        return list({photo.path.resolve(): photo for photo in chosen}.values())
    models = sorted({artifact.manifest.source.model for artifact in artifacts})
    known = [registry.models[name].photos for name in models if name in registry.models]
    if len(known) != len(models) or not all(known):
        raise DlconvError(
            f"there are no photos to check {', '.join(models)} on, so nothing can be checked",
            "give some with --images DIR or --images FILE",
        )
    return find_photos([local_path(photos) for photos in known])


def reference_graph(artifact: Artifact) -> Path:
    """Return the frozen graph an artifact is compared with. Raises DlconvError if it is gone."""
    source = artifact.manifest.source
    path = store.find_graph(source.graph_sha256)
    if path is None:
        fetch = shlex.join(["dlconv", "fetch", source.model])
        again = fetch if source.url else "convert the graph again"
        raise DlconvError(
            f"the frozen graph of {source.model} is not in the cache "
            f"(SHA-256 {source.graph_sha256})",
            again,
        )
    return path


def bisect(artifact: Artifact, photo: Photo, progress: Progress) -> list[NodeError]:
    """Compare the nodes of an artifact with its frozen graph's on a photo."""
    with _loadable(artifact) as loaded:
        return node_errors(loaded, reference_graph(artifact), photo, progress)


@contextmanager
def _loadable(artifact: Artifact) -> Iterator[Artifact]:
    """Yield an artifact that runtimes load: of the layout of 2018, one with an upgrade behind."""
    if find_layout_2018(artifact.entry) is None:
        yield artifact
        return
    old, source = read_layout_2018(artifact.directory), artifact.manifest.source
    with tempfile.TemporaryDirectory(prefix="dlconv-") as folder:
        made = make_upgraded(old, source, Path(folder) / "model")
        yield dataclasses.replace(artifact, stand_in=made.entry)


def _no_progress(artifact: Artifact, choice: Choice) -> AbstractContextManager[Progress]:
    return nullcontext(lambda done, total: None)


def colours_of(artifacts: Iterable[Artifact], registry: Registry) -> dict[str, tuple[Colour, ...]]:
    """Return the colours of each model's classes: its dataset's, or those of PASCAL VOC."""
    names = {artifact.manifest.source.model for artifact in artifacts}
    known = {name: registry.models[name].dataset.colours for name in names & {*registry.models}}
    others = voc_colours(MOST_COLOURS)
    return {name: (*known.get(name, ()), *others[len(known.get(name, ())) :]) for name in names}


def demo_site(
    paths: Iterable[Path],
    registry: Registry,
    is_kept: bool,
    progress: Callable[[int, int], None],
) -> Site:
    """Return the web page with the artifacts at ``paths``, or all below the root, TF.js's first.

    With ``is_kept`` it works without a network after a visit. Raises DlconvError when there is
    none, and when a file of one is not the one that was made.
    """
    artifacts = sorted(choose_artifacts(paths), key=lambda each: each.manifest.target != "tfjs")
    photo = find_photos([local_path(CHECK_PHOTOS)])[0]
    colours = colours_of(artifacts, registry)
    offers = []
    for done, artifact in enumerate(artifacts):
        progress(done, len(artifacts))
        check = self_check(artifact, photo)
        offers.append(Offer(artifact, colours[artifact.manifest.source.model], check))
    return make_site(offers, is_kept)


def verify_all(
    artifacts: Iterable[Artifact],
    photos: list[Photo],
    given: GivenFloors = NO_FLOORS_GIVEN,
    runtimes: Sequence[Choice] = (),
    skip_missing: Callable[[RuntimeMissingError], None] | None = None,
    colours: Mapping[str, Sequence[Colour]] | None = None,
    workers: Workers | None = None,
    journal: Journal | None = None,
    progress: Callable[[Artifact, Choice], AbstractContextManager[Progress]] = _no_progress,
    skipped: tuple[Skipped, ...] = (),
) -> list[ArtifactResult]:
    """Check artifacts one after another, each in its runtimes among those chosen, or its default.

    ``given`` floors replace the artifacts' own; ``progress`` opens a display for each check.
    With ``colours``, those of each model's classes, pictures of the worst photos are kept.
    ``workers`` check photos side by side; a ``journal`` keeps what is done until all of it is.
    ``skip_missing`` is told of a runtime that this machine lacks; without it, that is raised.
    ``skipped`` are the pictures among the photos that are none, which the results tell.
    Raises DlconvError when a frozen graph is gone, a photo cannot be read or an artifact of
    precision auto does not say its floors, UsageError when no runtime is for an artifact.
    """
    checks = [
        (artifact, choice, reference_graph(artifact), floors_for(artifact, given))
        for artifact in artifacts
        for choice in choices_for(artifact.manifest.target, runtimes)
    ]
    cache = store.cache_root() / "labels"
    results = []
    for artifact, choice, graph_path, floors in checks:
        try:
            with progress(artifact, choice) as report, _loadable(artifact) as loaded:
                model = artifact.manifest.source.model
                palette = colours[model] if colours is not None else None
                result = verify(
                    loaded,
                    graph_path,
                    photos,
                    cache,
                    floors,
                    choice,
                    palette,
                    workers,
                    journal,
                    report,
                )
        except RuntimeMissingError as error:
            if skip_missing is None:
                raise
            skip_missing(error)
        else:
            results.append(dataclasses.replace(result, skipped=skipped))
    if not results:
        raise DlconvError("no runtime could start, so nothing was checked")
    if journal is not None:
        journal.close()
    return results


def verify_journal(resume: bool) -> AbstractContextManager[Journal]:
    """Open the journal of verifications in the cache."""
    return open_journal(store.cache_root() / "verify.sqlite", resume)
