"""The text of errors on the command line: by the error's code, which option helps.

The library says what is wrong and what to do in terms of its functions; it knows no options.
"""

from collections.abc import Mapping

from dlconv.errors import DlconvError

# Hints that replace the library's; {names} are keys of the error's data.
HINTS: Mapping[str, str] = {
    "address": "download it first, or give it a name in a registry file, and fetch that: dlconv "
    "fetch NAME --registry FILE; dlconv inspect takes addresses",
    "another-file": "this is another file than the registry means: check --mirror and the entry's "
    "url",
    "another-interface": "leave out --no-rewrite and --converter tensorflowjs, or the other "
    "options",
    "bad-download": "the file or its transfer is damaged, or the file was changed; try another "
    "--mirror",
    "calibrate-on-photos": "calibrate on photos: --calibrate DIR",
    "check-failed": "dlconv tfjs and onnx write it without --check; dlconv bisect then finds the "
    "layer that differs",
    "damaged-download": "the download is damaged or not a model; fetch it again, or use another "
    "--mirror",
    "holds-others": "name another place with -o",
    "in-the-way": "move it away, or name another folder with -o",
    "kernel-lost": "leave out --no-rewrite or --quantize",
    "no-answer": "try another runtime, or a smaller --input-size",
    "no-calibration-photos": "give 16 or more with --calibrate DIR",
    "no-identity": "in GitHub Actions the job needs `permissions: id-token: write`; elsewhere use "
    "--private-key",
    "no-image": "name the image's node: --inputs NAME{origins}",
    "no-images-to-calibrate-on": "leave out --quantize, or choose float16",
    "no-manifest": "name the frozen graph: dlconv verify --reference MODEL or GRAPH.pb",
    "no-onnx-file": "-o {path}.onnx or -o {path}/model.onnx",
    "no-npm-version": "pack the release with one such as 1.2.0: dlconv pack --version",
    "no-list": "try --images",
    "no-output": "name the image's node: dlconv inspect --inputs NAME{origins}",
    "no-photos": "give some with --images DIR or --images FILE",
    "no-report": "write it again: dlconv verify --report",
    "no-sigstore": "check the network; --trust-config FILE names what to trust without it",
    "no-such-source": "check --mirror, and the entry's url",
    "not-in-graph": "if the image goes in there: --inputs {node}",
    "not-served": "check --mirror, and the model's name and url in the registry",
    "not-the-first": "--force fetches it again; if the change is meant, remove {entry} from {lock}",
    "nothing-to-quantize": "leave out --quantize",
    "offline": "fetch it once without --offline, or use --mirror file:///folder",
    "old-opset": "--converter tf2onnx takes 11 to 18",
    "only-tf2onnx": "tf2onnx may convert it: --converter tf2onnx",
    "pass-stops": "if TensorFlow runs it, convert with --no-rewrite and report this",
    "port-taken": "leave --port out for any free port",
    "several-inputs": "give what is not the image a value: --set {others}; --inputs names the "
    "image",
    "trouble": "the server has trouble: try again later, or use --mirror URL",
    "unreachable": "check the network, or use --mirror URL; --offline works with what is cached",
    "unsafe": "the certificate is not trusted: check the clock, the proxy, or use --mirror",
    "version-taken": "pack this one with a new version: dlconv pack --version",
    "wrong-in-backend": "cut the graph before it (--outputs), or name other backends (--backends)",
    "wrong-in-runtime": "cut the graph before it (--outputs)",
    "worker-lost": "try fewer workers, and go on with --resume",
}
# Messages that replace the library's, with the names of options.
MESSAGES: Mapping[str, str] = {
    "backends": "--backends takes {known}, not {word}",
    "config-and-target": "--config does nothing where a target is named",
    "converter": "--converter takes {known}, not {word}",
    "ends": "--inputs, --outputs and --set take names of nodes",
    "frozen-only": "--inputs, --outputs, --set, --opset and --check are for frozen graphs",
    "graph-only": "--input-size is for models with a TensorFlow graph",
    "no-onnx-file": "-o takes the name of a file that ends in .onnx, not {path}",
    "no-tensorflowjs": "--converter tensorflowjs needs the tensorflowjs package ({reason})",
    "layout": "--layout takes nhwc or nchw, not {word}",
    "not-for-a-manifest": "-o takes a name that a manifest can hold, not {name}",
    "offline": "the cache has no usable copy of {model}, and --offline forbids to download it",
    "old-opset": "--opset takes {oldest} to {newest}, not {opset}",
    "opset": "--opset takes {oldest} to {newest}, not {opset}",
    "precision": "--quantize takes one of {known}, not {word}",
    "setting": "--set takes NAME=VALUE with true, false or a number, not {word}",
    "size": "--input-size takes HEIGHTxWIDTH or one number, not {word}",
    "two-crews": "--workers and --dask exclude each other",
}


def in_words(error: DlconvError) -> str:
    """Return an error as one line that names the options of the command line."""
    message = MESSAGES.get(error.code, "").format_map(error.data) or error.message
    hint = HINTS.get(error.code, "").format_map(error.data) or error.hint
    return f"{message} (hint: {hint})" if hint else message
