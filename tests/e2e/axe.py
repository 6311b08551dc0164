"""axe-core by Deque: rules that find what keeps people from using a page. https://github.com/dequelabs/axe-core"""

from pathlib import Path

from playwright.sync_api import Page

SCRIPT = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RUN = """(rules) => {
  // Between two colours there are others. They are not waited for: one that the browser does not draw never ends.
  const passing = document.getAnimations().filter(({ effect }) => effect.getComputedTiming().endTime !== Infinity);
  passing.forEach((animation) => animation.finish());
  return axe.run({ runOnly: rules, resultTypes: ['violations'] });
}"""
GRAVE = ("serious", "critical")


SETTLED_SECONDS = 1


def barriers(page: Page) -> list[str]:
    """What is serious or critical on the page: a line for each element, with what is wrong and how much is missing.

    What is gone a moment later does not count: part of a page may still have the colours of the theme before.
    """
    page.evaluate(SCRIPT.read_text(encoding="utf-8"))
    if _found(page):
        page.wait_for_timeout(1000 * SETTLED_SECONDS)
    return _found(page)


def _found(page: Page) -> list[str]:
    return [
        f"{found['impact']} {found['id']}: {node['html'][:200]} {node['failureSummary']}"
        for found in page.evaluate(RUN, RULES)["violations"]
        if found["impact"] in GRAVE
        for node in found["nodes"]
    ]
