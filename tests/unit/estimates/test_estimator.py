"""What a run will cost: counted parameters, budget arithmetic, and a helper process that may die at any time."""

import contextlib
import io
import json
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import psutil
import pytest
import torch

from gan_core import devices, paths
from gan_core.config import BATCH_NORMALISED
from gan_core.errors import WorkbenchError
from gan_core.estimates import estimator, memory, probe
from gan_core.estimates.estimator import Estimate, Estimator, question_of
from gan_core.estimates.memory import needed
from gan_core.estimates.probe import measure
from gan_core.networks.build import FAMILIES
from gan_core.training import captured
from gan_core.training.loop import training_step
from tests.conftest import small_config

PATIENCE_SECONDS = 60
PIXELS, CLASSES = 28 * 28, 10


def wait_for(look, what):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := look()):
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.02)
    return found


def helpers(of=None):
    def is_one(process):
        with contextlib.suppress(psutil.Error):  # it ended while it was looked at
            return "gan_core.estimates.probe" in process.cmdline()
        return False

    return [process for process in psutil.Process(of).children(recursive=True) if is_one(process)]


def has_ended(process):
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def asked_of_a_helper(*configs):
    done = subprocess.run(
        [sys.executable, "-m", "gan_core.estimates.probe"],
        input="".join(config.model_dump_json() + "\n" for config in configs),
        capture_output=True,
        cwd=paths.PROJECT,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


# Measuring


def test_parameters_are_those_of_the_fully_connected_layers():
    estimate = measure(small_config(latent_dim=8, generator_layers=(16, 32), discriminator_layers=(24,)))
    generator = (8 + CLASSES + 1) * 16 + (16 + 1) * 32 + (32 + 1) * PIXELS
    batch_norm = 2 * (16 + 32)  # scale and shift of each feature
    discriminator = (PIXELS + CLASSES + 1) * 24 + (24 + 1) * 1
    assert estimate.generator_parameters == generator + batch_norm
    assert estimate.discriminator_parameters == discriminator
    assert estimate.images_per_second > 0
    assert estimate.device.startswith("CPU")


def test_memory_counts_the_whole_dataset():
    digits, mnist = (measure(small_config(dataset=name)) for name in ("digits", "mnist"))
    more = 55_000 * PIXELS
    assert mnist.memory_bytes - digits.memory_bytes == pytest.approx(more, rel=0.2)


def test_memory_counts_the_activations_that_a_step_holds():
    small, large = (
        measure(small_config(network="dcgan", generator_width=64, batch_size=batch_size)) for batch_size in (16, 512)
    )
    last_hidden_layer = 512 * 64 * 14 * 14 * 4  # in float32; the generator holds it at least before and after relu
    assert large.memory_bytes - small.memory_bytes > 2 * last_hidden_layer


def test_memory_is_a_configs_own_whatever_the_helper_measured_before():
    small, large = (small_config(network="dcgan", generator_width=64, batch_size=size) for size in (16, 256))
    before, of_large, after = (answer["estimate"]["memory_bytes"] for answer in asked_of_a_helper(small, large, small))
    assert after - before < (of_large - before) / 3


def test_a_folder_has_its_sub_folders_as_classes(tmp_path):
    for name in ("cats", "dogs", "eels"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "one.png").touch()
    estimate = measure(small_config(dataset=f"folder:{tmp_path}", image_size=32, channels=3))
    assert estimate.discriminator_parameters == (3 * 32 * 32 + 3 + 1) * 16 + (16 + 1)


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without a GPU")
def test_a_device_that_is_not_there_is_refused():
    with pytest.raises(WorkbenchError, match="no cuda"):
        measure(small_config(device="cuda"))


def test_the_helper_answers_a_line_with_a_line_until_there_are_no_more(tmp_path):
    answers = asked_of_a_helper(
        small_config(), small_config(dataset=f"folder:{tmp_path / 'nowhere'}"), small_config(batch_size=32)
    )
    assert [list(answer) for answer in answers] == [["estimate"], ["error"], ["estimate"]]
    assert "nowhere" in answers[1]["error"]


def test_a_mistake_of_the_program_is_said_as_such_and_the_helper_goes_on(monkeypatch):
    answers = asked_of_a_helper(small_config().model_copy(update={"dataset": "forgotten"}), small_config())
    assert [list(answer) for answer in answers] == [["error"], ["estimate"]]
    monkeypatch.setattr(memory, "shape_of", lambda config: {}[config.dataset])  # as if an entry had been forgotten
    assert "mistake in this program (KeyError: 'digits')" in says(small_config())


def says(config):
    """The helper's sentence, as the pages show it."""
    line = json.dumps(probe.answer(config.model_dump_json()))
    helper = SimpleNamespace(stdin=io.StringIO(), stdout=io.StringIO(line))
    return str(estimator._ask_helper(helper, config))


# Refusing


def test_what_a_fully_connected_gan_needs_is_counted_by_hand():
    batch, hidden = 64, 4096
    config = small_config(
        batch_size=batch, generator_layers=(hidden,), discriminator_layers=(hidden,), conditional=False,
        generator_normalisation="none", discriminator_normalisation="none", optimizer="adam",
    )  # fmt: skip
    generator = (8 + 1) * hidden + (hidden + 1) * PIXELS
    discriminator = (PIXELS + 1) * hidden + (hidden + 1) * 1
    # Weights, gradients and Adam's two averages; and the generator's own average.
    networks = 4 * (4 * (generator + discriminator) + generator)
    found = needed(config, memory.shape_of(config)[1], count=1000)
    assert found.networks == pytest.approx(networks, rel=0.01)
    assert found.pictures == 1000 * PIXELS
    # At least real and fake pictures, and what each hidden layer gave before and after its activation.
    assert found.step > 4 * batch * (2 * PIXELS + 2 * hidden + 2 * 2 * hidden)


def test_the_networks_and_the_activations_grow_with_what_they_grow_with():
    small, wide, many = (
        needed(config, memory.shape_of(config)[1], count=0)
        for config in (
            small_config(network="dcgan", generator_width=16, discriminator_width=16),
            small_config(network="dcgan", generator_width=64, discriminator_width=64),
            small_config(network="dcgan", generator_width=16, discriminator_width=16, batch_size=256),
        )
    )
    assert wide.networks > 4 * small.networks
    assert many.step == pytest.approx(16 * small.step, rel=0.2)


@pytest.mark.parametrize("network", FAMILIES)
def test_every_architecture_can_be_reckoned_in_every_precision(network):
    normalisation = "spectral" if network in BATCH_NORMALISED else "none"
    for precision in ("auto", "float32", "bfloat16"):
        config = small_config(
            network=network, precision=precision, discriminator_normalisation=normalisation, r1_gamma=1,
            augmentation="colour, translation, cutout", instance_noise=0.1, dropout=0.1, auxiliary_classifier=1,
        )  # fmt: skip
        assert needed(config, memory.shape_of(config)[1], count=0).all > 0


@pytest.mark.parametrize(
    ("changes", "smaller"),
    [
        ({"network": "dcgan", "batch_size": 512}, "a smaller batch size"),
        ({"generator_layers": (4096,), "discriminator_layers": (4096,)}, "narrower networks"),
        ({"dataset": "mnist"}, "fewer or smaller pictures"),
    ],
    ids=str,
)
def test_what_needs_more_than_half_of_the_free_memory_is_not_measured_and_not_begun(monkeypatch, changes, smaller):
    config = small_config(**changes)
    count, spec = memory.shape_of(config)
    half = needed(config, spec, count).all
    monkeypatch.setattr(devices, "free_memory", lambda device: 2 * half - 2)
    monkeypatch.setattr(probe, "_seconds_a_step", lambda *begun: pytest.fail("it was begun"))
    said = f"about {half / 2**30:,.1f} GiB, more than half of the {(2 * half - 2) / 2**30:,.1f} GiB.*choose {smaller}"
    with pytest.raises(WorkbenchError, match=said):
        measure(config)


def test_a_gan_that_no_machine_has_room_for_is_answered_by_a_helper_that_stays_small():
    largest = small_config(network="resnet", dataset="cifar10", generator_width=512, batch_size=4096)
    answers = asked_of_a_helper(largest, small_config())
    assert "half of the" in answers[0]["error"]
    assert answers[1]["estimate"]["memory_bytes"] < 4 * 2**30


def test_on_a_gpu_the_steps_that_load_the_kernels_or_come_before_a_capture_do_not_count(monkeypatch):
    gan, took = SimpleNamespace(device=torch.device("cuda"), config=small_config(penalty_every=8), batches=0), []

    def timed(take_step, gan, batches, fewest_steps, least_seconds):
        took.append(gan.batches)
        return 30.0 if len(took) <= captured.WARM_UP_STEPS + 1 else 0.01

    monkeypatch.setattr(probe, "_timed", timed)
    assert probe._seconds_a_step(training_step, gan, None) == 0.01
    assert took[: captured.WARM_UP_STEPS + 1] == [7, 7, 7]  # the penalties of the eighth step have their own kernels


# Budgets


@pytest.mark.parametrize(
    ("budget", "seconds"),
    [
        ({"minutes": 2, "kimg": None}, 120),
        ({"minutes": None, "kimg": 30}, 60),
        ({"minutes": 2, "kimg": 30}, 60),
        ({"minutes": 0.5, "kimg": 30}, 30),
    ],
    ids=["by time", "by images", "the images are nearer", "the time is nearer"],
)
def test_the_nearer_limit_ends_the_run(budget, seconds):
    estimate = Estimate("", 0, 0, images_per_second=500, memory_bytes=0)
    config = small_config(**budget)
    assert estimate.seconds(config) == pytest.approx(seconds)
    assert estimate.images(config) == pytest.approx(500 * seconds)


# Asking


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": 9},
        {"kimg": 99},
        {"minutes": 9},
        {"ema_decay": 0.5, "ema_share": 0.5},
        {"generator_learning_rate": 1e-5, "discriminator_learning_rate": 1e-5},
        {"beta1": 0.1, "beta2": 0.1},
        {"generator_width": 99},  # of another architecture
        {"image_size": 28},  # of folders
    ],
    ids=str,
)
def test_what_changes_neither_speed_nor_memory_is_the_same_question(changes):
    assert question_of(small_config(**changes)) == question_of(small_config())


@pytest.mark.parametrize(
    "changes",
    [{"batch_size": 17}, {"dataset": "mnist"}, {"n_critic": 2}, {"device": "auto"}, {"generator_layers": (17,)}],
    ids=str,
)
def test_what_changes_speed_or_memory_is_another_question(changes):
    assert question_of(small_config(**changes)) != question_of(small_config())


def test_the_first_answer_is_none_and_then_comes_an_estimate_also_after_the_helper_was_killed(monkeypatch):
    monkeypatch.setattr(estimator, "IDLE_SECONDS", 1)
    shared = Estimator()
    config, another = small_config(), small_config(batch_size=32)
    assert shared.ask(config) is None
    estimate = wait_for(lambda: shared.ask(config), "the first estimate")
    assert isinstance(estimate, Estimate)
    assert shared.ask(config.model_copy(update={"seed": 5})) is estimate
    killed = helpers()
    for helper in killed:
        helper.kill()
    psutil.wait_procs(killed, PATIENCE_SECONDS)  # to the last thread: its first one ends before the others
    assert isinstance(wait_for(lambda: shared.ask(another), "a new helper's estimate"), Estimate)
    wait_for(lambda: not helpers(), "the end of an idle helper")
    assert shared.ask(config) is estimate


def test_a_question_whose_helper_died_fails_and_can_be_asked_again(monkeypatch):
    monkeypatch.setattr(estimator, "FAILURE_SECONDS", 1)
    monkeypatch.setattr(estimator, "IDLE_SECONDS", 1)
    shared, config = Estimator(), small_config()
    ask = estimator._ask_helper

    def ask_one_that_dies(helper, config):
        monkeypatch.setattr(estimator, "_ask_helper", ask)
        helper.kill()
        return ask(helper, config)

    monkeypatch.setattr(estimator, "_ask_helper", ask_one_that_dies)
    answers = []
    wait_for(lambda: answers.append(shared.ask(config)) or isinstance(answers[-1], Estimate), "an estimate")
    assert any(isinstance(answer, WorkbenchError) for answer in answers)


@pytest.fixture
def answered(monkeypatch):
    """The questions in the order of their answering, which waits until `go` is set."""

    class Answered(list):
        go = threading.Event()

    class Helper:
        def poll(self): ...
        def communicate(self): ...

    def answer(helper, config):
        done.append(config.batch_size)
        done.go.wait()
        return Estimate("", 0, 0, config.batch_size, 0)

    done = Answered()
    monkeypatch.setattr(estimator, "IDLE_SECONDS", 1)
    monkeypatch.setattr(estimator, "_start_helper", Helper)
    monkeypatch.setattr(estimator, "_ask_helper", answer)
    yield done
    done.go.set()


def test_the_newest_question_comes_first_and_the_oldest_are_dropped(answered):
    shared = Estimator()
    asked = [10 + number for number in range(1 + estimator.MOST_WAITING + 3)]
    shared.ask(small_config(batch_size=asked[0]))
    wait_for(lambda: answered, "the first question")
    for batch_size in asked[1:]:
        shared.ask(small_config(batch_size=batch_size))
    answered.go.set()
    wait_for(lambda: len(answered) == 1 + estimator.MOST_WAITING, "the last answer")
    assert answered == [asked[0], *asked[:3:-1]]


def test_many_viewers_ask_one_question(answered):
    shared = Estimator()
    viewers = [threading.Thread(target=shared.ask, args=[small_config(seed=number)]) for number in range(20)]
    for viewer in viewers:
        viewer.start()
    for viewer in viewers:
        viewer.join()
    answered.go.set()
    wait_for(lambda: shared.ask(small_config()), "the answer")
    assert len(answered) == 1


def test_an_earlier_servers_estimate_is_the_answer_until_it_is_measured_anew(answered, tmp_path):
    answered.go.set()
    first = Estimator(tmp_path / "estimates.json")
    first.ask(small_config())
    earlier = wait_for(lambda: first.ask(small_config()), "the answer")
    wait_for(lambda: first._thread is None, "the helper's end")

    answered.go.clear()
    second = Estimator(tmp_path / "estimates.json")
    assert second.ask(small_config()) == earlier
    wait_for(lambda: len(answered) == 2, "the same question asked of the new server's helper")


@pytest.mark.parametrize("content", [b"", b"[]", b'{"a": 1}', b'{"a": {"device": "CPU"}}', b"\xff", b"[" * 2_000_000])
def test_a_damaged_file_of_estimates_is_as_good_as_none(tmp_path, content):
    file = tmp_path / "estimates.json"
    file.write_bytes(content)
    assert Estimator(file)._earlier == {}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no kill -9")
def test_the_helper_ends_when_its_server_is_killed():
    server = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, time, gan_core.estimates.estimator as e; from gan_core.config import RunConfig;"
            "e.default_estimator().ask(RunConfig.model_validate_json(sys.argv[1])); time.sleep(999)",
            small_config().model_dump_json(),  # what is being measured is measured to its end, at low priority
        ],
        cwd=paths.PROJECT,
    )
    helper = wait_for(lambda: helpers(server.pid), "the helper")[0]
    server.kill()
    server.wait()
    wait_for(lambda: has_ended(helper), "the helper's end")
