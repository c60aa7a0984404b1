"""The page of ``dlconv demo`` in a browser, as a person has it."""

import base64
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image
from support.waiting import MILLISECONDS

from dlconv.demo.server import served
from dlconv.demo.site import Site

FAKE_CAMERA = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
RUNS = "#state:has-text('runs')"
MAGENTA = (255, 0, 255)


class DemoPage:
    """One open page; ``troubles`` are errors it printed and requests to anywhere but its server."""

    def __init__(self, page, address: str) -> None:
        self.page = page
        self.address = address
        self.troubles: list[str] = []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on("request", self._watch)

    def _hear(self, message) -> None:
        if message.type in ("error", "warning"):
            self.troubles.append(message.text)

    def _watch(self, request) -> None:
        host = "/".join(self.address.split("/")[:3])
        if not request.url.startswith((f"{host}/", f"blob:{host}/", "data:")):
            self.troubles.append(request.url)

    def open(self) -> "DemoPage":
        """Load the page, and wait until its model runs."""
        self.visit()
        self.page.wait_for_selector(RUNS)
        return self

    def visit(self) -> "DemoPage":
        """Load the page."""
        self.page.set_default_timeout(MILLISECONDS)
        self.page.goto(self.address)
        return self

    def choose(self, **settings: str) -> None:
        """Choose radio buttons by the name of their group and their value."""
        for name, value in settings.items():
            self.page.check(f"[name={name}][value='{value}']")

    def run(self, model: int) -> None:
        """Choose a model of the list, and wait for it and its labels of what is shown."""
        self._forget_labels()
        self.page.click(f"[name=model][value='{model}']")
        self.page.wait_for_selector(RUNS)
        if self.page.is_visible("#picture"):
            self.wait_for_labels()

    def plain(self) -> "DemoPage":
        """Leave the mask as the network gives it."""
        self.page.uncheck("[name=follow]")
        self.page.uncheck("[name=soft]")
        self.page.uncheck("[name=steady]")
        return self

    def show(self, photo: Path) -> None:
        """Show a photo, and wait for its labels."""
        self._forget_labels()
        self.page.set_input_files("#chosen-file", photo)
        self.wait_for_labels()

    def wait_for_next_labels(self) -> None:
        """Wait for the labels of a frame that comes after this call."""
        self._forget_labels()
        self.wait_for_labels()

    def wait_for_labels(self) -> None:
        """Wait until the picture is described, which takes its labels."""
        self.page.wait_for_selector("#picture[aria-label*='%']")

    def _forget_labels(self) -> None:
        self.page.eval_on_selector("#picture", "canvas => canvas.setAttribute('aria-label', '')")

    def pixels(self) -> np.ndarray:
        """What is drawn, uint8 [H, W, 4]."""
        url = self.page.eval_on_selector("#picture", "canvas => canvas.toDataURL('image/png')")
        content = base64.b64decode(url.partition(",")[2])
        return np.asarray(Image.open(io.BytesIO(content)).convert("RGBA"))

    def kept(self) -> np.ndarray:
        """Where the picture is not magenta, bool [H, W]."""
        return (self.pixels()[..., :3] != MAGENTA).any(2)

    def stats(self) -> dict[str, str]:
        """The measurements that are shown, by name."""
        rows = self.page.eval_on_selector_all(
            "#stats div", "rows => rows.map(row => Array.from(row.children, c => c.textContent))"
        )
        return dict(rows)


def fake_camera(video: Path) -> list[str]:
    """The flags of a Chromium whose camera shows a video file, allowed without a question."""
    return [*FAKE_CAMERA, f"--use-file-for-fake-video-capture={video}"]


@contextmanager
def demo_page(browser, site: Site, wait: bool = True, **context) -> Iterator[DemoPage]:
    """A site, served and open in a page of its own, with its model loaded unless not waited for."""
    with served(site) as address:
        opened = browser.new_context(**context)
        try:
            page = DemoPage(opened.new_page(), address)
            yield page.open() if wait else page.visit()
        finally:
            opened.close()


def iou(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Intersection over union of two masks."""
    return (ours & theirs).sum() / (ours | theirs).sum()
