"""How many runs wait and train, and how fast, as whoever runs the server reads it."""

from gan_core.store.evaluations import Terms, default_evaluations
from gan_core.store.figures import Figures, figures
from gan_core.store.people import People
from gan_core.store.tables import State
from tests.conftest import small_config


def test_an_empty_store_has_nothing(store):
    assert figures(store) == Figures(0, 0, 0, 0.0, None, 0)


def test_runs_in_every_state_evaluations_and_people_are_counted(hosted, store, tmp_path):
    hosted("public")
    waiting = [store.create(small_config(), "cgan") for _ in range(3)]
    for number, speed in enumerate((100.0, 200.0, None)):
        run = store.create(small_config(), "cgan", owner=f"owner {number}")
        store.report(run.id, run.owner, images_per_second=speed)
    ended = store.create(small_config(), "cgan", owner="ended")
    store.report(ended.id, "ended", images_per_second=1e6)
    store.end(ended.id, "ended", State.FINISHED)
    model = tmp_path / "model.safetensors"
    model.write_bytes(b"model")
    default_evaluations().ask("run:one", model, Terms())
    People(store.engine).stranger("a key")
    assert figures(store) == Figures(3, 3, 1, 300.0, min(run.queued_at for run in waiting), 1)
