"""A declaration can be asked for all that it says, and says little by itself."""

import pytest
from pydantic import BaseModel

from gan_core.config import settings
from gan_core.setting import as_text, declaration, setting, values_as_text


def test_a_new_hyperparameter_counts_for_speed_and_preset_and_stays_as_it_is_while_nothing_else_is_said():
    class Config(BaseModel):
        slope: float | None = setting(0.2, "Slope", "Of leaky_relu.", group="Networks", gt=0)

    slope = declaration(Config.model_fields["slope"])
    assert (slope.affects_speed, slope.part_of_preset) == (True, True)
    assert (slope.free_when_resumed, slope.while_running) == (False, False)
    assert (slope.kind, slope.default, slope.limits) == (float, 0.2, {"gt": 0})
    assert (slope.optional, values_as_text(slope)) == (True, "above 0 / none")


@pytest.mark.parametrize(
    ("name", "kind", "choices"),
    [
        ("seed", int, ()),
        ("minutes", float, ()),
        ("mirror", bool, ()),
        ("dataset", str, ()),
        ("generator_layers", tuple, ()),
        ("channels", int, (1, 3)),
        ("precision", str, ("auto", "float32", "bfloat16")),
    ],
)
def test_a_setting_knows_the_kind_of_its_values(name, kind, choices):
    assert (settings()[name].kind, settings()[name].choices) == (kind, choices)


@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "true"), (None, "none"), ((64, 128), "64, 128"), (2e-3, "0.002"), (3, "3"), ("cpu", "cpu")],
)
def test_a_value_is_written_as_people_type_it(value, text):
    assert as_text(value) == text
