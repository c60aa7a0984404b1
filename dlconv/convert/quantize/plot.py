"""The curve of a search as a picture: bytes against agreement, worst photo and mIoU."""

import io

from dlconv.convert.quantize.search import Found

SERIES = (("agreement", "mean agreement"), ("worst", "worst photo"), ("miou", "mIoU"))


def curve_svg(found: Found) -> bytes:
    """Return an SVG of all tries of a search; the same search gives the same bytes."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    sizes = [each.brotli_bytes / 1e6 for each in found.curve]
    with matplotlib.rc_context({"svg.hashsalt": "dlconv", "svg.fonttype": "none"}):
        figure, axes = pyplot.subplots(figsize=(7, 4.5), layout="constrained")
        for name, label in SERIES:
            values = [100 * getattr(each.distance, name) for each in found.curve]
            axes.plot(sizes, values, marker="o", label=label)
        chosen = found.best.brotli_bytes / 1e6
        axes.axvline(chosen, color="grey", linestyle="--", label=f"chosen: {chosen:.3f} MB")
        axes.set_xlabel("weights as brotli, MB")
        axes.set_ylabel("on photos not calibrated on, %")
        axes.grid(alpha=0.3)
        axes.legend()
        picture = io.BytesIO()
        figure.savefig(picture, format="svg", metadata={"Date": None})
        pyplot.close(figure)
    return picture.getvalue()
