"""A checkpoint's evaluation: the same numbers everywhere, beside what real pictures get."""

import numpy as np
import pytest
import torch

from gan_core import checkpoint, paths
from gan_core.errors import WorkbenchError
from gan_core.metrics import features, scorecard
from gan_core.metrics.features import choose_extractor
from gan_core.metrics.reference import make_reference
from gan_core.metrics.result import EXAMPLES, SCORES, Evaluation, notes
from gan_core.metrics.scorecard import draw_evenly, evaluate, quick_scores
from gan_core.networks.build import build_generator
from gan_core.sampling import load_model

CPU = torch.device("cpu")
SMALL = {"samples": 300, "device": CPU}


def test_a_good_model_has_every_score_and_its_floor(conditional):
    found = evaluate(conditional, **SMALL)
    assert list(found.scores) == list(found.baseline) == list(SCORES)
    assert found.scores["accuracy"] > 0.9
    assert found.baseline["accuracy"] > 0.95
    assert found.scores["class_coverage"] == 1
    assert all(0 <= found.scores[name] <= 1 for name in ("precision", "recall", "coverage"))
    assert found.protocol["baseline"] == "halves"
    assert (found.protocol["reference"], found.protocol["baseline_samples"], found.protocol["comparable"]) == (
        500,
        250,
        False,
    )


def test_a_model_that_has_learnt_nothing_is_far_worse(conditional, tmp_path):
    metadata = checkpoint.read_metadata(conditional)
    torch.manual_seed(0)
    weights = checkpoint.with_prefix("ema", build_generator(metadata.config, metadata.spec).state_dict())
    checkpoint.write_tensors(tmp_path / "new.safetensors", weights, metadata.to_header())
    good, bad = evaluate(conditional, **SMALL).scores, evaluate(tmp_path / "new.safetensors", **SMALL).scores
    assert bad["fid"] > 10 * good["fid"]
    assert bad["accuracy"] < 0.3
    assert bad["recall"] < 0.1 < good["recall"]


def test_the_same_seed_gives_the_same_numbers_and_another_does_not(conditional):
    one, same, other = (evaluate(conditional, seed=seed, **SMALL) for seed in (1, 1, 2))
    assert one.to_json() == same.to_json()
    assert all(np.array_equal(one.pictures[name], same.pictures[name]) for name in one.pictures)
    assert one.scores["fid"] != other.scores["fid"]
    assert one.baseline == other.baseline


def test_the_batch_size_that_a_model_was_trained_with_changes_nothing(conditional, tmp_path):
    metadata = checkpoint.read_metadata(conditional)
    config = metadata.config.model_copy(update={"batch_size": 4096})
    tensors = checkpoint.read_tensors(conditional)
    checkpoint.write_tensors(tmp_path / "b.safetensors", tensors, metadata._replace(config=config).to_header())
    assert evaluate(tmp_path / "b.safetensors", **SMALL).scores == evaluate(conditional, **SMALL).scores


def test_while_training_the_numbers_are_the_same(conditional, tmp_path):
    found = evaluate(conditional, seed=3, **SMALL).scores
    model = load_model(conditional)
    metadata = model.metadata
    reference = make_reference(metadata.config, tmp_path, CPU)
    quick = quick_scores(model.generator, metadata.config, metadata.spec, reference, count=300, seed=3)
    assert quick == {"fid": found["fid"], "accuracy": found["accuracy"]}


def test_classes_are_asked_for_equally_often(conditional):
    found = evaluate(conditional, **SMALL)
    assert [sum(row) for row in found.confusion] == [30] * 10
    right = sum(row[number] for number, row in enumerate(found.confusion))
    assert right / 300 == pytest.approx(found.scores["accuracy"])
    assert found.class_names == tuple("0123456789")


def test_the_best_and_worst_of_each_class_are_shown(conditional):
    found = evaluate(conditional, **SMALL)
    model, extractor = load_model(conditional), choose_extractor("digits")
    images, labels = draw_evenly(model.generator, model.metadata.config, model.metadata.spec, 300, seed=0)
    sure = features.extract(images, extractor, CPU).logits.softmax(dim=1)[torch.arange(300), labels]
    for name, extreme in (("best", max), ("worst", min)):
        shown = found.pictures[name]
        assert shown.shape == (10 * EXAMPLES, 28, 28, 1)
        for label in range(10):
            expected = extreme((n for n in range(300) if labels[n] == label), key=lambda n: sure[n].item())
            assert np.array_equal(shown[label * EXAMPLES], images[expected])


def test_the_nearest_pairs_come_first(conditional, few_digits):
    found = evaluate(conditional, **SMALL)
    assert len(found.distances) == len(found.pictures["generated"]) == len(found.pictures["nearest"]) == 2 * EXAMPLES
    assert found.distances == sorted(found.distances)
    assert found.distances[0] <= found.scores["nearest"]
    training = {picture.tobytes() for picture in few_digits["images"]}
    assert all(picture.tobytes() in training for picture in found.pictures["nearest"])
    extractor = choose_extractor("digits")
    pair = [features.extract(found.pictures[name], extractor, CPU).features for name in ("generated", "nearest")]
    torch.testing.assert_close((pair[0] - pair[1]).norm(dim=1), torch.tensor(found.distances), rtol=1e-3, atol=1e-3)


def test_an_unconditional_model_has_no_accuracy(unconditional):
    found = evaluate(unconditional, **SMALL)
    assert set(SCORES) - set(found.scores) == {"accuracy"}
    assert found.confusion is None
    assert found.pictures["best"].shape == found.pictures["worst"].shape == (10 * EXAMPLES, 28, 28, 1)


def test_without_a_classifier_nothing_is_said_of_classes(conditional, monkeypatch):
    digits = choose_extractor("digits")
    monkeypatch.setattr(features, "inception", lambda *_: digits._replace(name="inception"))
    monkeypatch.setattr(features, "load_classifier", lambda dataset: None)
    found = evaluate(conditional, **SMALL)
    assert set(SCORES) - set(found.scores) == {"accuracy", "class_coverage"}
    assert (found.confusion, set(found.pictures)) == (None, {"generated", "nearest"})


def test_with_inception_the_classifier_still_judges_the_classes(conditional, monkeypatch):
    digits = choose_extractor("digits")
    monkeypatch.setattr(features, "inception", lambda *_: digits._replace(name="inception"))
    assert evaluate(conditional, features="inception", **SMALL).scores == evaluate(conditional, **SMALL).scores


def test_only_50000_samples_in_the_features_of_papers_are_comparable(conditional, tmp_path):
    model = load_model(conditional)
    reference = make_reference(model.metadata.config, tmp_path, CPU)
    published = reference._replace(extractor=reference.extractor._replace(name="inception", digest="6726825d" + "0"))
    assert scorecard._protocol(model, published, 50_000, 0)["comparable"]
    assert not scorecard._protocol(model, published, 10_000, 0)["comparable"]
    assert not scorecard._protocol(model, reference, 50_000, 0)["comparable"]


def test_notes_say_what_was_compared(conditional):
    protocol = evaluate(conditional, **SMALL).protocol
    said = " ".join(str(note) for note in notes(protocol))
    for words in (
        "300 pictures",
        "500 training pictures of digits",
        "features of the dataset's classifier",
        "250",
        "Not comparable",
    ):
        assert words in said
    others = [
        str(note) for note in notes(protocol | {"dataset": "folder:/my/cats", "baseline": "test", "comparable": True})
    ]
    assert "training pictures of cats," in others[0]
    assert "250 test pictures" in others[1]
    assert "as in papers" in others[2]


def test_all_but_the_pictures_is_json(conditional):
    found = evaluate(conditional, **SMALL)
    assert Evaluation.from_json(found.to_json()) == found._replace(pictures={})


def test_progress_is_told_from_0_to_1_and_can_end_the_work(conditional):
    status_text = []
    evaluate(conditional, **SMALL, on_progress=lambda share, line: status_text.append((share, str(line))))
    shares = [share for share, _ in status_text]
    assert shares == sorted(shares)
    assert shares[0] >= 0
    assert shares[-1] <= 1
    assert any("Drawing 300 pictures" in line for _, line in status_text)

    def stop(share, line):
        raise InterruptedError

    with pytest.raises(InterruptedError):
        evaluate(conditional, **SMALL, on_progress=stop)


def test_the_floor_is_computed_once(conditional, monkeypatch):
    found = evaluate(conditional, **SMALL)
    assert len(list((paths.checkpoints() / "reference").glob("*-250.json"))) == 1
    calls = []
    original = scorecard._measure
    monkeypatch.setattr(scorecard, "_measure", lambda *given: calls.append(1) or original(*given))
    assert evaluate(conditional, **SMALL).baseline == found.baseline
    assert len(calls) == 1


@pytest.mark.parametrize("samples", [99, 100_001, -1])
def test_too_few_or_too_many_samples_are_one_sentence(samples):
    with pytest.raises(WorkbenchError, match="from 100 to 100,000"):
        evaluate("mnist-gan", samples)
