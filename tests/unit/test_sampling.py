"""Drawing: reproducible, independent of batches, in the order that was asked for."""

import io
import json
import zipfile

import numpy as np
import pytest
import torch
from PIL import Image

from gan_core import checkpoint, sampling
from gan_core.checkpoint import Metadata
from gan_core.config import ImageSpec
from gan_core.errors import WorkbenchError
from gan_core.networks.build import build_generator
from gan_core.sampling import Model
from tests.conftest import small_config

SPEC = ImageSpec(size=28, channels=1, classes=("cat", "dog", "7"))
LETTERS = ImageSpec(size=28, channels=1, classes=("a", "b", "C"))


def model(spec=SPEC, **changes):
    config = small_config(network="dcgan", **changes)
    torch.manual_seed(0)
    return Model(Metadata("test", config, spec, 9, 0.0), build_generator(config, spec).eval())


def test_the_same_seed_draws_the_same_pictures():
    drawn = [model().sample(count=3, seed=seed).images for seed in (4, 4, 5)]
    assert np.array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[0], drawn[2])


def test_how_many_are_drawn_at_a_time_changes_nothing_one_could_see(monkeypatch):
    whole = model().sample(count=20).images.astype(int)
    monkeypatch.setattr(sampling, "DRAW_BATCH", 7)
    # Matrix products of another size may round the last bit differently: one grey level at most.
    assert np.abs(model().sample(count=20).images.astype(int) - whole).max() <= 1


def test_classes_are_drawn_in_the_order_asked_for_by_name_or_number():
    assert model().sample(classes=["dog", 0, "7"], count=2).labels.tolist() == [1, 1, 0, 0, 2, 2]


def test_an_unknown_class_is_refused_with_the_known_ones():
    with pytest.raises(WorkbenchError, match="cat, dog, 7"):
        model().sample(classes=["horse"])
    with pytest.raises(WorkbenchError):
        model().sample(classes=[3])
    with pytest.raises(WorkbenchError, match="at least one"):
        model().sample(classes=[])


def test_an_unconditional_model_has_no_classes():
    unconditional = model(conditional=False)
    assert unconditional.sample(count=5).labels is None
    with pytest.raises(WorkbenchError, match="unconditional"):
        unconditional.sample(classes=["cat"])


def test_pixels_cover_the_whole_range():
    images = torch.tensor([-1.0, 0.0, 1.0]).view(1, 1, 1, 3)
    assert sampling.to_pixels(images).ravel().tolist() == [0, 128, 255]


def test_writing_draws_a_picture_a_character_line_by_line():
    written = model(LETTERS).write("Cab", lines=2)
    assert written.labels.tolist() == [2, 0, 1, 2, 0, 1]
    assert written.columns == 3
    assert not np.array_equal(written.images[:3], written.images[3:])


def test_what_cannot_be_written_is_refused_in_words():
    with pytest.raises(WorkbenchError, match=r"'c'.*a, b, C"):
        model(LETTERS).write("abc")
    with pytest.raises(WorkbenchError, match="at least one character"):
        model(LETTERS).write("")
    with pytest.raises(WorkbenchError, match="cannot write"):
        model().write("cat")
    assert not model(LETTERS, conditional=False).can_write


def test_without_truncation_and_with_a_wide_one_the_same_pictures_are_drawn():
    plain, wide = (model().sample(count=5, truncation=truncation).images.astype(int) for truncation in (None, 50.0))
    assert np.abs(plain - wide).max() <= 1


def test_truncation_to_nothing_draws_each_class_always_alike():
    images = model().sample(count=5, truncation=0.0).images.reshape(3, 5, -1).astype(int)
    assert np.ptp(images, axis=1).max() <= 1


def test_samples_know_the_numbers_they_were_made_of():
    drawn = model().sample(classes=["dog"], count=3, truncation=0.5)
    again = sampling.draw(model().generator, drawn.latents[1:2], torch.tensor([1])).astype(int)
    assert np.abs(again - drawn.images[1]).max() <= 1
    assert drawn.latents.abs().max() <= 0.5


def test_the_zip_holds_every_picture_by_class_and_number_and_how_it_was_drawn():
    drawn = model().sample(classes=["dog", "cat"], count=6, seed=4, truncation=0.5)
    with zipfile.ZipFile(io.BytesIO(drawn.zip())) as archive:
        recipe = json.loads(archive.read("recipe.json"))
        names = archive.namelist()
        eighth = np.asarray(Image.open(io.BytesIO(archive.read("cat-08.png"))))
    assert names == [f"{'dog' if n <= 6 else 'cat'}-{n:02}.png" for n in range(1, 13)] + ["recipe.json"]
    assert np.array_equal(eighth, drawn.images[7].squeeze())
    assert recipe == {
        "model": "test", "step": 9, "weights": "ema", "classes": ["dog", "cat"], "count": 6, "seed": 4,
        "truncation": 0.5,
    }  # fmt: skip


def test_the_recipe_draws_the_same_pictures_again():
    written = model(LETTERS).write("ab", lines=3, seed=5, truncation=1.5)
    wishes = {name: written.recipe[name] for name in ("text", "lines", "seed", "truncation")}
    assert np.array_equal(model(LETTERS).write(**wishes).images, written.images)


def test_a_strangers_class_name_cannot_leave_the_zips_folder():
    evil = ImageSpec(size=28, channels=1, classes=("../../etc/passwd", "a\\b:c", ".."))
    with zipfile.ZipFile(io.BytesIO(model(evil).sample(count=1).zip())) as archive:
        names = archive.namelist()[:-1]
    assert all(set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-._") for name in names)
    assert not any(name.startswith(".") for name in names)


def test_an_unconditional_models_zip_and_grid():
    drawn = model(conditional=False).sample(count=24)
    assert (drawn.columns, drawn.recipe["classes"]) == (6, [])
    with zipfile.ZipFile(io.BytesIO(drawn.zip())) as archive:
        assert archive.namelist()[:2] == ["picture-01.png", "picture-02.png"]


def test_the_directions_are_unit_vectors_and_as_many_as_the_latent_allows():
    assert model().directions.shape == (6, 8)
    assert model(latent_dim=2).directions.shape == (2, 2)
    assert torch.allclose(model().directions.norm(dim=1), torch.ones(6), atol=1e-6)


def test_weights_that_a_checkpoint_lacks_are_missed_in_words(tmp_path):
    trained = model()
    path = tmp_path / "lean.safetensors"
    weights = checkpoint.with_prefix("ema", trained.generator.state_dict())
    checkpoint.write_tensors(path, weights, trained.metadata.to_header())
    assert sampling.load_model(path).weights == "ema"
    with pytest.raises(WorkbenchError, match="no weights of the kind generator"):
        sampling.load_model(path, "generator")
