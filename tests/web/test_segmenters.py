"""Segmenters that share a thread, or follow one that could not be loaded, in Chromium."""

import json

import pytest
from support.artifacts import litert_artifact, onnx_artifact, tfjs_artifact
from support.chromium import needs_chromium
from support.sample import PHOTOS, sample_graph

from dlconv.demo.server import served
from dlconv.demo.site import Site
from dlconv.recipe import Interface
from dlconv.runtimes.chromium import SOFTWARE_GRAPHICS, open_browser

pytestmark = [needs_chromium, pytest.mark.slow]

PREPARE = """async () => {
  globalThis.engine = await import("/dist/index.js");
  globalThis.load = (options) => engine.loadSegmenter("artifact/", options);
  globalThis.photo = new ImageData(65, 65);
}"""


@pytest.fixture(scope="module")
def address(project, tmp_path_factory):
    folder = tmp_path_factory.mktemp("small")
    interface = Interface(input_size=(65, 65))
    graph = sample_graph(folder)
    artifact = tfjs_artifact(graph, folder / "tfjs", interface=interface)
    onnx = onnx_artifact(graph, folder / "onnx", interface=interface)
    litert = litert_artifact(graph, folder / "litert", interface=interface)
    dist = project / "node_modules/@dlconv/segment/dist"
    files = {f"dist/{path.name}": path for path in dist.iterdir()}
    files |= {f"artifact/{path.name}": path for path in artifact.directory.iterdir()}
    for made in (onnx, litert):
        files |= {f"{made.directory.name}/{path.name}": path for path in made.directory.iterdir()}
    files |= {"index.html": b"<!doctype html>", "photo.png": PHOTOS / "scene_2000030.png"}
    with served(Site(files)) as address:
        yield address


@pytest.fixture(scope="module")
def browser():
    with open_browser(SOFTWARE_GRAPHICS) as browser:
        yield browser


@pytest.fixture
def page(address, browser):
    page = browser.new_page()
    page.goto(address)
    page.evaluate(PREPARE)
    yield page
    page.close()


def test_a_wasm_that_did_not_come_is_fetched_again_also_from_elsewhere(page):
    told = page.evaluate("""async () => {
      const told = [];
      for (const [artifact, backend, folder] of [
        ["artifact/", "wasm", "nowhere/"], ["artifact/", "webgl", "nowhere/"],
        ["artifact/", "wasm", "nowhere/"], ["artifact/", "wasm", "dist/"],
        ["litert/", "wasm", "nowhere/"], ["litert/", "wasm", "dist/"],
      ]) {
        const loading = engine.loadSegmenter(artifact, { backend, runtimeUrl: folder });
        told.push(await loading.then((found) => found.backend, (error) => error.name));
      }
      return told;
    }""")
    assert told == ["BackendError", "webgl", "BackendError", "wasm", "BackendError", "wasm"]


@pytest.mark.parametrize(
    "backends", [("wasm", "wasm"), ("webgl", "webgl"), ("webgl", "wasm"), ("wasm", "webgl")]
)
def test_two_are_loaded_at_once(page, backends):
    told = page.evaluate(
        """async (backends) => {
      const loaded = await Promise.all(backends.map((backend) => load({ backend })));
      return loaded.map(({ backend, draws, description }) => ({
        backend, draws, described: description.backend,
      }));
    }""",
        backends,
    )
    assert told == [
        {"backend": backend, "draws": backend == "webgl", "described": backend}
        for backend in backends
    ]


@pytest.mark.parametrize(
    ("artifact", "backend"), [("onnx/", "wasm"), ("onnx/", "webgpu"), ("litert/", "wasm")]
)
def test_two_of_another_target_are_loaded_at_once(page, artifact, backend):
    told = page.evaluate(
        """async ([artifact, backend]) => {
      const loading = [1, 2].map(() => engine.loadSegmenter(artifact, { backend }));
      return (await Promise.all(loading)).map(({ backend }) => backend);
    }""",
        [artifact, backend],
    )
    assert told == [backend, backend]


# LiteRT.js asks by compiling a module of 36 bytes.
WITHOUT_RELAXED_SIMD = """
  const { instantiate } = WebAssembly;
  WebAssembly.instantiate = async (code, imports) => {
    if (code.byteLength < 50) throw new Error("no relaxed SIMD");
    return instantiate(code, imports);
  };
"""


@pytest.mark.parametrize("is_relaxed", [True, False])
def test_litert_gives_the_labels_that_tfjs_gives_also_in_older_browsers(page, is_relaxed):
    fetched = []
    page.on("request", lambda request: fetched.append(request.url.rpartition("/")[2]))
    if not is_relaxed:
        page.evaluate(f"() => {{ {WITHOUT_RELAXED_SIMD} }}")
    told = page.evaluate("""async () => {
      const blob = await (await fetch("photo.png")).blob();
      const photo = await createImageBitmap(blob, 0, 0, 129, 70);
      const tfjs = await load();
      const litert = await engine.loadSegmenter("litert/");
      const [theirs, ours] = [await tfjs.segment(photo), await litert.segment(photo)];
      const again = await litert.segment(photo);
      await litert.dispose();
      const refused = await engine.loadSegmenter("litert/", { backend: "webgpu" })
        .catch(({ name, message }) => `${name}: ${message}`);
      return {
        size: [ours.width, ours.height],
        seen: new Set(ours.labels).size,
        same: [ours, again].every(({ labels }) => `${labels}` === `${theirs.labels}`),
        draws: litert.draws,
        description: litert.description,
        refused,
      };
    }""")
    assert told["size"] == [65, 35]
    assert told["seen"] > 1
    assert told["same"]
    assert not told["draws"]
    assert told["description"]["litert"] == "2.5.3"
    assert told["description"]["relaxed_simd"] == is_relaxed
    assert told["refused"] == "BackendError: LiteRT artifacts run on wasm, not webgpu"
    build = "litert_wasm_internal.wasm" if is_relaxed else "litert_wasm_compat_internal.wasm"
    assert [name for name in fetched if name.startswith("litert_")] == [build]


def test_each_runs_on_its_own_backend_whatever_the_others_do(page):
    alike = page.evaluate("""async () => {
      const style = { kept: new Set([0]), colours: null, follow: false, steady: false };
      const [gpu, cpu] = [await load({ backend: "webgl" }), await load({ backend: "wasm" })];
      const [drawn, segmented] = await Promise.all([
        gpu.draw(photo, { ...style, sequence: 1 }, true), cpu.segment(photo),
      ]);
      const labels = await drawn.labels;
      return labels.length === 65 * 65 && labels.every((label, i) => label === segmented.labels[i]);
    }""")
    assert alike


def test_one_goes_on_while_another_backend_starts(page):
    found = page.evaluate("""async () => {
      const gpu = await load({ backend: "webgl" });
      await gpu.segment(photo);
      const before = gpu.tensors;
      let letWeightsCome;
      const areWanted = new Promise((wanted) => { letWeightsCome = wanted; });
      const { fetch } = globalThis;
      globalThis.fetch = async (url, ...given) => {
        if (`${url}`.endsWith(".bin")) await areWanted;
        return fetch(url, ...given);
      };
      let other = null;
      void load({ backend: "wasm" }).then((loaded) => { other = loaded; });
      let frames = 0;
      for (; !other; frames++) {
        await gpu.segment(photo);
        if (frames === 1) letWeightsCome();
        await new Promise((passed) => setTimeout(passed));
        if (gpu.tensors < before) throw new Error(`${gpu.tensors} tensors`);
      }
      await other.dispose();
      return { frames, more: gpu.tensors - before };
    }""")
    assert found["frames"] > 1
    assert found["more"] == 0


def test_classes_without_names_or_number_have_labels_and_colours(page):
    def forget_classes(route):
        manifest = route.fetch().json()
        manifest["classes"], manifest["contract"]["classes"] = [], None
        route.fulfill(body=json.dumps(manifest))

    page.route("**/manifest.json", forget_classes)
    told = page.evaluate("""async () => {
      const photo = await createImageBitmap(await (await fetch("photo.png")).blob());
      const style = { kept: new Set([0, 1, 2, 3, 4]), follow: false, steady: false, sequence: 1 };
      const colours = [0, 1, 2, 3, 4].map((index) => [50 * index, 0, 0]);
      const segmenter = await load({ backend: "webgl" });
      const { mask, labels, width, height } = await segmenter.draw(
        photo, { ...style, colours }, true,
      );
      const context = new OffscreenCanvas(width, height).getContext("2d");
      context.drawImage(mask, 0, 0);
      const { data } = context.getImageData(0, 0, width, height);
      const found = await labels;
      return {
        classes: segmenter.classes,
        seen: new Set(found).size,
        coloured: found.every((label, pixel) => data[4 * pixel] === 50 * label),
        opaque: found.every((_, pixel) => data[4 * pixel + 3] === 255),
      };
    }""")
    assert told["classes"] == []
    assert told["seen"] > 1
    assert told["coloured"]
    assert told["opaque"]


def test_what_is_aborted_at_the_very_end_leaves_nothing_behind(page):
    told = page.evaluate("""async () => {
      const other = await load({ backend: "wasm" });
      const before = other.tensors;
      const controller = new AbortController();
      const progress = (done, total) => { if (done === total) controller.abort("another one"); };
      const loading = load({ backend: "wasm", signal: controller.signal, progress });
      const reason = await loading.then(() => null, (reason) => reason);
      return { reason, more: other.tensors - before };
    }""")
    assert told == {"reason": "another one", "more": 0}
