"""How the app is hosted: by environment variables, with defaults for each mode, refused in a sentence."""

import math
import re

import pytest
from pydantic import ValidationError

from gan_core import paths
from gan_core.errors import WorkbenchError
from gan_core.hosting import hosting
from gan_core.hosting_settings import (
    MODES,
    Hosting,
    by_mode,
    differing,
    secret_variables,
    table,
    without_meaning,
)


@pytest.mark.parametrize("mode", MODES)
def test_what_is_not_given_is_the_modes_default(hosted, mode):
    chosen = hosted(mode, slots=7)
    assert (chosen.mode, chosen.slots) == (mode, 7)
    for name, value in by_mode().items():
        if name != "slots":
            assert getattr(chosen, name) == value.default(mode), name


def test_no_limit_grows_from_a_class_to_strangers():
    for name, value in by_mode().items():
        assert value.personal >= value.of_class >= value.public or name == "slots", name


def test_by_default_the_owner_of_the_machine_has_no_limit_but_pictures_and_uploads():
    assert not hosting().is_shared
    limited = {name for name, value in by_mode().items() if math.isfinite(value.personal)}
    assert limited == {"folders", "slots", "most_pictures", "most_uploads_of_one"}


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("MODE", "classroom"), ("LOGIN", "ldap"), ("MOST_MINUTES", "0"), ("MOST_MINUTES", "-1"), ("DAYS_KEPT", "nan"),
        ("MOST_BATCH", "many"), ("SLOTS", "-1"), ("SLOTS", "1.5"), ("FOLDERS", "perhaps"),
        ("MOST_SAMPLES", "99"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_a_sentence_that_names_its_variable(hosted, monkeypatch, variable, value):
    monkeypatch.setenv("GAN_WORKBENCH_" + variable, value)
    with pytest.raises(WorkbenchError) as refused:
        hosting()
    assert f"GAN_WORKBENCH_{variable}={value}" in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


def test_an_empty_variable_is_none_and_inf_lifts_a_limit(hosted):
    assert hosted("public", most_minutes="", most_kimg="inf").most_minutes == by_mode()["most_minutes"].public
    assert hosting().most_kimg == math.inf


@pytest.mark.parametrize(
    ("given", "read"),
    [("", ""), (" Ana@School.example ,, ben@school.example,", "ana@school.example,ben@school.example")],
)
def test_capitals_and_spaces_among_the_teachers_do_not_count(hosted, given, read):
    assert hosted("class", teachers=given).teachers == read


def test_nothing_can_be_changed_and_no_secret_is_shown(hosted):
    chosen = hosted("class", class_code="hush", teacher_password="hush", secret="hush", metrics_token="hush")
    with pytest.raises(ValidationError):
        chosen.slots = 3
    assert "hush" not in repr(chosen) + str(chosen.model_dump())
    assert secret_variables() == {
        f"GAN_WORKBENCH_{name}" for name in ("CLASS_CODE", "TEACHER_PASSWORD", "SECRET", "METRICS_TOKEN")
    }


def test_the_table_has_every_setting_with_its_default_in_each_mode():
    rows = {variable: defaults for variable, *defaults, _help in table()}
    assert set(rows) == {f"GAN_WORKBENCH_{name.upper()}" for name in Hosting.model_fields}
    assert rows["GAN_WORKBENCH_MOST_MINUTES"] == ["none", "10", "2"]
    assert rows["GAN_WORKBENCH_FOLDERS"] == ["on", "off", "off"]
    assert rows["GAN_WORKBENCH_SECRET"] == ["", "", ""]


def test_what_is_in_force_is_told_where_it_is_not_the_modes_default_and_no_secret(hosted):
    chosen = hosted("class", slots=7, most_minutes=10, folders="on", days_kept="inf", class_code="hush")
    assert differing(chosen) == {
        "GAN_WORKBENCH_SLOTS": "7", "GAN_WORKBENCH_FOLDERS": "on", "GAN_WORKBENCH_DAYS_KEPT": "none",
        "GAN_WORKBENCH_CLASS_CODE": "given",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "meant"),
    [("SLOT", "SLOTS"), ("MOST_MINUTE", "MOST_MINUTES"), ("CHECKPOINT", "CHECKPOINTS"), ("MODUS", "MODE"),
     ("ZZZZZZZZZZZZZZZZZZZZ", "")],
)  # fmt: skip
def test_a_misspelt_variable_is_found_with_what_was_probably_meant(name, meant):
    assert without_meaning([f"GAN_WORKBENCH_{name}", "HOME"]) == {
        f"GAN_WORKBENCH_{name}": meant and f"GAN_WORKBENCH_{meant}"
    }


def test_every_variable_that_the_program_reads_means_something():
    sources = [path.read_text() for room in ("gan_core", "pages") for path in (paths.PROJECT / room).rglob("*.py")]
    read = set(re.findall(r"GAN_WORKBENCH_[A-Z_]*[A-Z]", "".join(sources)))
    assert "GAN_WORKBENCH_HOSTS" in read and without_meaning([*read, "gan_workbench_mode"]) == {}
