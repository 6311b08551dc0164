"""The people of bench.classroom and bench.survival: students and a teacher, each with a plain browser."""

import json
import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from streamlit.proto.WidgetStates_pb2 import WidgetState

from tests.e2e.plain_browser import PlainBrowser, PlainPage, Watch
from tests.e2e.server import Server

TICK_SECONDS = 1.0
FIRST_TICK_SECONDS = 0.25
FIRST_SECONDS = 15
"""As in poll.js."""
NOTICE_EVERY = 2
"""Ticks between two questions for what the teacher says."""
THINK_SECONDS = (4.0, 12.0)
"""What somebody looks at a page before they do the next thing."""
RUN_MINUTES = (0.25, 0.5)
ACTIONS = {"change_setting": 4, "ask_for_run": 3, "look_at_runs": 1, "draw": 1}
"""What they do next, and how often."""
SETTINGS: dict[str, tuple[float, ...]] = {
    "config.seed": (0, 1, 2, 3),
    "config.generator_learning_rate": (0.002, 0.004, 0.006),
    "config.batch_size": (16, 32, 64),
    "config.minutes": RUN_MINUTES,
}


class Notes:
    """What all of them have seen: seconds by what was done, and what went wrong.

    Args:
        forgiving: whether the server may be away.
    """

    def __init__(self, forgiving: bool = False):
        self.forgiving = forgiving
        self.taken: dict[str, list[float]] = defaultdict(list)
        self.errors: list[str] = []
        self.lost_connections: list[str] = []

    @contextmanager
    def timed(self, what: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.taken[what].append(time.perf_counter() - began)

    def lose_connection(self, error: ConnectionError) -> None:
        (self.lost_connections if self.forgiving else self.errors).append(repr(error))


class Visitor:
    """Somebody in the class: one thread is at the page, another one asks what the page's own scripts ask for."""

    first_page = "train"
    form = "student"
    fields = ("Your name", "Code of the class")
    way_in = "Come in"

    def __init__(self, url: str, name: str, secret: str, notes: Notes, seed: int = 0):
        self.name, self.secret, self.notes, self.chance = name, secret, notes, random.Random(seed)
        self.browser = PlainBrowser(url)
        self.page = PlainPage(self.browser)
        self.page_name = self.first_page
        self.query: dict[str, str] = {}  # with its name, where to go on after the server was away
        self.was_in, self.may_ask = False, True
        self.ended = threading.Event()
        self.changed = threading.Event()
        """Set when the run's state is another one, at which the page runs again."""
        self.threads = [threading.Thread(target=self._go_on, args=(do,)) for do in (self.live, self.watch)]

    def begin(self) -> None:
        for thread in self.threads:
            thread.start()

    def end(self) -> None:
        self.ended.set()
        for thread in self.threads:
            thread.join()
        self.page.close()

    def _go_on(self, do: Callable[[], None]) -> None:
        while not self.ended.is_set():
            try:
                do()
            except ConnectionError as error:
                self.notes.lose_connection(error)
                self.ended.wait(1)
            except Exception as error:
                self.notes.errors.append(f"{self.name}: {error!r}")
                self.ended.wait(1)

    # At the page

    def live(self) -> None:
        self.arrive()
        if self.page_name != self.first_page:  # the server was away while they looked at another one
            self.go_to(self.first_page)
        while not self.ended.is_set():
            self.stay(self.chance.uniform(*THINK_SECONDS))
            self.act()

    def act(self) -> None:
        """What they do next."""

    def arrive(self) -> None:
        """Open the page, come in if nobody is known by the cookie yet, and see that the page is one's own."""
        if not self.browser.cookies:
            self.browser.load()
        with self.notes.timed(f"page: open {self.page_name}"):
            self.page.open(self.page_name, self.query)
        if self.is_outside:
            if self.was_in:
                self.notes.errors.append(f"{self.name} had to come in again")
            self.come_in()
        self.was_in = True
        self.check()

    @property
    def is_outside(self) -> bool:
        return any(one.form_id == self.form for one in self.page.of_kind("text_input"))

    def come_in(self) -> None:
        entered = [
            WidgetState(id=self.page.widget("text_input", label, self.form).id, string_value=text)
            for label, text in zip(self.fields, (self.name, self.secret), strict=True)
        ]
        with self.notes.timed("page: come in"):
            self.page.press(self.way_in, self.form, *entered)
            answer = self.browser.get("live/enter", entry=self.page.part("entry")["entry"])
            if refused := json.loads(answer.body)["refused"]:
                self.notes.errors.append(f"{self.name}: {refused}")
            self.page.open(self.page_name, self.query)  # with the cookie that came with the answer

    @property
    def name_tag(self) -> str:
        """Whose page it is, as it says in its head."""
        return next((one.popover.label for one in self.page.blocks if one.id.endswith("-who")), "")

    def check(self) -> None:
        """Note what the page shows as an error, and if it is another's."""
        self.notes.errors += [f"{self.name}, {self.page_name}: {error}" for error in self.page.errors()]
        if self.name_tag != self.name:
            self.notes.errors.append(f"{self.name}'s page is {self.name_tag or 'nobody'}'s")

    def stay(self, seconds: float) -> None:
        """Look at the page, which runs again when the run on it has another state."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and not self.ended.is_set():
            self.page.wait(left, until=lambda: self.changed.is_set() or self.ended.is_set())
            if self.changed.is_set():
                self.changed.clear()
                self.do(f"page: {self.page_name} again", self.page.run)

    def do(self, what: str, action: Callable[[], None]) -> None:
        with self.notes.timed(what):
            action()
        self.query = dict(self.page.query)
        self.check()

    def go_to(self, name: str) -> None:
        self.page_name = name
        self.do(f"page: go to {name or 'home'}", lambda: self.page.go_to(name))

    # What its own scripts ask for

    def watch(self) -> None:
        ticks = 0
        while not self.ended.is_set():
            began = time.monotonic()
            pause = self.tick()
            if ticks % NOTICE_EVERY == 0 and self.was_in:
                self.ask("notice", "live/notice")
            ticks += 1
            self.ended.wait(max(0.0, began + pause - time.monotonic()))

    def tick(self) -> float:
        """Ask what is new; returns the seconds until the next question."""
        return TICK_SECONDS

    def ask(self, what: str, path: str) -> bytes:
        with self.notes.timed(what):
            answer = self.browser.get(path)
        if answer.status != HTTPStatus.OK:
            self.notes.errors.append(f"{self.name}: {path} {answer.status}")
        return answer.body


class Student(Visitor):
    """One that makes runs and watches them."""

    def __init__(self, *which: Any, **more: Any):
        super().__init__(*which, **more)
        self.asked_for: set[str] = set()
        """The runs that they have asked for, as links have them."""
        self.watched, self.began = Watch(self.browser, ""), 0.0

    def act(self) -> None:
        getattr(self, self.chance.choices(list(ACTIONS), list(ACTIONS.values()))[0])()

    def change_setting(self) -> None:
        name = self.chance.choice(list(SETTINGS))
        self.enter(name, self.chance.choice(SETTINGS[name]))

    def enter(self, name: str, value: float) -> None:
        field = self.page.widget("number_input", name)
        state = WidgetState(id=field.id, double_value=value)
        if field.data_type == field.INT:
            state = WidgetState(id=field.id, int_value=int(value))
        self.do("page: change a setting", lambda: self.page.run(state))

    def ask_for_run(self) -> None:
        """Unless they have one that waits or learns."""
        if not self.may_ask or (self.query.get("run") in self.asked_for and self.watched.news.get("active", True)):
            return
        self.train(self.chance.choice(RUN_MINUTES))

    def train(self, minutes: float) -> None:
        self.enter("config.minutes", minutes)
        self.do("page: press Train", lambda: self.page.press("Train"))
        self.asked_for.add(self.query["run"])

    def look_at_runs(self) -> None:
        self.go_to("runs")
        self.stay(self.chance.uniform(*THINK_SECONDS))
        self.go_to("train")

    def draw(self) -> None:
        self.go_to("generate")
        for _ in range(2):
            self.stay(self.chance.uniform(*THINK_SECONDS))
            self.do("page: new pictures", lambda: self.page.press("dice-large"))
        self.go_to("train")

    def tick(self) -> float:
        run = self.query.get("run", "") if self.page_name == "train" else ""
        if run != self.watched.run:
            self.watched, self.began = Watch(self.browser, run), time.monotonic()
        if not run or not self.watched.news.get("active", True):
            return TICK_SECONDS
        state = self.watched.news.get("status", {}).get("state")
        with self.notes.timed("tick"):
            status = self.watched.tick()
        if status != HTTPStatus.OK:
            self.notes.errors.append(f"{self.name}: tick of run {run} {status}")
        if picture := self.watched.new_picture():
            self.ask("picture", picture)
        if state and self.watched.news["status"]["state"] != state:
            self.changed.set()
        is_new = time.monotonic() - self.began < FIRST_SECONDS and self.watched.rows < 2
        return FIRST_TICK_SECONDS if is_new else TICK_SECONDS


class Teacher(Visitor):
    """One with the wall on the screen."""

    first_page = "wall"
    form = "teacher"
    fields = ("teacher-name", "The teacher's password")
    way_in = "Come in as the teacher"

    def __init__(self, *which: Any, **more: Any):
        super().__init__(*which, **more)
        self.seen: dict[str, int] = {}

    def tick(self) -> float:
        if not self.was_in:
            return TICK_SECONDS
        for tile in json.loads(self.ask("wall", "live/wall")):
            if tile["picture"] and self.seen.get(tile["key"]) != tile["picture"]:
                self.seen[tile["key"]] = tile["picture"]
                self.ask("picture on the wall", f"live/{tile['key']}/newest?v={tile['picture']}")
        return TICK_SECONDS


def gather(server: Server, count: int, notes: Notes, seed: int = 0) -> list[Visitor]:
    """A teacher and so many students of a server in the mode `class`, not begun yet."""
    secrets = json.loads((server.folder / "checkpoints" / "class.json").read_text())
    teacher = Teacher(server.url, "Teacher", secrets["teacher_password"], notes)
    code = secrets["class_code"]
    students = [Student(server.url, f"student {n + 1}", code, notes, seed=seed + n) for n in range(count)]
    return [teacher, *students]
