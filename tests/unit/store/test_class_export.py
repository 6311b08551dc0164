"""A class as one ZIP."""

import csv
import io
import json
import threading
import zipfile

import numpy as np
import pytest

from gan_core.config import make_config
from gan_core.errors import WorkbenchError
from gan_core.exercises import EXERCISES
from gan_core.presets import preset_config
from gan_core.store import class_export
from gan_core.store.classroom import Classroom
from gan_core.store.people import default_people
from gan_core.store.progress import add_progress
from gan_core.store.runs import State
from tests.conftest import small_config

TABLES = ("scores.csv", "tasks.csv", "lessons.csv")


def made_by(store, key, name, **changes):
    """A finished run with a model, a best one, a picture and two rows of metrics."""
    who = default_people().enter_class(key, "code", name)
    run = store.acting_for(who).create(small_config(**changes), "cgan", owner="me")
    run.folder.mkdir(parents=True)
    for file in ("model-000000005.safetensors", "best-000000003.safetensors", "live.webp"):
        (run.folder / file).write_bytes(f"{file} of {name}".encode())
    store.write_metrics(run.id, 0, ["step", "fid"], np.array([[1, 2.5], [2, np.nan]]))
    scores = json.dumps({"fid": 2.5, "accuracy": 0.75})
    store.report(run.id, "me", checkpoint="model-000000005.safetensors", step=2, last_json=scores)
    store.end(run.id, "me", State.FINISHED)
    return run


def read(store):
    teacher = default_people().enter_as_teacher("teacher", "password", "Teacher")
    with zipfile.ZipFile(class_export.export_class(store.acting_for(teacher))) as file:
        assert file.testzip() is None
        return {name: file.read(name) for name in file.namelist()}


def test_a_student_has_a_folder_and_each_run_one_in_it(in_class, store):
    made_by(store, "a", "Ana")
    found = read(store)
    folder = "001-Ana/00001-cgan"
    names = ("settings.json", "metrics.csv", "model-000000005.safetensors", "best-000000003.safetensors", "live.webp")
    assert set(found) == {*TABLES, *(f"{folder}/{name}" for name in names)}
    assert found[f"{folder}/live.webp"] == b"live.webp of Ana"
    assert json.loads(found[f"{folder}/settings.json"])["batch_size"] == 16
    assert list(csv.reader(io.StringIO(found[f"{folder}/metrics.csv"].decode()))) == [
        ["step", "fid"], ["1.0", "2.5"], ["2.0", "nan"],
    ]  # fmt: skip
    scores = list(csv.DictReader(io.StringIO(found["scores.csv"].decode())))
    assert [(row["student"], row["fid"], row["accuracy"], row["state"]) for row in scores] == [
        ("Ana", "2.5", "0.75", "finished")
    ]


def test_names_that_make_the_same_file_name_have_folders_of_their_own_and_none_leads_out(in_class, store):
    for key, name in (("a", "Ana?"), ("b", "Ana*"), ("c", "../../Eve"), ("d", "=1+1")):
        made_by(store, key, name)
    found = read(store)
    folders = {name.split("/")[0] for name in found if "/" in name}
    assert folders == {"001-Ana-", "002-Ana-", "003--..-Eve", "004--1-1"}
    assert all(len(name.split("/")) <= 3 for name in found)
    assert "'=1+1" in found["scores.csv"].decode()


def test_a_run_that_has_drawn_and_kept_nothing_is_there_with_its_settings(in_class, store):
    who = default_people().enter_class("a", "code", "Ana")
    run = store.acting_for(who).create(small_config(), "cgan")
    store.ask_to_stop(run.id)
    assert set(read(store)) == {
        *TABLES,
        "001-Ana/00001-cgan/settings.json",
        "001-Ana/00001-cgan/metrics.csv",
    }


def test_the_tables_hold_the_tasks_and_what_each_student_changed(in_class, store):
    teacher = default_people().enter_as_teacher("teacher", "password", "Teacher")
    task = Classroom(store.acting_for(teacher)).set_task("minute", ["batch_size", "seed"], "¿Qué *lote*?", minutes=5)
    who = default_people().enter_class("a", "code", "Inés")
    config = make_config(preset_config("minute"), batch_size=64)
    run = store.acting_for(who).create(config, "minute", owner="me", task_id=task.id)
    store.end(run.id, "me", State.FINISHED)
    found = read(store)
    (row,) = csv.DictReader(io.StringIO(found["scores.csv"].decode("utf-8-sig")))
    assert (row["student"], row["task"], row["changed"]) == ("Inés", str(task.id), "batch_size: 32 → 64")
    (row,) = csv.DictReader(io.StringIO(found["tasks.csv"].decode("utf-8-sig")))
    assert (row["words"], row["may_be_changed"]) == ("¿Qué *lote*?", "batch_size, seed")
    for name in ("scores.csv", "tasks.csv"):
        assert found[name].startswith("\ufeff".encode()), "so that a spreadsheet shows the accents"


def test_a_run_for_an_exercise_is_compared_with_its_baseline(in_class, store):
    teacher = default_people().enter_as_teacher("teacher", "password", "Teacher")
    task = Classroom(store.acting_for(teacher)).set_exercise("discriminator-steps")
    who = default_people().enter_class("a", "code", "Inés")
    config = EXERCISES["discriminator-steps"].variant({"n_critic": 5})
    run = store.acting_for(who).create(config, "gan-pytorch", owner="me", task_id=task.id)
    store.end(run.id, "me", State.FINISHED)
    found = read(store)
    (row,) = csv.DictReader(io.StringIO(found["scores.csv"].decode("utf-8-sig")))
    assert row["changed"] == "n_critic: 1 → 5"
    (row,) = csv.DictReader(io.StringIO(found["tasks.csv"].decode("utf-8-sig")))
    assert row["exercise"] == "discriminator-steps"


def test_whoever_asks_meanwhile_gets_the_one_that_is_being_made(in_class, store, monkeypatch):
    made_by(store, "a", "Ana")
    teacher = store.acting_for(default_people().enter_as_teacher("teacher", "password", "Teacher"))
    making, may_go_on, begun = class_export.Making(), threading.Event(), []

    def export(store, progress):
        begun.append(store)
        progress(0.5)
        may_go_on.wait()

    monkeypatch.setattr(class_export, "export_class", export)
    for _ in range(3):
        making.begin(teacher)
    assert making.is_on
    may_go_on.set()
    making.wait()
    assert (making.is_on, making.error, len(begun)) == (False, None, 1)
    making.begin(teacher)
    making.wait()
    assert len(begun) == 2


def test_why_it_was_not_made_is_kept_for_who_asked(in_class, store):
    class_export.place().mkdir(parents=True)  # in the way
    teacher = store.acting_for(default_people().enter_as_teacher("teacher", "password", "Teacher"))
    making = class_export.Making()
    making.begin(teacher)
    making.wait()
    assert "could not be written" in str(making.error)


def test_the_share_that_is_done_is_told_and_nothing_half_written_stays(in_class, store):
    for number in range(4):
        made_by(store, str(number), f"Student {number}")
    told = []
    class_export.export_class(store, told.append)
    assert told == [0.25, 0.5, 0.75, 1.0]

    def break_off(share):
        raise RuntimeError

    before = class_export.place().read_bytes()
    with pytest.raises(RuntimeError):
        class_export.export_class(store, break_off)
    assert class_export.place().read_bytes() == before
    assert list(class_export.place().parent.glob("class.zip.*")) == []


def test_a_student_gets_none(in_class, store):
    who = default_people().enter_class("a", "code", "Ana")
    with pytest.raises(WorkbenchError, match="Only the teacher"):
        class_export.export_class(store.acting_for(who))
    with pytest.raises(WorkbenchError, match="Only the teacher"):
        class_export.making.begin(store.acting_for(who))
    assert not class_export.place().exists()


def test_what_was_answered_in_the_lessons_is_in_it(in_class, store):
    who = default_people().enter_class("a", "code", "=Ana")
    add_progress(store.acting_for(who), {"the-loss/balance": "right", "exercise/more-neurons/found": "better"})
    assert list(csv.reader(io.StringIO(read(store)["lessons.csv"].decode()))) == [
        ["student", "question", "answer"],
        ["'=Ana", "the-loss/balance", "right"],
        ["'=Ana", "exercise/more-neurons/found", "better"],
    ]
