"""Checkpoint faults: whatever is wrong with a file is one sentence, and nothing in it is executed."""

import itertools
import json
import pickle
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import safetensors.torch
import torch

import gan_core
from gan_core import checkpoint, paths, sampling
from gan_core.__main__ import asked_changes, train
from gan_core.config import ImageSpec, make_config
from gan_core.errors import WorkbenchError
from gan_core.latents import latents
from gan_core.presets import preset_config
from gan_core.training.gan import Gan
from gan_core.training.loop import training_step
from tests.conftest import small_config

SPEC = ImageSpec(size=28, channels=1, classes=tuple("0123456789"))


def save(folder, step=1, **changes):
    gan = Gan(small_config(**changes), SPEC, torch.device("cpu"))
    metadata = checkpoint.Metadata("a run", gan.config, SPEC, step, 12.5, images=4000)
    return checkpoint.save_run(folder, metadata, gan.model_state(), gan.resume_state())


def test_one_file_tells_all_and_draws(tmp_path):
    path = save(tmp_path, step=7)
    alone = path.rename(tmp_path / "handed-around.safetensors")
    metadata = checkpoint.read_metadata(alone)
    assert (metadata.name, metadata.config, metadata.spec, metadata.step) == ("a run", small_config(), SPEC, 7)
    assert (metadata.seconds, metadata.images, metadata.kimg) == (12.5, 4000, 4)
    samples = gan_core.load(alone).sample(classes=["7", 3], count=2, seed=5)
    assert samples.images.shape == (4, 28, 28, 1)
    assert samples.labels.tolist() == [7, 7, 3, 3]


def test_a_model_file_holds_average_raw_generator_and_discriminator(tmp_path):
    names = {name.split(".")[0] for name in checkpoint.read_tensors(save(tmp_path))}
    assert names == {"ema", "generator", "discriminator"}


def test_raw_and_averaged_weights_can_both_be_loaded(tmp_path):
    path = save(tmp_path)
    for which in ("ema", "generator"):
        assert sampling.load_model(path, which).sample(count=1).images.shape == (10, 28, 28, 1)


def test_a_newer_checkpoint_replaces_the_older_one(tmp_path):
    save(tmp_path, step=1)
    newer = save(tmp_path, step=2)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([newer.name, checkpoint.resume_path(newer).name])


def save_best(folder, step):
    gan = Gan(small_config(), SPEC, torch.device("cpu"))
    metadata = checkpoint.Metadata("a run", gan.config, SPEC, step, 12.5, images=4000, scores={"fid": 0.25})
    return checkpoint.save_best(folder, metadata, gan.model_state())


def test_the_best_checkpoint_tells_its_scores_and_draws_and_others_have_none(tmp_path):
    newest, best = save(tmp_path, step=9), save_best(tmp_path, step=7)
    assert checkpoint.best_model(tmp_path) == best
    assert checkpoint.read_metadata(best).scores == {"fid": 0.25}
    assert checkpoint.read_metadata(newest).scores == {}
    assert gan_core.load(best).sample(count=1).images.shape == (10, 28, 28, 1)


def test_the_best_checkpoint_is_never_taken_for_the_newest_and_stays_when_that_is_replaced(tmp_path):
    save(tmp_path, step=1)
    best = save_best(tmp_path, step=7)
    newest = save(tmp_path, step=2)
    assert checkpoint.run_models(tmp_path) == [newest]
    assert best.exists()


def test_a_better_checkpoint_replaces_the_best(tmp_path):
    save_best(tmp_path, step=7)
    better = save_best(tmp_path, step=12)
    assert list(tmp_path.iterdir()) == [better]


def test_a_best_checkpoint_of_a_later_step_is_taken_away(tmp_path):
    best = save_best(tmp_path, step=7)
    checkpoint.cut_best(tmp_path, after_step=7)
    assert checkpoint.best_model(tmp_path) == best
    checkpoint.cut_best(tmp_path, after_step=6)
    assert checkpoint.best_model(tmp_path) is None


@pytest.mark.parametrize("scores", ["[1]", '{"fid": "low"}', "{"])
def test_scores_that_are_no_numbers_are_refused(tmp_path, scores):
    path = save_best(tmp_path, step=7)
    rewrite(path, metadata=lambda old: old | {"scores": scores})
    with pytest.raises(WorkbenchError, match="not a checkpoint of this program"):
        checkpoint.read_metadata(path)


def test_a_file_from_before_there_were_scores_can_be_read(tmp_path):
    path = save_best(tmp_path, step=7)
    rewrite(path, metadata=lambda old: {name: text for name, text in old.items() if name != "scores"})
    assert checkpoint.read_metadata(path).scores == {}


@pytest.mark.parametrize("kept", [0, 4, 100, 0.5, 0.999])
def test_a_truncated_file_is_one_sentence(tmp_path, kept):
    path = save(tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[: int(kept if kept >= 1 or kept == 0 else kept * len(content))])
    with pytest.raises(WorkbenchError, match=path.name):
        gan_core.load(path)


def test_a_missing_file_is_one_sentence(tmp_path):
    with pytest.raises(WorkbenchError, match="no checkpoint"):
        gan_core.load(tmp_path / "nothing.safetensors")


def test_a_name_that_is_too_long_for_any_file_is_one_sentence():
    with pytest.raises(WorkbenchError):
        gan_core.load("x" * 5000)


def test_a_folder_is_not_a_checkpoint(tmp_path):
    with pytest.raises(WorkbenchError):
        gan_core.load(tmp_path)


class Trap:
    def __reduce__(self):
        return (open, ("trapped", "w"))


@pytest.mark.parametrize("kind", ["pickle", "torch"])
def test_a_pickle_in_disguise_is_refused_and_not_executed(tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "nice-model.safetensors"
    if kind == "pickle":
        path.write_bytes(pickle.dumps(Trap()))
    else:
        torch.save({"weights": Trap()}, path)
    with pytest.raises(WorkbenchError, match="not a whole safetensors file"):
        gan_core.load(path)
    assert not (tmp_path / "trapped").exists()


def test_a_resume_state_is_no_pickle_either(tmp_path):
    resume = checkpoint.resume_path(save(tmp_path))
    resume.write_bytes(pickle.dumps(Trap()))
    with pytest.raises(WorkbenchError):
        checkpoint.read_tensors(resume)


def test_someone_elses_safetensors_file_is_refused(tmp_path):
    path = tmp_path / "bert.safetensors"
    safetensors.torch.save_file({"weights": torch.zeros(3)}, path)
    with pytest.raises(WorkbenchError, match="not a checkpoint of this program"):
        gan_core.load(path)


def rewrite(path, weights=lambda tensors: tensors, metadata=lambda text: text):
    with safetensors.safe_open(path, framework="pt") as file:
        old = file.metadata()
    safetensors.torch.save_file(weights(safetensors.torch.load_file(path)), path, metadata(old))


def test_a_file_from_before_n_critic_could_change_counts_its_images_by_steps(tmp_path):
    path = save(tmp_path, step=7, n_critic=3, batch_size=16)
    rewrite(path, metadata=lambda old: {key: text for key, text in old.items() if key != "images"})
    assert checkpoint.read_metadata(path).images == 7 * 3 * 16


def test_weights_of_other_shapes_are_refused(tmp_path):
    path = save(tmp_path)
    rewrite(path, weights=lambda tensors: {name: torch.zeros(2, 2) for name in tensors})
    with pytest.raises(WorkbenchError, match="shapes do not match"):
        gan_core.load(path)


def test_weights_swapped_with_another_models_are_refused(tmp_path):
    other = safetensors.torch.load_file(save(tmp_path / "other", generator_layers=(24,)))
    path = save(tmp_path)
    rewrite(path, weights=lambda _: other)
    with pytest.raises(WorkbenchError, match="shapes do not match"):
        gan_core.load(path)


def test_a_config_that_lies_about_its_size_costs_no_memory(tmp_path):
    path = save(tmp_path)
    huge = json.loads(small_config().model_dump_json()) | {"generator_layers": [4096] * 8}
    rewrite(path, metadata=lambda old: old | {"config": json.dumps(huge)})
    with pytest.raises(WorkbenchError, match="shapes do not match"):
        gan_core.load(path)


@pytest.mark.parametrize("config", ["{}]", '{"network": "mlp", "evil": 1}', '{"latent_dim": -5}'])
def test_a_config_that_makes_no_sense_is_refused(tmp_path, config):
    path = save(tmp_path)
    rewrite(path, metadata=lambda old: old | {"config": config})
    with pytest.raises(WorkbenchError, match="not a checkpoint of this program"):
        gan_core.load(path)


FILL_THE_DISK = """
import resource, signal, sys
from pathlib import Path
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))  # writing any further fails, as on a full disk
from tests.unit.test_checkpoint import save
from gan_core.errors import WorkbenchError
try:
    save(Path(sys.argv[1]), step=2)
except WorkbenchError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such limit to set; the code has no such branch")
def test_a_full_disk_leaves_the_last_good_checkpoint(tmp_path):
    good = save(tmp_path, step=1)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    said = subprocess.run(
        [sys.executable, "-c", FILL_THE_DISK, str(tmp_path)], cwd=paths.PROJECT, capture_output=True, text=True
    )
    assert "could not be written" in said.stdout, said.stderr
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert gan_core.load(good).sample(count=1).images.any()


def test_saving_a_step_twice_risks_nothing(tmp_path, monkeypatch):
    good = save(tmp_path, step=1)
    monkeypatch.setattr(checkpoint, "write_aside", None)  # a full disk, say: nothing may be written or taken away
    assert save(tmp_path, step=1) == good
    assert checkpoint.resume_path(good).exists()


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(WorkbenchError, match="could not be written"):
        checkpoint.write_aside(tmp_path / "file" / "x.npz", b"content")


def test_what_ends_while_it_is_written_leaves_the_old_file(tmp_path):
    def parts():
        yield b"new"
        raise KeyboardInterrupt

    file = tmp_path / "x.npz"
    file.write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt):
        checkpoint.write_parts_aside(file, parts())
    assert (file.read_bytes(), list(tmp_path.iterdir())) == (b"old", [file])


def test_a_kill_between_the_two_files_leaves_the_last_good_checkpoint(tmp_path, monkeypatch):
    good = save(tmp_path, step=1)

    class Killed(BaseException):
        pass

    write = checkpoint.write_aside

    def killed_at_the_model(path, content):
        if path.suffix == paths.MODEL_SUFFIX:
            raise Killed
        write(path, content)

    monkeypatch.setattr(checkpoint, "write_aside", killed_at_the_model)
    with pytest.raises(Killed):
        save(tmp_path, step=2)
    assert checkpoint.run_models(tmp_path) == [good]
    assert checkpoint.resume_path(good).exists()


@pytest.mark.parametrize("path", paths.shipped_models(), ids=lambda path: path.stem)
def test_every_shipped_model_draws_and_has_its_picture(path):
    samples = gan_core.load(path.stem).sample(count=2)
    assert samples.images.std() > 30
    assert path.with_suffix(".png").exists()
    assert path.stem in (path.parent / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", paths.shipped_models(), ids=lambda path: path.stem)
def test_the_command_that_made_a_shipped_model_is_documented(path):
    document = (path.parent / "README.md").read_text(encoding="utf-8").replace("\\\n", "")
    made = []
    for command in re.findall("^python -m gan_core train (.*)$", document, re.MULTILINE):
        asked = train.make_context("train", shlex.split(command)).params
        changes = asked_changes(*(asked[name] for name in ("dataset", "minutes", "kimg", "changes")))
        made.append(make_config(preset_config(asked["preset"]), **changes))
    assert checkpoint.read_metadata(path).config in made


OLD = Path(__file__).parent / "old" / "r3gan"
"""A run of five steps from when R3GAN's first and last layer had a bias, and how it went on."""
OLD_MODEL, OLD_BATCH = OLD / "model-000000005.safetensors", torch.linspace(-1, 1, 16 * 784).view(16, 1, 28, 28)
EXPECTED = json.loads((OLD / "expected.json").read_text())


@pytest.mark.parametrize("which", sampling.WEIGHTS)
def test_an_r3gan_from_when_it_had_more_biases_can_be_loaded(which):
    assert sampling.load_model(OLD_MODEL, which).generator.start.bias.any()


def test_an_r3gan_from_when_it_had_more_biases_draws_what_it_drew():
    generator = gan_core.load(OLD_MODEL).generator
    drawn = generator(latents(6, 8, seed=3), torch.arange(6) % 3)
    wanted = torch.tensor(EXPECTED["drawn"])
    torch.testing.assert_close(drawn[:, 0, ::7, ::7].flatten(), wanted, rtol=0, atol=1e-4)


def test_an_r3gan_from_when_it_had_more_biases_goes_on_as_it_went_on():
    metadata = checkpoint.read_metadata(OLD_MODEL)
    gan = Gan(metadata.config, metadata.spec, torch.device("cpu"))
    resume = checkpoint.read_tensors(checkpoint.resume_path(OLD_MODEL))
    gan.restore(
        checkpoint.read_tensors(OLD_MODEL), resume, metadata.step, metadata.images // metadata.config.batch_size
    )
    steps = [training_step(gan, itertools.repeat((OLD_BATCH, torch.arange(16) % 3))) for _ in EXPECTED["losses"]]
    losses = [[step.discriminator_loss.item(), step.generator_loss.item()] for step in steps]
    torch.testing.assert_close(torch.tensor(losses), torch.tensor(EXPECTED["losses"]), rtol=1e-3, atol=1e-4)


def test_shipped_models_are_small():
    assert sum(path.stat().st_size for path in paths.shipped_models()) <= 15_000_000


# What a file says of itself is limited before it is read


def save_header(path, header, more=b""):
    """A safetensors file by hand: the header's length in 8 bytes, the header as JSON, then the data."""
    content = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(len(content).to_bytes(8, "little") + content + more)
    return path


def never(*_arguments, **_options):
    raise AssertionError("the library was asked to read it")


EMPTY = {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}


@pytest.mark.parametrize("read", [checkpoint.read_metadata, checkpoint.read_tensors])
@pytest.mark.parametrize(
    "header",
    [
        {"__metadata__": {"format": checkpoint.FORMAT, "config": "1," * 600_000}},
        {f"t{number}": EMPTY for number in range(6_000)},
        {f"t{number}": EMPTY for number in range(60_000)},
    ],
    ids=["metadata", "tensors", "both"],
)
def test_a_file_that_says_too_much_of_itself_is_refused_before_the_library_reads_it(
    tmp_path, monkeypatch, read, header
):
    path = save_header(tmp_path / "huge.safetensors", header)
    monkeypatch.setattr(safetensors, "safe_open", never)
    monkeypatch.setattr(safetensors.torch, "load_file", never)
    with pytest.raises(WorkbenchError, match=r"huge\.safetensors .* has at most"):
        read(path)


@pytest.mark.parametrize("header", [b"[" * 100_000, b'{"a": ' + b"9" * 5000 + b"}", b"\xff\xfe", b"7", b""])
def test_a_header_that_is_none_is_one_sentence(tmp_path, header):
    path = save_header(tmp_path / "odd.safetensors", header)
    with pytest.raises(WorkbenchError, match=r"odd\.safetensors"):
        checkpoint.read_metadata(path)


def test_the_largest_of_our_own_models_is_read_with_room_to_spare():
    """As many classes as a dataset may have, each with as long a name."""
    spec = ImageSpec(size=32, channels=3, classes=["x" * 200] * 1000)
    config = make_config(dataset="folder:" + "\x01" * 990)
    metadata = checkpoint.Metadata("a run", config, spec, 1, 1.0).to_header()
    assert len(json.dumps(metadata)) < checkpoint.MOST_HEADER_BYTES / 2
    assert len(metadata["config"]) < checkpoint.LONGEST_CONFIG / 2


@pytest.mark.parametrize("name", ["step", "images", "seconds"])
@pytest.mark.parametrize("value", ["9" * 4000, "9" * 5000, "-1", "nan", "inf", "1e400", "", "many"])
def test_absurd_amounts_are_refused_at_loading(tmp_path, name, value):
    path = save(tmp_path)
    rewrite(path, metadata=lambda old: old | {name: value})
    with pytest.raises(WorkbenchError, match="not a checkpoint of this program"):
        gan_core.load(path)


@pytest.mark.parametrize(
    "scores", ['{"fid": NaN}', '{"fid": 1e300}', '{"fid": -Infinity}', json.dumps({str(n): 0 for n in range(200)})]
)
def test_absurd_scores_are_refused_at_loading(tmp_path, scores):
    path = save_best(tmp_path, step=7)
    rewrite(path, metadata=lambda old: old | {"scores": scores})
    with pytest.raises(WorkbenchError, match="not a checkpoint of this program"):
        checkpoint.read_metadata(path)


@pytest.mark.parametrize("field", ["config", "spec"])
def test_a_million_layers_or_classes_in_a_model_are_refused(tmp_path, field):
    path = save(tmp_path)
    lists = {"config": {"generator_layers": [1] * 200_000}, "spec": {"classes": ["x"] * 100_000}}
    rewrite(path, metadata=lambda old: old | {field: json.dumps(json.loads(old[field]) | lists[field])})
    with pytest.raises(WorkbenchError, match="not a checkpoint of this program"):
        checkpoint.read_metadata(path)


def test_a_file_whose_errors_would_be_a_megabyte_long_is_refused_in_a_short_sentence(tmp_path):
    header = json.dumps({"weight": {"dtype": "A" * 900_000, "shape": [1], "data_offsets": [0, 4]}}).encode()
    path = tmp_path / "long.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header + b"0000")
    with pytest.raises(WorkbenchError) as refused:
        checkpoint.read_metadata(path)
    assert len(str(refused.value)) < 3000


def test_complex_weights_are_refused(tmp_path):
    path = save(tmp_path)
    tensors = {name: tensor.to(torch.complex64) for name, tensor in checkpoint.read_tensors(path).items()}
    checkpoint.write_tensors(path, tensors, checkpoint.read_metadata(path).to_header())
    with pytest.raises(WorkbenchError, match="complex numbers"):
        gan_core.load(path)


def test_a_model_without_a_name_is_called_as_its_file(tmp_path):
    path = save(tmp_path)
    metadata = checkpoint.read_metadata(path)._replace(name=" ")
    checkpoint.write_tensors(path, checkpoint.read_tensors(path), metadata.to_header())
    assert checkpoint.read_metadata(path).name == path.stem
