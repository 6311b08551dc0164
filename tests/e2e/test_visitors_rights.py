"""What visitors cannot do to each other, whatever they say to the server: with its real protocol, not its widgets."""

import contextlib
import csv
import io
import json
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from itsdangerous import URLSafeSerializer
from PIL import Image
from sqlalchemy import func, select

from gan_core import paths
from gan_core.experiments import make_experiment
from gan_core.hosting import hosting
from gan_core.jobs.app_worker import app_worker_name
from gan_core.presets import DEFAULT_PRESET, preset_config
from gan_core.store.classroom import Classroom
from gan_core.store.evaluations import EvaluationStore, Terms
from gan_core.store.experiments import Experiments
from gan_core.store.people import People
from gan_core.store.rights import Visitor
from gan_core.store.runs import RunStore, State
from gan_core.store.tables import (
    EvaluationRow,
    ExperimentRow,
    ExperimentRun,
    MetricChunk,
    Notice,
    Person,
    Run,
    RunChange,
    Task,
)
from tests.app.conftest import trained
from tests.conftest import small_config
from tests.e2e.protocol import Client, Shown, texts_of
from tests.e2e.server import Server

CODE, PASSWORD = "open sesame", "a teacher's secret"
PLENTY = dict.fromkeys(("most_requests", "most_requests_of_address", "most_active", "most_active_of_one"), "inf")


@contextlib.contextmanager
def serving(folder: Path, **settings: str) -> Iterator[Server]:
    """A server with these settings, and a worker that takes nothing, so that runs stay as they are."""
    server = Server(folder)
    server.environment |= {f"GAN_WORKBENCH_{name.upper()}": value for name, value in settings.items()}
    server.start()
    store = RunStore(f"sqlite:///{folder}/checkpoints/runs.db")
    ended = threading.Event()

    def keep_its_place() -> None:
        while store.register_worker(app_worker_name(), "test") and not ended.wait(2):
            pass

    thread = threading.Thread(target=keep_its_place)
    thread.start()
    try:
        yield server
    finally:
        ended.set()
        thread.join()
        server.stop()


@pytest.fixture(scope="module")
def public_server(tmp_path_factory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("public"), mode="public", **PLENTY) as server:
        yield server


@pytest.fixture(scope="module")
def class_server(tmp_path_factory) -> Iterator[Server]:
    secrets = {"class_code": CODE, "teacher_password": PASSWORD}
    with serving(tmp_path_factory.mktemp("class"), mode="class", **secrets, **PLENTY) as server:
        yield server


def store_of(server: Server, monkeypatch: pytest.MonkeyPatch) -> RunStore:
    """The server's store, in this process."""
    for name, value in server.environment.items():
        if name.startswith("GAN_WORKBENCH_"):
            monkeypatch.setenv(name, value)
    hosting.cache_clear()
    return RunStore(paths.database_url())


@pytest.fixture
def public(public_server, monkeypatch) -> RunStore:
    return store_of(public_server, monkeypatch)


@pytest.fixture
def in_a_class(class_server, monkeypatch) -> RunStore:
    return store_of(class_server, monkeypatch)


def key_of(client: Client) -> str:
    return URLSafeSerializer("").loads_unsafe(client.cookie)[1]


def person_of(client: Client, store: RunStore) -> Visitor:
    found = People(store.engine).visitor(key_of(client))
    assert found is not None
    return found


def waiting_run(client: Client, store: RunStore) -> Run:
    return store.acting_for(person_of(client, store)).create(small_config(), "cgan")


def ended_run(client: Client, store: RunStore) -> Run:
    """One with curves, pictures and a model."""
    run = trained(store.acting_for(person_of(client, store)))
    shipped = next(paths.PRETRAINED.glob("mnist-cdcgan.safetensors"))
    run.folder.mkdir(parents=True)
    (run.folder / "model-100.safetensors").write_bytes(shipped.read_bytes())
    for path in (run.live_grid, run.grid_path(5)):
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (8, 8)).save(path)
    with store.session() as session:
        run = session.merge(run)
        run.grid_steps_json, run.preset = "[5]", f"preset-{run.name[-6:]}"
    store.report(run.id, "me", checkpoint="model-100.safetensors")
    store.end(run.id, "me", State.STOPPED)
    return store.find(run.name)


def evaluation_of(client: Client, store: RunStore, run: Run) -> EvaluationRow:
    evaluations = EvaluationStore(store.engine).acting_for(person_of(client, store))
    assert run.checkpoint_path is not None
    return evaluations.ask(f"run:{run.name}", run.checkpoint_path, Terms(samples=1000))


def all_of_it(store: RunStore) -> list[Any]:
    """All that the database holds of runs, evaluations, tasks, notices and people with a name."""
    tables = (Run, RunChange, EvaluationRow, ExperimentRow, ExperimentRun, Task, Notice)
    kept = []
    with store.session() as session:
        for table in tables:
            rows = session.scalars(select(table)).all()
            kept.append([{c.name: getattr(row, c.key, None) for c in table.__table__.columns} for row in rows])
        people = select(Person.id, Person.name, Person.is_teacher, Person.given_back_until).where(Person.name != "")
        kept += [session.execute(people).all(), session.scalar(select(func.count()).select_from(MetricChunk))]
    return kept


def buttons(shown: Shown) -> set[str]:
    return {widget.id for widget in shown.widgets if type(widget).__name__ in ("Button", "DownloadButton")}


# Strangers on a demo's address


def test_a_strangers_run_cannot_be_listed_or_guessed(public, public_server):
    owner, stranger = Client(public_server), Client(public_server)
    owner.visit("train")
    run, waiting = ended_run(owner, public), waiting_run(owner, public)
    assert run.name in owner.visit("runs", {"runs": run.name}).raw
    key = f"run:{run.id}"
    for page, query in (
        ("", {}),
        ("train", {"run": run.id}),
        ("train", {"run": waiting.id}),
        ("train", {"compare": run.id}),
        ("train", {"run": f"{run.id:05d}"}),
        ("runs", {"runs": f"{run.id},{waiting.id}"}),
        ("runs", {"find": run.preset}),
        ("evaluate", {"evaluated": key}),
        ("evaluate", {"evaluated": key, "look": key, "samples": "1000"}),
        ("wall", {}),
    ):
        shown = stranger.visit(page, query)
        assert run.preset not in shown.words
        for one in (run, waiting):
            assert one.name not in shown.raw and one.title not in shown.words, (page, query)
    for number in (run.id, waiting.id, f"0{run.id}", f"{run.id}%0a", f"%20{run.id}", "%25", "_", "../live/1"):
        for path in ("", "/newest", "/grid/5", "/grid/0"):
            assert stranger.get(f"/live/{number}{path}").status in (400, 404), (number, path)
    assert stranger.get("/live/wall").body == stranger.get("/live/class.zip").body == b""


def test_who_has_the_link_may_watch_and_nothing_else(public, public_server):
    owner, friend = Client(public_server), Client(public_server)
    owner.visit("train")
    run = ended_run(owner, public)
    assert friend.get(f"/live/{run.name}").status == 200
    for picture in ("newest", "grid/5"):
        assert friend.get(f"/live/{run.name}/{picture}").headers["Content-Type"].startswith("image/")
    seen = friend.visit("train", {"run": run.name})
    assert run.name in seen.raw and seen.has("Duplicate")
    for button in ("Resume", "Go on", "Delete", "Stop", "Apply", "Start anew"):
        assert not seen.has(button), button
    assert run.title in friend.visit("train", {"compare": run.name, "run": run.name}).words
    assert run.name in friend.visit("runs", {"runs": run.name}).raw
    assert run.preset not in friend.visit("runs").words


def test_widgets_and_fragments_of_a_strangers_page_do_nothing_in_another_session(public, public_server):
    owner, friend = Client(public_server), Client(public_server)
    owner.visit("train")
    waiting, run = waiting_run(owner, public), ended_run(owner, public)
    lost = ended_run(owner, public)
    lost.checkpoint_path.unlink()
    evaluation_of(owner, public, run)
    seen: dict[str, set[str]] = {}
    dialogs = []
    for page, query, names in (
        ("train", {"run": waiting.name}, ("Stop", "Apply")),
        ("train", {"run": run.name}, ("Resume", "Go on", "Delete")),
        ("train", {"run": lost.name}, ("Start anew",)),
        ("evaluate", {"evaluated": f"run:{run.name}"}, ("Cancel",)),
    ):
        shown = owner.visit(page, query)
        seen.setdefault(page, set()).update(shown.id(name) for name in names)
        for opening, confirming in (("Delete", "Delete for good"), ("Start anew", "Forget and start")):
            if opening in names:
                dialog = owner.press(shown.id(opening))
                dialogs.append((page, query, dialog.id(confirming), dialog.fragment_of(confirming)))
    before = all_of_it(public)
    for page, query in (
        ("train", {"run": waiting.name}),
        ("train", {"run": run.name}),
        ("train", {"run": lost.name}),
        ("evaluate", {"evaluated": f"run:{run.name}"}),
    ):
        shown = friend.visit(page, query)
        assert not buttons(shown) & seen[page], page
        friend.rerun(dict.fromkeys(seen[page], True))
    for page, query, button, fragment in dialogs:
        friend.visit(page, query)
        friend.press(button)
        assert friend.ignores({button: True}, fragment)
        friend.rerun({})
    assert all_of_it(public) == before
    # The owner's own clicks do something.
    owner.press(owner.visit("train", {"run": waiting.name}).id("Stop"))
    assert public.find(waiting.name).state == State.STOPPED
    dialog = owner.press(owner.visit("train", {"run": run.name}).id("Delete"))
    owner.press(dialog.id("Delete for good"), fragment=dialog.fragment_of("Delete for good"))
    assert public.watched(run.name) is None


def test_a_strangers_experiment_is_watched_by_its_link_and_changed_by_nobody_else(public, public_server):
    owner, stranger = Client(public_server), Client(public_server)
    for client in (owner, stranger):
        client.visit("train")
    experiments = Experiments(public.acting_for(person_of(owner, public)))
    row = experiments.make(make_experiment("cgan", small_config(), {"batch_size": ["16", "32"]}, 1))
    experiments.train_missing(row)
    public.ask_to_stop(experiments.runs(row)[0].id)
    public.delete(experiments.runs(row)[0].id)
    shown = owner.visit("experiments", {"experiment": row.name})
    for key in (row.id, f"0{row.id}", row.name[:-1], row.name.upper(), "%25", ""):
        guessed = stranger.visit("experiments", {"experiment": key})
        assert row.name not in guessed.raw and not guessed.has("CSV"), key
    seen = stranger.visit("experiments", {"experiment": row.name})
    mine = {shown.id(name) for name in ("Train 1 missing", "Stop all", "Delete the experiment")}
    assert seen.has("CSV") and not buttons(seen) & mine
    before = all_of_it(public)
    for fragment in ("", *shown.fragments):  # the one that says how far it is, is on both pages
        stranger.rerun(dict.fromkeys(mine, True), fragment)
    assert all_of_it(public) == before
    owner.press(shown.id("Stop all"))
    assert [run and run.state for run in experiments.runs(row)] == [None, State.STOPPED]


def test_a_strangers_model_is_neither_drawn_with_nor_evaluated_by_its_label_or_number(public, public_server):
    owner, stranger = Client(public_server), Client(public_server)
    owner.visit("train")
    run = ended_run(owner, public)
    page = owner.visit("evaluate")
    labels = [option for option in page.words.splitlines() if run.title in option]
    assert labels
    before = all_of_it(public)
    page = stranger.visit("evaluate")
    chosen = [labels[0], f"run:{run.id}", f"best:{run.id}"]
    stranger.rerun({page.id(key="evaluated"): chosen, page.id("Evaluate"): True})
    asked = stranger.visit("generate", {"model": f"run:{run.id}", "count": 1})
    drawn = stranger.rerun({asked.id("Model"): labels[0]})
    for page in (asked, drawn):
        assert "which is not here" in asked.words
        assert run.name not in page.raw and run.title not in page.words
    assert all_of_it(public) == before


# A class


def enter(client: Client, name: str, code: str = CODE) -> str:
    return client.come_in(name, code)


def enter_as_teacher(client: Client, name: str, password: str = PASSWORD) -> str:
    return client.come_in(name, password, as_teacher=True)


def student(server: Server, name: str) -> Client:
    client = Client(server)
    assert enter(client, name) == ""
    return client


def test_a_student_watches_all_runs_and_changes_own_ones_only(in_a_class, class_server):
    ana, ben = student(class_server, "Ana"), student(class_server, "Ben")
    waiting, run = waiting_run(ana, in_a_class), ended_run(ana, in_a_class)
    before = all_of_it(in_a_class)
    ids = set()
    for one, names in ((waiting, ("Stop", "Apply")), (run, ("Resume", "Go on", "Delete"))):
        page = ana.visit("train", {"run": one.id})
        ids |= {page.id(name) for name in names}
    dialog = ana.press(page.id("Delete"))
    for one in (waiting, run):
        assert ben.get(f"/live/{one.id}").status == 200
        page = ben.visit("train", {"run": one.id})
        assert one.title in page.words and not buttons(page) & ids
        ben.rerun(dict.fromkeys(ids, True))
    assert ben.ignores({dialog.id("Delete for good"): True}, dialog.fragment_of("Delete for good"))
    assert all_of_it(in_a_class) == before


def test_what_is_the_teachers_does_nothing_for_a_student(in_a_class, class_server):
    teacher, ana, ben = Client(class_server), student(class_server, "Anne"), student(class_server, "Bob")
    enter_as_teacher(teacher, "Teacher")
    waiting_run(ana, in_a_class)
    run = ended_run(ana, in_a_class)
    page = teacher.visit("teach")
    page_hash = next(filter(None, (message.new_session.page_script_hash for message in page.messages)))
    ids = buttons(page) - buttons(ben.visit())
    assert {page.id(name) for name in ("Pause the queue", "Put first", "1. Stop all runs", "Set this task")} <= ids
    before = all_of_it(in_a_class)
    for name in ("teach", "wall", "train"):
        assert not buttons(ben.visit(name)) & ids
        ben.rerun(dict.fromkeys(ids, True))
    ben.page = ("", "")
    shown = ben.rerun(dict.fromkeys(ids, True), page_hash=page_hash)
    assert not shown.has("Pause the queue")
    for fragment in page.fragments:
        assert ben.ignores(dict.fromkeys(ids, True), fragment)
        ben.rerun({})
    assert ben.get("/live/class.zip").body == b""
    assert all_of_it(in_a_class) == before
    assert run.title in ben.visit("train", {"run": run.id}).words
    # It is the teacher's own click that does something.
    teacher.press(page.id("Pause the queue"))
    assert in_a_class.is_paused


def test_who_has_left_does_nothing_from_another_tab(in_a_class, class_server):
    teacher, ana = Client(class_server), student(class_server, "Ada")
    enter_as_teacher(teacher, "Leaving teacher")
    run = ended_run(ana, in_a_class)
    dialog = teacher.press(teacher.visit("train", {"run": run.id}).id("Delete"))
    confirm, fragment = dialog.id("Delete for good"), dialog.fragment_of("Delete for good")
    other_tab = Client(class_server, cookie=teacher.cookie)
    other_tab.press(other_tab.visit().id(key="leave"))
    shown = teacher.press(confirm, fragment=fragment)
    assert "belongs to somebody else" in shown.words
    assert in_a_class.find(run.name).person_id == run.person_id
    assert teacher.rerun().has("Come in")


NAMES = (
    "<img src=x onerror=alert(1)>", "**bold**", "[a](javascript:alert(1))", "=1+1", "a;=1+1;b", "\u202eright to left",
    "../../etc/passwd", ":material/home: b", "$x^2$ <b>b</b>", "`code` www.a.example",
)  # fmt: skip
AS_IT_IS = ("bidi_component", "dataframe")
"""Elements whose texts are shown as they are: cells of tables, and our own, which set them as text."""


def test_markup_in_a_name_does_nothing_on_pages_and_in_files(tmp_path, monkeypatch):
    with serving(tmp_path, mode="class", class_code=CODE, teacher_password=PASSWORD, **PLENTY) as server:
        store = store_of(server, monkeypatch)
        teacher = Client(server)
        enter_as_teacher(teacher, "=2+2")
        task = Classroom(store).set_task(DEFAULT_PRESET, [], words="<b onclick=alert(1)>[x](javascript:0)</b>")
        pages = []
        for name in NAMES:
            client = Client(server)
            assert enter(client, name) == ""
            pages.append(client.visit())
            their = store.acting_for(person_of(client, store))
            store.ask_to_stop(their.create(preset_config(DEFAULT_PRESET), DEFAULT_PRESET, task_id=task.id).id)
        pages += [teacher.visit(name) for name in ("wall", "teach")]
        for page in pages:
            assert "\u202e" not in page.raw
            for kind, element in page.elements:
                if kind not in AS_IT_IS:
                    texts = "\n".join(texts_of(element))
                    assert not [name for name in (*NAMES, task.words) if name in texts], (kind, texts)
        urls = [getattr(element, "url", "") for _kind, element in pages[-1].elements]
        results = next(url for url in urls if url.endswith(".csv"))
        teacher.press(pages[-1].id("2. Make a ZIP of all"))
        with zipfile.ZipFile(io.BytesIO(teacher.get("/live/class.zip").body)) as file:
            tables = [teacher.get(results).text, file.read("scores.csv").decode()]
            for name in file.namelist():
                assert not name.startswith("/") and ".." not in name.split("/") and not set(name) & set("<>:*`$\\")
        for table in tables:
            cells = [cell for row in csv.reader(io.StringIO(table)) for cell in row]
            assert "'=1+1" in cells and len([cell for cell in cells if "1+1" in cell]) == 2
            assert not [cell for cell in cells for part in cell.split(";") if part.startswith(("=", "+", "-", "@"))]


# Identities


@pytest.mark.parametrize("forged", ["unsigned", "altered", "signed by another", "longer", "empty", "not a text"])
def test_a_forged_cookie_is_nobodys(forged, public, public_server):
    owner = Client(public_server)
    owner.visit("train")
    run = ended_run(owner, public)
    assert owner.get(f"/live/{run.id}").status == 200
    payload, _dot, signature = owner.cookie.partition(".")
    cookie = {
        "unsigned": payload,
        "altered": f"{payload}.{signature[:-1]}{'A' if signature[-1] != 'A' else 'B'}",
        "signed by another": URLSafeSerializer("guess", salt="visitor").dumps(key_of(owner)),
        "longer": owner.cookie + "." + "A" * 4000,
        "empty": "",
        "not a text": URLSafeSerializer("", salt="visitor").dumps({"person": 1}),
    }[forged]
    thief = Client(public_server, cookie=cookie)
    assert thief.get(f"/live/{run.id}").status == 404
    assert run.name not in thief.visit("train").raw
    assert "gan_workbench_visitor=" in thief.get("/").headers["Set-Cookie"]


@pytest.mark.parametrize("as_teacher", [False, True])
def test_who_has_copied_a_cookie_is_nobody_once_its_student_has_come_in(in_a_class, class_server, as_teacher):
    victim = Client(class_server)
    before = victim.cookie
    thief = Client(class_server, cookie=before)
    thief.visit()
    assert victim.come_in(f"Robbed {as_teacher}", PASSWORD if as_teacher else CODE, as_teacher) == ""
    assert person_of(victim, in_a_class).may_everything is as_teacher
    assert victim.get("/live/notice").status == 200
    for said in (thief.rerun(), thief.visit()):
        assert said.has("Come in")
    assert thief.get("/live/notice").status == 204
    assert People(in_a_class.engine).visitor(key_of(thief)) is None
    assert victim.cookie != before and not victim.visit().has("Come in")


def test_a_browser_that_has_come_in_is_nobody_else_before_it_leaves(in_a_class, class_server):
    client = student(class_server, "Iris")
    was, cookie = person_of(client, in_a_class), client.cookie
    for come_in in (enter, enter_as_teacher):
        assert "In another tab of this browser Iris has come in" in come_in(client, "Second name")
    assert (client.cookie, person_of(client, in_a_class)) == (cookie, was)


def test_other_sites_pages_bring_nobody_into_the_class(in_a_class, class_server):
    people = len(People(in_a_class.engine).all_people())
    entry = json.dumps({"name": "Forced", "secret": CODE, "as_teacher": False})
    client, without_cookie = Client(class_server), Client(class_server, cookie="")
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        assert client.post_entry(entry, **{"Content-Type": kind}).status == 400
    answer = without_cookie.post_entry(entry)
    assert "Allow cookies" in answer.text and "Set-Cookie" not in answer.headers
    assert len(People(in_a_class.engine).all_people()) == people


@pytest.mark.parametrize(
    "body", ["", "{", "[]", '{"name": 1}', "[" * 3000, b"\xff", '{"name": "' + "x" * 10_000 + '"}']
)
def test_what_is_no_entry_is_refused(class_server, body):
    assert Client(class_server).post_entry(body).status == 400


def test_an_entry_of_unknown_length_is_refused(class_server):
    entry = json.dumps({"name": "Chunks", "secret": CODE, "as_teacher": False}).encode()
    assert Client(class_server).post_entry(iter([entry])).status == 400


def test_anothers_name_cannot_be_taken_by_one_that_looks_alike(in_a_class, class_server):
    student(class_server, "Zoë Álvarez")
    thief = Client(class_server)
    people = len(People(in_a_class.engine).all_people())
    for alike in ("ZOË ÁLVAREZ", "Ｚｏe\u0308\u3164Álvarez", "Zo\u200b\u034fë Álvarez\ufe0f"):
        for come_in in (enter, enter_as_teacher):
            assert "is taken" in come_in(thief, alike), alike
    assert len(People(in_a_class.engine).all_people()) == people


def test_a_header_names_nobody_where_no_proxy_is_trusted(public, public_server):
    owner = Client(public_server)
    owner.visit("train")
    run = ended_run(owner, public)
    me = str(person_of(owner, public).person)
    names = ("X-Forwarded-User", "X-Auth-Request-Email", "Remote-User", "X-Forwarded-Email", "X-Streamlit-User")
    liar = Client(public_server, headers=dict.fromkeys(names, me))
    assert liar.get(f"/live/{run.id}").status == 404
    assert run.name not in liar.visit("train").raw
    assert person_of(liar, public) == Visitor(person_of(liar, public).person)


def test_with_a_login_a_header_logs_nobody_in(tmp_path, monkeypatch):
    with serving(tmp_path, mode="class", login="oidc", teachers="teacher@example.com") as server:
        store = store_of(server, monkeypatch)
        liar = Client(server, headers=dict.fromkeys(("X-Forwarded-User", "Remote-User"), "teacher@example.com"))
        shown = liar.visit("teach", {"email": "teacher@example.com"})
        assert shown.has("Log in") and not shown.has("Pause the queue")
        liar.rerun({"$$ID-0-logged in as": "teacher@example.com", "$$ID-0-who": "teacher@example.com"})
        assert People(store.engine).all_people() == []
        assert liar.get("/live/wall").body == b""


def test_who_logs_in_after_somebody_else_gets_a_new_key(tmp_path, monkeypatch):
    monkeypatch.setenv("STREAMLIT_SERVER_TRUSTED_USER_HEADERS", json.dumps({"X-Forwarded-User": "email"}))
    with serving(tmp_path, mode="class", login="proxy") as server:
        store = store_of(server, monkeypatch)
        client = Client(server, headers={"X-Forwarded-User": "ana@school.example"})
        client.visit()
        copied = client.cookie
        assert person_of(client, store).name == "ana@school.example"
        client.headers["X-Forwarded-User"] = "ben@school.example"
        client.visit()  # which tells the browser to begin the page anew
        client.load()
        client.visit()
        assert person_of(client, store).name == "ben@school.example" and client.cookie != copied
        assert Client(server, cookie=copied).get("/live/notice").status == 204


def test_a_teachers_password_is_not_guessed_by_browsers_that_forget_their_cookie(class_server):
    elsewhere = {"X-Forwarded-For": "192.0.2.7"}  # as this computer's own proxy would say
    for number in range(30):
        if number % 10 == 0:
            client = Client(class_server, headers=elsewhere)
        enter_as_teacher(client, "Guesser", f"guess {number}")
    assert "a lot in a minute" in enter_as_teacher(Client(class_server, headers=elsewhere), "Guesser")
    assert enter(Client(class_server, headers=elsewhere), "Late student") == ""


def test_a_code_is_not_guessed_more_than_ten_times_a_minute(class_server):
    client = Client(class_server)
    for number in range(10):
        assert "not the code" in enter(client, "Guesser", f"guess {number}")
    for said in (enter(client, "Guesser"), enter_as_teacher(client, "Guesser")):
        assert "a lot in a minute" in said
    assert client.visit().has("Come in")
