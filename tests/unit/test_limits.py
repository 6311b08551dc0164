"""What a visitor may take: at each limit it is allowed, beyond it is refused with the limit in the sentence."""

import pytest

from gan_core import limits
from gan_core.errors import WorkbenchError
from gan_core.limits import MB
from tests.conftest import small_config

SETTINGS = {"most_minutes": 1.5, "most_kimg": 2000, "most_batch": 64}


def files(folder, *sizes):
    """A folder with files of so many MB, one of them deeper."""
    (folder / "deep").mkdir(parents=True)
    for number, size in enumerate(sizes):
        with (folder / ("deep" if number else "") / str(number)).open("wb") as file:
            file.truncate(round(size * MB))
    return folder


@pytest.mark.parametrize("at_the_limit", [{"kimg": 2000}, {"kimg": None, "minutes": 1.5}, {"batch_size": 64}])
def test_what_is_at_the_limit_is_allowed(hosted, at_the_limit):
    hosted("public", **SETTINGS)
    limits.refuse_config(small_config(**at_the_limit))


@pytest.mark.parametrize(
    ("beyond", "sentence"),
    [
        ({"kimg": 2000.5}, "A run may see 2,000 kimg here, not 2,000.5."),
        ({"kimg": 3000}, "A run may see 2,000 kimg here, not 3,000."),
        ({"kimg": None, "minutes": 2}, "A run may train for 1.5 min here, not 2."),
        ({"batch_size": 65}, "A batch may have 64 images here, not 65."),
        ({"devices": 2}, "Devices that a run may use here: 1, not 2."),
        ({"dataset": "folder:/etc"}, "Folders of this server are closed; choose one of the named datasets."),
    ],
)
def test_what_is_beyond_is_refused_with_the_limit(hosted, beyond, sentence):
    hosted("public", **SETTINGS)
    with pytest.raises(WorkbenchError) as refused:
        limits.refuse_config(small_config(**beyond))
    assert str(refused.value) == sentence


def test_who_hosts_it_may_open_folders(hosted):
    hosted("class", folders="on")
    limits.refuse_config(small_config(dataset="folder:/pictures"))


@pytest.mark.parametrize(
    ("of_one", "of_all", "refusal"),
    [
        (1, 9, ""),
        (2, 9, "in training: 2."),
        (3, 9, "in training: 3."),
        (1, 10, "Runs in it: 10"),
        (0, 11, "queue is full"),
    ],
)
def test_a_person_and_all_together_have_so_many_runs_in_the_queue(hosted, of_one, of_all, refusal):
    hosted("class", most_active_of_one=2, most_active=10)
    is_refused_with(refusal, limits.refuse_crowd, of_one, of_all)


@pytest.mark.parametrize(
    ("samples", "of_one", "of_all", "refusal"),
    [
        (5000, 0, 3, ""),
        (5001, 0, 0, "may draw 5,000 pictures here, not 5,001"),
        (100, 1, 1, "in work: 1."),
        (100, 0, 4, "in work: 4"),
    ],
)
def test_evaluations_are_limited_in_pictures_and_number(hosted, samples, of_one, of_all, refusal):
    hosted("public", most_samples=5000, most_evaluations_of_one=1, most_evaluations=4)
    is_refused_with(refusal, limits.refuse_evaluation, samples, of_one, of_all)


@pytest.mark.parametrize(
    ("more", "refusal"),
    [(0, ""), (1, ""), (1.5, "take 4 MB, and may take 4"), (3, "take 6 MB, and may take 4; delete some")],
)
def test_a_persons_disk_space_counts_what_is_about_to_come(hosted, tmp_path, more, refusal):
    hosted("public", disk_mb_of_one=4, disk_mb=100)
    mine = files(tmp_path / "mine", 1, 2)
    is_refused_with(refusal, limits.refuse_full_disk, [mine, tmp_path / "gone"], [mine], round(more * MB))


@pytest.mark.parametrize(("more", "refusal"), [(3, ""), (3.5, "all visitors may take together")])
def test_so_does_that_of_all(hosted, tmp_path, more, refusal):
    hosted("public", disk_mb_of_one=100, disk_mb=10)
    mine, others = files(tmp_path / "mine", 1, 2), files(tmp_path / "others", 4)
    is_refused_with(refusal, limits.refuse_full_disk, [mine], [mine, others], round(more * MB))


def is_refused_with(refusal: str, check, *values) -> None:
    """Or not at all, if it is ""."""
    if not refusal:
        check(*values)
        return
    with pytest.raises(WorkbenchError) as refused:
        check(*values)
    assert refusal in str(refused.value)
