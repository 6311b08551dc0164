"""When a progressive GAN grows, worked out by hand from Karras 2018, figure 2."""

import pytest

from gan_core.growth import growth, resolution
from gan_core.presets import preset_config
from tests.conftest import small_config

CONFIG = small_config(network="progressive", growth_kimg=10)


@pytest.mark.parametrize(
    ("kimg", "pixels", "blend"),
    [
        (0, 4, 1),
        (9.9, 4, 1),
        (12.5, 8, 0.25),
        (20, 8, 1),
        (29, 8, 1),
        (35, 16, 0.5),
        (45, 16, 1),
        (59, 32, 0.9),
        (60, 32, 1),
        (1e6, 32, 1),
    ],
)
def test_each_resolution_is_trained_and_then_the_next_faded_in(kimg, pixels, blend):
    drawn = resolution(growth(CONFIG, kimg))
    assert (drawn.pixels, drawn.blend) == (pixels, pytest.approx(blend))


def test_the_papers_schedule_is_full_grown_after_4_8_million_images():
    paper = preset_config("pggan")
    assert resolution(growth(paper, 4799)).blend < 1
    grown = resolution(growth(paper, 4800))
    assert (grown.pixels, grown.blend) == (32, 1)
