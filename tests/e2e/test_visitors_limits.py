"""What visitors cannot take of the machine, whatever they say to the server: every limit, met through its protocol."""

import contextlib
import threading
import time
from collections.abc import Iterator

import psutil
import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from gan_core import paths
from gan_core.errors import WorkbenchError
from gan_core.estimates import memory
from gan_core.store.evaluations import EvaluationStore, Terms
from gan_core.store.runs import RunStore
from tests.e2e.protocol import Client, Shown
from tests.e2e.server import PATIENCE_SECONDS, Server
from tests.e2e.test_visitors_rights import ended_run, person_of, serving, store_of, waiting_run

SMALL = {
    "most_minutes": "1", "most_kimg": "50", "most_batch": "64", "most_parameters": "3e6", "most_memory_gib": "0.02",
    "most_active_of_one": "2", "most_active": "4", "most_evaluations_of_one": "1", "most_samples": "1000",
    "most_pictures": "20", "most_requests": "30", "most_requests_of_address": "inf", "most_uploads_of_one": "1",
    "disk_mb_of_one": "30", "disk_mb": "150",
}  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("limits"), mode="public", **SMALL) as server:
        yield server


@pytest.fixture
def store(server, monkeypatch) -> Iterator[RunStore]:
    store = store_of(server, monkeypatch)
    yield store
    for run in store.all_runs():
        store.ask_to_stop(run.id)
        store.delete(run.id)


FILE = bytes(60_000_000)


def how_many(store: RunStore) -> int:
    return len(store.all_runs())


def train(client: Client, **settings: float | str) -> Shown:
    """Fills in the form and presses Train, whatever the form says of it."""
    page = client.visit("train")
    for name, value in settings.items():  # one after the other, since some appear with others
        page = client.rerun({page.id(key=f"config.{name}"): value})
    return client.press(page.id("Train"))


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"minutes": 1.5}, "A run may train for 1 min here, not 1.5."),
        ({"minutes": 1.0, "kimg": 51.0}, "A run may see 50 kimg here, not 51."),
        ({"batch_size": 65.0}, "A batch may have 64 images here, not 65."),
    ],
)
def test_a_run_beyond_a_limit_is_refused_in_words(settings, says, store, server):
    assert says in train(Client(server), **settings).words
    assert how_many(store) == 0


def test_no_folder_of_the_server_is_trained_on_or_looked_into(store, server):
    client = Client(server)
    for dataset in ("folder:", "folder:/etc", "folder:~root"):
        shown = train(client, dataset=dataset)
        assert not any(widget.id.endswith("-config.folder") for widget in shown.widgets)
    assert all("folder" not in run.dataset for run in store.all_runs())


def test_runs_of_one_and_of_all_are_limited(store, server):
    one, another, third = (Client(server) for _ in range(3))
    for client in (one, one, another, another):
        assert "may have no more" not in train(client).words
    assert "Your runs in the queue or in training: 2. You may have no more" in train(one).words
    assert "The queue is full. Runs in it: 4." in train(third).words
    assert how_many(store) == 4


def test_one_that_presses_in_several_tabs_at_once_gets_no_more(store, server):
    first = Client(server)
    first.visit()
    tabs = [Client(server, cookie=first.cookie) for _ in range(5)]
    pages = [tab.visit("train") for tab in tabs]
    for tab, page in zip(tabs, pages, strict=True):
        tab.send_rerun({page.id("Train"): True})
    for tab in tabs:
        tab.shown()
    assert how_many(store) == 2


def test_an_ended_run_is_not_extended_beyond_a_limit(store, server):
    client = Client(server)
    client.visit()
    run = ended_run(client, store)
    page = client.visit("train", {"run": run.name})
    field = page.id(key=f"extend-kimg-{run.id}")
    assert "A run may see 50 kimg here" in client.rerun({field: 51.0, page.id("Go on"): True}).words
    assert not store.find(run.name).active


def test_evaluations_and_their_pictures_are_limited(store, server):
    client = Client(server)
    for query, states in (({"samples": "50000"}, {}), ({}, {"samples": "50,000"})):
        page = client.visit("evaluate", {"evaluated": "shipped:mnist-cdcgan"} | query)
        client.rerun({page.id(key=name): value for name, value in states.items()} | {page.id("Evaluate"): True})
    evaluations = EvaluationStore(store.engine)
    assert all(row.samples <= 1000 for row in evaluations.active())
    page = client.visit("evaluate", {"evaluated": "shipped:mnist-cdcgan,shipped:mnist-gan", "samples": "1000"})
    assert "Your evaluations that wait or are in work: 1." in client.press(page.id("Evaluate")).words
    assert len(evaluations.active()) == 1
    visitor = evaluations.acting_for(person_of(client, store))
    with pytest.raises(WorkbenchError, match="An evaluation may draw 1,000 pictures here, not 50,000"):
        visitor.ask("model", next(iter(paths.shipped_models())), Terms(samples=50_000))


def test_what_is_drawn_and_uploaded_is_limited(store, server):
    client = Client(server)
    page = client.visit("generate", {"model": "shipped:mnist-gan", "total": 21})
    assert "That would be 21 pictures; possible: 20." in page.words
    for name in ("mnist-gan", "mnist-cdcgan"):
        model = paths.PRETRAINED / f"{name}{paths.MODEL_SUFFIX}"
        client.choose(page.id(key="upload"), f"../../{name}.safetensors", model.read_bytes())
        kept = [path.name for path in paths.uploads(person_of(client, store).person).iterdir()]
        assert len(kept) == 1 and kept[0].endswith(f"-{name}.safetensors")
    assert not list(paths.uploads().glob("*.safetensors"))


def test_a_full_disk_of_one_and_of_all_takes_no_run(store, server):
    client, another = Client(server), Client(server)
    for one in (client, another):
        one.visit()
    run = waiting_run(client, store)
    run.folder.mkdir(parents=True)
    (run.folder / "large").write_bytes(bytes(31_000_000))
    assert "Your runs and uploads take 31 MB, and may take 30" in train(client).words
    aside = paths.checkpoints() / "of-others"
    aside.mkdir()
    (aside / "large").write_bytes(bytes(125_000_000))
    assert "all visitors may take together is used up" in train(another).words
    (aside / "large").unlink()
    assert how_many(store) == 1


def test_what_costs_something_is_counted(store, server):
    client = Client(server)
    page = client.visit("train")
    for _ in range(31):
        shown = client.press(page.id("Train"))
    assert "That was a lot in a minute; allowed: 30." in shown.words
    statuses = [Client(server, cookie=client.cookie).open() for _ in range(31)]
    assert statuses[0] == 101 and statuses[-1] == 403


def test_a_line_break_behind_the_websockets_address_does_not_hide_it_from_the_count(server):
    client = Client(server)
    address = f"ws://localhost:{server.port}/_stcore/stream%0A"
    with pytest.raises(InvalidStatus):
        for _ in range(31):
            connect(address, additional_headers={"Cookie": client.cookies.header}).close()


def test_a_flood_of_messages_holds_up_nobody_else(server):
    flood, other = Client(server), Client(server)
    flood.visit("train")
    message = BackMsg()
    message.rerun_script.page_name = "train"
    with contextlib.suppress(ConnectionClosed):
        for _ in range(1500):
            flood.send(message)
    assert "GAN" in other.visit().words  # within PATIENCE_SECONDS
    flood.socket.close_socket()


def test_no_message_empties_the_caches_of_all(server):
    client = Client(server)
    page = client.visit("train")
    client.rerun({page.id(key="config.kimg"): 7.0})
    message = BackMsg()
    message.clear_cache = True
    client.send(message)
    client.states.clear()
    field = next(widget for widget in client.rerun().widgets if widget.id == page.id(key="config.kimg"))
    assert field.value == 7.0  # with the caches goes the session's state


# Here, since the helper that measures has been imported by now


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"discriminator_width": 250.0}, "more than the 3,000,000 that a run may have here"),
        ({"batch_size": 64.0}, "more than the 0.02 GiB that a run may take here"),
    ],
)
def test_a_run_too_large_for_the_machine_is_refused_by_its_estimate_and_by_its_process(settings, says, store, server):
    client = Client(server)
    shown = train(client, **settings)
    deadline = time.monotonic() + 2 * PATIENCE_SECONDS
    while says not in shown.words and time.monotonic() < deadline:
        shown = client.rerun()
    assert says in shown.words
    run = store.find(str(store.all_runs()[0].id))
    with pytest.raises(WorkbenchError, match=says):
        memory.refuse_beyond_limits(run.config)  # the first that its process does


# Uploads that nobody asked for


@pytest.mark.parametrize("mode", ["public", "class"])
def test_21_unasked_uploads_of_60_mb_cost_at_most_200_mb(mode, tmp_path):
    with serving(tmp_path, mode=mode, most_requests_of_address="inf") as server:
        process, ended = psutil.Process(server.process.pid), threading.Event()
        client = Client(server)
        client.visit()
        before = process.memory_info().rss
        seen = [before]

        def watch() -> None:
            while not ended.wait(0.02):
                seen.append(process.memory_info().rss)

        watching = threading.Thread(target=watch)
        watching.start()
        taken = []
        for number in range(21):
            if number % 3 == 2:  # another visitor
                client = Client(server)
                client.visit()
            taken.append(
                client.upload(FILE, in_chunks=number in (0, 1, 10, 20), length="10" if number in (1, 20) else "")
            )
        ended.set()
        watching.join()
        assert taken[:2] == [429, 429] and taken.count(204) == 3, taken
        assert max(seen) - before < 200e6
