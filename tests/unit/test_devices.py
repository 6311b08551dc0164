"""The device is chosen, named, and computes in the precision that suits it."""

import subprocess
import sys
from pathlib import Path

import psutil
import pytest
import torch

from gan_core import gpus
from gan_core.devices import (
    autocast,
    choose_device,
    choose_precision,
    describe,
    free_memory,
    give_back_freed_memory,
    memory_used,
    refuse_too_few,
    rounded_products,
    share_of_cores,
)
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


def test_more_devices_than_there_are_is_one_sentence(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    refuse_too_few(torch.device("cuda"), 2)
    refuse_too_few(torch.device("mps"), 1)
    refuse_too_few(CPU, 1)
    for name, count in (("cuda", 3), ("mps", 2), ("cpu", 10_000)):
        with pytest.raises(WorkbenchError, match=f", not {count}; choose fewer"):
            refuse_too_few(torch.device(name), count)


def test_several_devices_are_described_as_so_many_of_one():
    assert describe(CPU, 3) == f"3 × {describe(CPU)}"


def test_gpus_are_counted_without_torch_and_only_those_that_may_be_used(monkeypatch):
    monkeypatch.setattr(Path, "glob", lambda folder, pattern: map(folder.joinpath, ("nvidia0", "nvidia1", "nvidia2")))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert gpus.count() == 3
    for visible, count in (("0,2", 2), ("1", 1), ("", 0), ("0,1,2,3", 3)):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
        assert gpus.count() == count


def test_a_device_that_is_not_there_is_one_sentence(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(WorkbenchError, match="no cuda"):
        choose_device("cuda")


def test_a_cpu_is_named_with_its_memory():
    said = describe(CPU)
    assert said.startswith("CPU ")
    assert f" × {torch.get_num_threads()}, " in said
    assert said.endswith(" GiB")


def test_runs_in_several_slots_share_the_cores_and_each_has_one_at_least(hosted):
    most = torch.get_num_threads()
    try:
        torch.set_num_threads(6)
        for slots, share in ((1, 6), (2, 3), (4, 1), (12, 1)):
            hosted("class", slots=slots)
            with share_of_cores():
                assert torch.get_num_threads() == share
                assert f" × {share}, " in describe(CPU)
            assert torch.get_num_threads() == 6
    finally:
        torch.set_num_threads(most)


@pytest.mark.parametrize("has_amx", [False, True])
def test_bfloat16_comes_by_itself_on_a_cpu_that_is_made_for_it_alone(monkeypatch, has_amx):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True, "amx_bf16": has_amx})
    assert precision_of_a_product("auto") == (torch.bfloat16 if has_amx else torch.float32)
    assert precision_of_a_product("float32") == torch.float32
    assert precision_of_a_product("bfloat16") == torch.bfloat16


def precision_of_a_product(precision: str) -> torch.dtype:
    matrix = torch.ones(2, 2)
    with autocast(CPU, choose_precision(precision, CPU, weights=1)):
        return (matrix @ matrix).dtype


@pytest.mark.parametrize(
    ("name", "is_new", "weights", "chosen"),
    [
        ("auto", True, 2_030_000, "tf32"),  # the fully connected GAN
        ("auto", True, 3_730_000, "bfloat16"),  # r3gan of width 64
        ("auto", False, 2_030_000, "float32"),
        ("float32", True, 2_030_000, "float32"),
        ("bfloat16", False, 2_030_000, "bfloat16"),
    ],
)
def test_a_new_gpu_takes_the_precision_that_was_measured_to_be_fastest(monkeypatch, name, is_new, weights, chosen):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: is_new)
    assert choose_precision(name, torch.device("cuda"), weights) == chosen


def test_products_are_rounded_within_a_context_alone():
    with rounded_products(True):
        assert torch.backends.cuda.matmul.allow_tf32
        with rounded_products(False):
            assert not torch.backends.cuda.matmul.allow_tf32
        assert torch.backends.cuda.matmul.allow_tf32
    assert not torch.backends.cuda.matmul.allow_tf32


def test_a_cpu_has_no_gpu_memory():
    assert memory_used(CPU) != memory_used(CPU)  # NaN


FAULTS_OF_LATER_STEPS = """
import resource, torch
from gan_core.devices import keep_freed_memory

keep_freed_memory()
for step in range(12):
    if step == 8:  # by then the heap has found its shape
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    freed_at_once = [torch.ones(6 * 2**18) for _ in range(4)]
    del freed_at_once
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux's C library can be told")
def test_memory_that_a_step_frees_is_there_for_the_next():
    done = subprocess.run([sys.executable, "-c", FAULTS_OF_LATER_STEPS], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 1000  # one step writes 24 MiB, 6,144 pages


def test_what_is_free_is_what_a_process_can_still_have():
    assert 0 < free_memory(CPU) <= psutil.virtual_memory().total


def test_freed_memory_of_apples_gpus_is_given_back_too(monkeypatch):
    given_back = []
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setattr(torch.mps, "empty_cache", lambda: given_back.append("mps"))
    give_back_freed_memory()
    assert given_back == ["mps"]
