// A formula's terms, the code that computes them and their curves light up together. Charts and whatever else shows a
// term's metrics hear of it by the event "gan-light", and send it when a curve is pointed at (live_chart.js does).

// KaTeX writes a term's colour into the style of its elements; a browser gives it back as rgb().
function asRgb(hex) {
  const [r, g, b] = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  return `rgb(${r}, ${g}, ${b})`;
}

function meanings(terms, words) {
  const list = element("ul", "terms");
  list.setAttribute("aria-label", words.terms);
  for (const { name, meaning } of terms) {
    const button = element("button", "term", meaning);
    button.type = "button";
    button.dataset.term = name;
    button.setAttribute("aria-pressed", "false");
    const item = element("li", "");
    item.append(button);
    list.append(item);
  }
  return list;
}

function block({ place, pieces }, words) {
  const figure = element("figure", "");
  const caption = element("figcaption", "", words.code.replace("{place}", place));
  const pre = element("pre", "");
  pre.tabIndex = 0; // a long line is scrolled by keyboard
  pre.setAttribute("aria-label", caption.textContent);
  const code = element("code", "");
  for (const [text, kind, term] of pieces) {
    const piece = element("span", kind, text);
    if (term) piece.dataset.term = term;
    code.append(piece);
  }
  pre.append(code);
  figure.append(caption, pre);
  return figure;
}

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".linked-code");
  const place = root.closest('[class*="st-key-formula-"]') ?? root;
  const { terms, blocks, words } = data;
  const byColour = new Map(terms.map(({ name, colour }) => [asRgb(colour), name]));
  root.replaceChildren(...(terms.length ? [meanings(terms, words)] : []), ...blocks.map((one) => block(one, words)));
  const style = element("style", "");
  for (const { name, colour, in_the_dark: dark } of terms) {
    const shown = `light-dark(${colour}, ${dark})`;
    style.textContent += `.katex-html [style*="${asRgb(colour)}"] { color: ${shown} !important; }\n`;
    for (const part of root.querySelectorAll(`[data-term="${name}"]`)) part.style.setProperty("--term", shown);
  }
  root.append(style);
  // A long formula is scrolled by keyboard. KaTeX may draw it later than this.
  const focusable = () => { for (const formula of place.querySelectorAll(".katex-display")) formula.tabIndex = 0; };
  const drawn = new MutationObserver(focusable);
  drawn.observe(place, { childList: true, subtree: true });
  focusable();

  const inFormula = () => [...place.querySelectorAll(".katex-html [style]")].filter((part) => byColour.has(part.style.color));
  const termAt = (target) => {
    const marked = target.closest?.("[data-term]");
    if (marked && root.contains(marked)) return marked.dataset.term;
    const coloured = target.closest?.(".katex-html [style]");
    return coloured ? byColour.get(coloured.style.color) : undefined;
  };

  let pinned = "", shown = "";
  const light = (name) => {
    shown = name;
    for (const part of root.querySelectorAll("[data-term]")) part.classList.toggle("lit", part.dataset.term === name);
    for (const button of root.querySelectorAll("button.term")) button.setAttribute("aria-pressed", button.dataset.term === pinned);
    for (const part of inFormula()) part.classList.toggle("lit-term", byColour.get(part.style.color) === name);
  };
  const tell = (name) => {
    light(name);
    const metrics = terms.find((term) => term.name === name)?.metrics ?? [];
    document.dispatchEvent(new CustomEvent("gan-light", { detail: { metrics, from: root } }));
  };
  const pointed = ({ target }) => {
    const name = termAt(target) ?? pinned;
    if (name !== shown) tell(name);
  };
  // A finger cannot hover: a touch keeps a term lit until it, or another, is touched.
  const pressed = ({ target }) => {
    const name = termAt(target);
    if (name === undefined) return;
    pinned = pinned === name ? "" : name;
    tell(pinned);
  };
  const left = () => { if (shown !== pinned) tell(pinned); };
  const heard = ({ detail }) => {
    if (detail.from === root) return;
    const match = terms.find(({ metrics }) => metrics.some((metric) => detail.metrics.includes(metric)));
    light(match?.name ?? pinned);
  };
  const listened = [
    [place, "pointerover", pointed], [place, "focusin", pointed], [place, "pointerleave", left],
    [place, "focusout", left], [place, "click", pressed], [document, "gan-light", heard],
  ];
  for (const [on, event, act] of listened) on.addEventListener(event, act);
  return () => { drawn.disconnect(); for (const [on, event, act] of listened) on.removeEventListener(event, act); };
}
