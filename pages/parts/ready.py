"""While somebody looks who may start a run: a process waits for it, and another to measure how fast it would be."""

from gan_core.estimates.estimator import default_estimator
from gan_core.jobs import app_worker
from gan_core.store.runs import RunStore
from pages.parts.error_box import errors_in_words


def get_ready(store: RunStore) -> None:
    """Have both, for a page on which a run can be started."""
    default_estimator().prepare()
    with errors_in_words():
        app_worker.ensure_worker(store)
