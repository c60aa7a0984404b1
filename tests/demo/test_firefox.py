"""The exported site in Firefox: it shows what Chromium shows."""

import base64
import io

import numpy as np
import pytest
from PIL import Image
from support.chromium import needs_chromium
from support.demo import MAGENTA, demo_page
from support.firefox import needs_firefox, open_firefox
from support.hosting import static_server
from support.sample import PHOTOS
from support.waiting import SECONDS

from dlconv.demo.site import Offer, export, make_site
from dlconv.registry.models import voc_colours

pytestmark = [needs_chromium, needs_firefox, pytest.mark.slow]

PHOTO = PHOTOS / "scene_2000030.png"


def shown_in_firefox(address):
    """The photo on magenta, its border as the network gives it, uint8 [H, W, 4]."""
    from marionette_driver import By, Wait

    with open_firefox() as firefox:
        waiting = Wait(firefox, timeout=SECONDS)
        firefox.navigate(address)
        waiting.until(lambda _: "runs" in firefox.find_element(By.ID, "state").text)
        for name in ("follow", "soft", "steady"):
            firefox.find_element(By.NAME, name).click()
        firefox.find_element(By.ID, "chosen-file").send_keys(str(PHOTO))
        waiting.until(
            lambda _: "%" in firefox.find_element(By.ID, "picture").get_attribute("aria-label")
        )
        assert not firefox.find_element(By.ID, "message").is_displayed()
        url = firefox.execute_script("return document.querySelector('#picture').toDataURL()")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))))


def test_the_exported_site_draws_the_same_mask_as_in_chromium(browser, artifacts, tmp_path):
    folder = tmp_path / "site"
    site = make_site([Offer(artifacts[0], voc_colours(256))], is_kept=True)
    export(site, folder)
    with static_server(folder) as address:
        ours = shown_in_firefox(address)
    with demo_page(browser, site) as page:
        page.plain().show(PHOTO)
        expected = page.kept()
    kept = (ours[..., :3] != MAGENTA).any(2)
    assert 0.05 < expected.mean() < 0.95
    assert (kept == expected).mean() > 0.999
