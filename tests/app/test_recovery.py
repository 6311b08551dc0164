"""What pages show when the list of runs is lost, damaged or cannot be written, and a run whose checkpoint is gone."""

import os
from pathlib import Path

from sqlalchemy import event

from gan_core.jobs import job, train_job
from gan_core.store.runs import default_store
from tests.app.conftest import button_named, trained, words_of
from tests.conftest import small_config

OFFER = "Recover the runs from their folders"


def a_finished_run(store):
    return train_job.train_run(store, store.create(small_config(), "cgan", owner=job.new_owner()))


def file_of(store):
    return Path(store.engine.url.database)


def test_runs_that_the_list_has_lost_come_back_by_one_click(store, open_page):
    run = a_finished_run(store)
    store.engine.dispose()
    for path in file_of(store).parent.glob("runs.db*"):
        path.unlink()
    for page in ("home.py", "train.py", "runs.py"):
        app = open_page(page)
        assert "are not in the list: 1." in words_of(app), page
    button_named(app, OFFER).click().run()
    assert default_store().get(run.id).name == run.name
    assert "Runs that are in the list again: 1;" in words_of(app)
    assert button_named(app, OFFER) is None


def test_a_damaged_list_is_offered_to_be_made_again_on_every_page(store, open_page):
    run = a_finished_run(store)
    store.engine.dispose()
    file_of(store).write_bytes(os.urandom(40_000))
    for page in ("home.py", "train.py", "runs.py"):
        app = open_page(page)
        assert not app.exception
        assert "is damaged" in words_of(app), page
    button_named(app, OFFER).click().run()
    assert default_store().get(run.id).name == run.name


def test_pages_show_all_there_is_while_nothing_can_be_written(store, open_page, silence):
    trained(store)
    event.listen(store.engine, "connect", lambda connection, record: connection.execute("PRAGMA query_only = 1"))
    store.engine.dispose()
    silence(store)
    for page in ("home.py", "train.py", "runs.py"):
        app = open_page(page)
        assert not app.error, page
    app = open_page("train.py")
    button_named(app, "Stop").click().run()
    assert "see that its disk has room" in app.error[0].value.replace("\\", "")
    assert button_named(app, "Duplicate"), "the rest of the page is there"


def test_a_run_whose_checkpoint_is_gone_says_so_and_begins_anew_only_when_told_to(store, open_page):
    run = a_finished_run(store)
    run.checkpoint_path.unlink()
    app = open_page("train.py", run=str(run.id))
    assert f"its checkpoint {run.checkpoint} is gone" in words_of(app)
    for label in ("Resume", "Go on", "Draw with it"):
        assert button_named(app, label) is None
    button_named(app, "Start anew").click().run()
    assert "are deleted" in words_of(app)  # the answer is given in a browser test: AppTest closes the dialog
