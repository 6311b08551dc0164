"""Everything that a GPU has to prove, in minutes: `python -m bench.gpu --minutes 6 --out FILE.json`.

Needs torch and what gan_core imports; nothing is downloaded. `--data-dir` is where MNIST and CIFAR-10 lie, if they do
(bench.jpeg_cifar10 makes the latter from JPEG files). Each part has its share of the time and may fail alone; what was
found so far is always in the file. `--parts` picks some: those in another process may run beside. On a machine without
a GPU the same parts run with small numbers.
"""

import argparse
import faulthandler
import json
import math
import os
import subprocess
import sys
import time
import traceback
from datetime import datetime
from pathlib import Path
from typing import Any

import torch

from bench import gpu_checks, gpu_devices, gpu_speed, jpeg_cifar10
from bench.gpu_common import Box, Part, Row
from gan_core.devices import choose_device, describe, set_up_for_training

PARTS: dict[str, tuple[int, Part]] = {
    "captured": (40, gpu_checks.captured),
    "speed": (100, gpu_speed.speed),
    "minute": (55, gpu_speed.minute),
    "presets": (80, gpu_checks.presets),
    "gradients": (15, gpu_checks.gradients),
    "resume": (15, gpu_checks.resume),
    "scores": (25, gpu_checks.scores),
    "shipped": (5, gpu_checks.shipped),
    "estimate": (15, gpu_speed.estimate),
    "devices": (40, gpu_devices.devices),
    "cifar": (40, gpu_speed.cifar),
    "candidates": (60, gpu_speed.candidates),
    "launches": (15, gpu_speed.launches),  # last: a GPU that was profiled may launch more slowly afterwards
}
"""What is most worth knowing first. Each with its share of the time."""
GRACE_SECONDS = 30
"""Over its time box, a part that hangs is ended, and says where it hung."""


def shown(row: Row) -> str:
    def text(value: object) -> str:
        if isinstance(value, bool) or not isinstance(value, float):
            return str(value)
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"

    return "  ".join(f"{name} {text(value)}" for name, value in row.items())


def run_part(
    name: str, seconds: float, device: torch.device, data_dir: Path | None, found: dict[str, Any], out: Path
) -> None:
    """Add what a part finds to `found`, and write all of that after each row."""
    start = time.perf_counter()
    box = Box(device, start + seconds, data_dir)
    rows: list[Row] = []
    found["parts"][name] = outcome = {"box": seconds, "rows": rows}
    print(f"\n{name}: {(PARTS[name][1].__doc__ or '').partition(chr(10))[0]}", flush=True)
    faulthandler.dump_traceback_later(seconds + GRACE_SECONDS, exit=True, file=sys.__stderr__ or sys.stderr)
    try:
        for row in PARTS[name][1](box):
            rows.append(row)
            print(" ", shown(row), flush=True)
            write(found, out)
            if box.left() < 0:
                outcome["cut"] = "the time was over"
                break
    except Exception as error:
        outcome["error"] = "".join(traceback.format_exception(error))[-4000:]
        print(outcome["error"], flush=True)
    faulthandler.cancel_dump_traceback_later()
    outcome["seconds"] = round(time.perf_counter() - start, 1)
    print(f"  {outcome.get('cut', 'done')}: {outcome['seconds']} s of {seconds:.0f}", flush=True)
    write(found, out)


def write(found: dict[str, Any], out: Path) -> None:
    def plain(value: object) -> object:
        if isinstance(value, dict):
            return {name: plain(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [plain(inner) for inner in value]
        return str(value) if isinstance(value, float) and not math.isfinite(value) else value

    aside = out.with_suffix(".partial")
    aside.write_text(json.dumps(plain(found), indent=1) + "\n")
    aside.replace(out)


def is_well(device: torch.device) -> bool:
    """Whether the device still answers: after an error within a kernel, it does not in this process."""
    try:
        torch.ones(2, device=device).sum().item()
    except RuntimeError:
        return False
    return True


def gone_on(asked: argparse.Namespace, parts: list[str], minutes: float) -> int:
    """The rest of the parts in a fresh process."""
    print("\nthe GPU no longer answers this process; the rest goes on in another", flush=True)
    rest = [sys.executable, "-m", "bench.gpu", "--minutes", f"{minutes}", "--parts", ",".join(parts), "--add"]
    rest += ["--out", str(asked.out), *(["--data-dir", str(asked.data_dir)] if asked.data_dir else [])]
    return subprocess.call(rest)


def main(arguments: list[str] | None = None) -> int:
    """Answers 1 if a part failed."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--minutes", type=float, default=6, help="for all parts that are asked for")
    options.add_argument("--out", type=Path, default=Path("gpu.json"))
    options.add_argument("--add", action="store_true", help="keep what OUT says of other parts")
    options.add_argument("--data-dir", type=Path, help="where MNIST and CIFAR-10 lie")
    options.add_argument("--parts", default=",".join(PARTS), help=f"of {', '.join(PARTS)}; all if none are given")
    asked = options.parse_args(arguments)
    device = choose_device()
    if asked.data_dir:
        jpeg_cifar10.accept()
    found = json.loads(asked.out.read_text()) if asked.add and asked.out.exists() else {"parts": {}}
    found |= {
        "device": describe(device),
        "torch": torch.__version__,
        "date": datetime.now().isoformat(timespec="minutes"),
    }
    print(f"{found['device']}, torch {found['torch']}, {os.cpu_count()} cores", flush=True)
    parts = asked.parts.split(",")
    end = time.perf_counter() + 60 * asked.minutes
    with set_up_for_training():
        for number, name in enumerate(parts):
            shares = sum(PARTS[part][0] for part in parts[number:])
            # What parts before did not need is for those to come.
            seconds = max(0.0, end - time.perf_counter()) * PARTS[name][0] / shares
            run_part(name, seconds, device, asked.data_dir, found, asked.out)
            if not is_well(device) and parts[number + 1 :]:
                return gone_on(asked, parts[number + 1 :], (end - time.perf_counter()) / 60)
    return int(any("error" in found["parts"][name] for name in parts))


if __name__ == "__main__":
    sys.exit(main())
