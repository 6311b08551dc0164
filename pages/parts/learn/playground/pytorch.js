// The same in PyTorch: the lines of gan_core that do what is set here, and a notebook.
import { settingsIn } from "./address.js";
import { element } from "./elements.js";

export function inPytorch(here) {
  const { words } = here.data;
  const lines = element("div", { className: "lines" });
  const download = element("a", { className: "download", download: "" }, words.notebook);
  const box = element("details", { className: "pytorch", ontoggle: () => refresh(here) }, element("summary", {}, words.pytorch), element("p", {}, words["pytorch note"]), download, lines);
  download.onclick = () => (download.href = address(here, "notebook"));
  download.href = address(here, "notebook");
  return box;
}

function address(here, what) {
  const asked = settingsIn(here.data, here.side.settings);
  asked.set("lang", here.data.language);
  asked.set("steps", Math.max(1000, Math.min(here.side.latest?.step ?? 0, 20000)));
  return new URL(`playground/${what}?${asked}`, document.baseURI).href;
}

// Asked for only while it is open.
export async function refresh(here) {
  const box = here.root.querySelector(".pytorch");
  if (!box?.open) return;
  const answer = await fetch(address(here, "lines"));
  const shown = (await answer.json()).map(({ file, line, code }) => element("figure", {}, element("figcaption", {}, `${file}:${line}`), element("pre", { tabIndex: 0 }, element("code", {}, code))));
  box.querySelector(".lines").replaceChildren(...shown);
}
