"""Builds the playground's kernels from their source: python -m tests.e2e.playground_wasm

wabt, from npm, assembles kernels.wat within the browser that the tests drive, so that nothing else is needed.
"""

import base64
import textwrap
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from gan_core import paths
from tests.e2e import browser as browsers

FOLDER = paths.PROJECT / "pages" / "parts" / "learn" / "playground"
SOURCE, BYTES = FOLDER / "kernels.wat", FOLDER / "kernels_bytes.js"
WABT = Path(__file__).parent / "node_modules" / "wabt" / "index.js"
ASSEMBLE = """async (source) => {
  const parsed = (await WabtModule()).parseWat("kernels.wat", source, { simd: true });
  parsed.validate();
  return [...parsed.toBinary({}).buffer];
}"""


def built(page: Page) -> str:
    """What has to stand in kernels_bytes.js."""
    page.goto("about:blank")
    page.add_script_tag(content=WABT.read_text(encoding="utf-8"))
    code = bytes(page.evaluate(ASSEMBLE, SOURCE.read_text(encoding="utf-8")))
    lines = textwrap.wrap(base64.b64encode(code).decode(), 116)
    text = " +\n  ".join(f'"{line}"' for line in lines)
    return f"// kernels.wat as bytes, in base64: python -m tests.e2e.playground_wasm\nexport const BYTES =\n  {text};\n"


def main() -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browsers.find(), args=browsers.ARGUMENTS)
        BYTES.write_text(built(browser.new_page()), encoding="utf-8")
        browser.close()


if __name__ == "__main__":
    main()
