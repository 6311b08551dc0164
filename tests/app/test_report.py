"""A run's report: what it says, and that nothing which people have named gets through as more than text."""

import base64
import re

import pytest
from PIL import Image
from starlette.applications import Starlette

from gan_core.config import make_config
from gan_core.metrics.result import Evaluation
from gan_core.presets import preset_config
from gan_core.store.evaluations import Terms, default_evaluations
from gan_core.store.runs import State
from pages.parts.report.routes import report_routes
from tests import asgi
from tests.app.conftest import trained

PROTOCOL = {
    "model": "run", "step": 100, "kimg": 1.6, "dataset": "digits", "features": "classifier", "samples": 1000, "seed": 0,
    "reference": 5000, "baseline": "test", "baseline_samples": 500, "comparable": False,
}  # fmt: skip


@pytest.fixture
def ask(store):
    app = Starlette(routes=report_routes())
    return lambda run="1", query="": asgi.ask(app, f"/live/report/{run}", query=query)


def text(answer):
    return answer.body.decode()


def with_pictures(store, **changes):
    run = trained(store, **changes)
    run.grid_folder.mkdir(parents=True)
    for step in range(1, 21):
        Image.new("L", (4, 4), step).save(run.grid_path(step))
    store.report(run.id, "me", grid_steps_json=str(list(range(1, 21))))
    return run


def test_it_shows_what_differs_how_to_repeat_it_the_curves_and_pictures_from_first_to_last(store, ask):
    with_pictures(store, generator_layers=(8, 16))
    page = text(ask())
    assert "<h1>Run 1: cgan on digits</h1>" in page and "8, 16" in page
    assert "python -m gan_core train --preset cgan" in page and "gan_core.train(&#39;cgan&#39;" in page
    assert page.count("Plotly.newPlot") >= 3 and "Losses" in page
    shown = [base64.b64decode(found) for found in re.findall('data:image/webp;base64,([^"]+)', page)]
    assert len(shown) == 8 and shown[0] != shown[-1]


def test_it_speaks_the_readers_language(store, ask):
    trained(store)
    page = text(ask(query="lang=es"))
    assert '<html lang="es">' in page and "Cómo repetirlo" in page and "1,6 kimg" in page


def test_as_a_file_it_needs_nothing_and_as_a_page_the_apps_own_script(store, ask):
    trained(store)
    page, file = ask(), ask(query="file")
    assert 'src="../../assets/plotly.min.js"' in text(page) and len(text(page)) < 300_000
    assert "src=" not in re.sub(r"<script>.*?</script>", "", text(file), flags=re.DOTALL).replace('src="data:', "")
    assert file.headers["Content-Disposition"] == 'attachment; filename="run-1-cgan.html"'


def test_it_has_what_evaluations_found_beside_the_real_data_baseline(store, ask, tmp_path):
    run = trained(store)
    (tmp_path / "model.safetensors").write_bytes(b"model")
    evaluations = default_evaluations()
    row = evaluations.ask(f"run:{run.name}", tmp_path / "model.safetensors", Terms("classifier", 1000, 0))
    claimed = evaluations.claim("me")
    result = Evaluation(PROTOCOL, {"fid": 12.5, "accuracy": 0.75}, {"fid": 0.25}, (), None, {}, [])
    evaluations.report(claimed.id, "me", result_json=result.to_json())
    evaluations.end(row.id, "me", State.FINISHED)
    page = text(ask())
    assert re.search("FID</th><td>12.5000</td><td>0.2500", page) and re.search("75.00%</td><td>–", page)
    assert "5,000 training pictures of digits" in page


def test_a_run_that_has_only_begun_has_a_report_too(store, ask):
    store.create(make_config(preset_config("minute")), "minute")
    answer = ask()
    assert answer.status == 200 and "has the preset&#39;s settings" in text(answer).replace("\n", " ")


def test_names_are_text_and_nothing_else(store, ask):
    evil = "</script><script>alert(1)</script><img src=x onerror=alert(1)>"
    store.create(make_config(preset_config("cgan"), dataset=f"folder:/tmp/{evil[:100]}"), evil)
    answer = ask()
    assert "<script>alert" not in text(answer) and "onerror" not in re.sub("&lt;.*?&gt;", "", text(answer))
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_of_a_run_that_is_not_there_it_says_so(ask):
    assert ask("7").status == 404
    assert ask("a" * 5000).status == 404


def test_whoever_has_no_link_to_it_gets_no_report(store, ask, hosted):
    hosted("public")
    trained(store)
    assert ask().status == 404
