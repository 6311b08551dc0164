"""The device is chosen, named, and computes in the precision that suits it."""

import pytest
import torch

from gan_core.devices import autocast, choose_device, describe, memory_used
from gan_core.errors import WorkbenchError

CPU = torch.device("cpu")


def test_auto_takes_the_best_there_is(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert choose_device("auto").type == "cuda"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert choose_device("auto").type == "mps"
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert choose_device("auto").type == "cpu"


def test_a_device_that_is_not_there_is_one_sentence(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(WorkbenchError, match="no cuda"):
        choose_device("cuda")


def test_a_cpu_is_named_with_its_memory():
    said = describe(CPU)
    assert said.startswith("CPU ")
    assert said.endswith(" GiB")


def test_bfloat16_never_comes_by_itself_on_a_cpu():
    product = torch.ones(2, 2)
    with autocast(CPU, "auto"):
        assert (product @ product).dtype == torch.float32
    with autocast(CPU, "bfloat16"):
        assert (product @ product).dtype == torch.bfloat16


def test_a_cpu_has_no_gpu_memory():
    assert memory_used(CPU) != memory_used(CPU)  # NaN
