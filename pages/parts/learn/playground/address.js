// All choices in the address's fragment, as #playground&loss=hinge&b.loss=minimax: what differs from the usual alone.
const LISTS = { only: ["both", "discriminator", "generator"], speed: ["slow", "calm", "full"] };
const USUAL_VIEW = { only: "both", speed: "full" };
const LAYERS = ["field", "arrows", "grid"];
const MOST = 120; // numbers of drawn points

const readDrawn = (text) => {
  const numbers = text.split(",").slice(0, MOST).map((one) => parseInt(one, 10) / 100).filter((one) => Math.abs(one) < 4);
  return numbers.flatMap((x, i) => (i % 2 || i + 1 === numbers.length ? [] : [[x, numbers[i + 1]]]));
};

// Values that are no option are passed over: an address can hold anything.
function readSettings(data, asked, prefix, first) {
  const settings = { drawn: [], ...first };
  for (const { name, options, usual } of data.knobs) {
    const found = options.find(({ value }) => String(value) === asked.get(prefix + name));
    settings[name] = found ? found.value : (first[name] ?? usual);
  }
  if (asked.has(prefix + "drawn")) settings.drawn = readDrawn(asked.get(prefix + "drawn"));
  return settings;
}

// Whether the address is about this playground; a page may have several.
export const isOurs = ({ key }) => location.hash === `#${key}` || location.hash.startsWith(`#${key}&`);

// What the page begins with counts where the address says nothing.
export function readAddress(data) {
  const asked = new URLSearchParams(isOurs(data) ? location.hash.slice(1) : "");
  const chosen = asked.get("situation") ?? (isOurs(data) ? "" : data.situation);
  const situation = data.situations[chosen] ? chosen : "";
  const begun = isOurs(data) ? {} : { ...data.situations[situation]?.settings, ...data.first };
  const settings = [readSettings(data, asked, "", begun)];
  if (asked.has("two")) settings.push(readSettings(data, asked, "b.", settings[0]));
  const view = { situation };
  for (const [name, values] of Object.entries(LISTS)) view[name] = values.includes(asked.get(name)) ? asked.get(name) : USUAL_VIEW[name];
  const hidden = (asked.get("hide") ?? "grid").split(",");
  view.shows = Object.fromEntries(LAYERS.map((name) => [name, !hidden.includes(name)]));
  return { settings, view };
}

const noteIn = (asked) => (name, value, usual) => String(value) !== String(usual) && asked.set(name, value);
const drawnIn = ({ drawn }) => drawn.flat().map((value) => Math.round(value * 100)).join();

// What of a side's settings differs from the usual, as parameters.
export function settingsIn(data, settings) {
  const asked = new URLSearchParams();
  const note = noteIn(asked);
  for (const { name, usual } of data.knobs) note(name, settings[name], usual);
  note("drawn", drawnIn(settings), "");
  return asked;
}

export function writeAddress(data, view, [first, second]) {
  const asked = settingsIn(data, first);
  const note = noteIn(asked);
  if (second) {
    asked.set("two", 1);
    for (const { name } of data.knobs) note(`b.${name}`, second[name], first[name]);
    note("b.drawn", drawnIn(second), drawnIn(first));
  }
  for (const [name, usual] of Object.entries(USUAL_VIEW)) note(name, view[name], usual);
  note("situation", view.situation, "");
  note("hide", LAYERS.filter((name) => !view.shows[name]), "grid");
  const text = asked.toString();
  const beginsUsual = !data.situation && !Object.keys(data.first).length;
  const fragment = !text && beginsUsual ? "" : `#${data.key}${text && "&"}${text}`;
  if (fragment !== location.hash) history.replaceState(history.state, "", location.pathname + location.search + fragment);
}
