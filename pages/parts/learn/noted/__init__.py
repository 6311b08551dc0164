"""What a reader expected of an exercise and what came out, kept in the browser (progress.js). Shows nothing."""

from pathlib import Path

from pages.parts.component import component

_component = component(Path(__file__).parent, '<div class="noted"></div>')


def noted(exercise: str, expected: str, found: str) -> str:
    """Keeps both, if they are not "".

    Returns what the browser has kept of an earlier visit that was expected, if nothing is expected yet; else "".
    """
    kept = _component(
        data={"exercise": exercise, "expected": expected, "found": found},
        key=f"noted-{exercise}",
        height="content",
        on_kept_change=lambda: None,
    )
    return str(kept.kept or "")
