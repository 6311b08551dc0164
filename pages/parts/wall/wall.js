// The wall: a tile for each student, asked for once a second for all together. Sizes are chosen so that all fit on the
// screen: of all numbers of columns, the one with the largest pictures.
const TICK = 1000;
const GAP = 8;
const PHONE = 640;
const TEXT = 0.44; // of a tile's width at least, beside the picture
const LARGE = '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5"/></svg>';
const TEXT_PARTS = ["name", "state", "score fid", "score accuracy", "time"];

const address = (path) => new URL(path, document.baseURI);

function element(kind, name, parent) {
  const made = document.createElement(kind);
  made.className = name;
  parent.append(made);
  return made;
}

function addPicture(parent) {
  element("img", "", parent).hidden = true;
  element("div", "blank", parent);
}

function addText(parent) {
  const text = element("div", "text", parent);
  for (const part of TEXT_PARTS) element("div", part, text);
}

function newTile(grid, person, wall) {
  const tile = element("article", "tile", grid);
  tile.dataset.person = person;
  const link = element("a", "", tile);
  addPicture(link);
  addText(link);
  const large = element("button", "large", tile);
  large.type = "button";
  large.innerHTML = LARGE;
  large.onclick = () => enlarge(wall, person);
  link.onclick = (event) => follow(event, wall, person);
  element("div", "fill", element("div", "bar", tile));
  return tile;
}

// Within the page, as its own links do; a click that asks for another tab is the browser's.
function follow(event, wall, person) {
  if (event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const { key } = wall.tiles.find((one) => one.person === person) ?? {};
  if (key) wall.open(key);
}

function setText(root, part, text) {
  const place = root.querySelector(`.${part}`);
  if (place.textContent !== text) place.textContent = text;
}

function fill(root, one, wall) {
  const { words, number, percent } = wall;
  const image = root.querySelector("img");
  const source = one.picture ? address(`live/${one.key}/newest?v=${one.picture}`).href : "";
  if (source && image.src !== source) image.src = source; // an unchanged picture is not fetched again
  image.hidden = !source;
  image.alt = words.alt.replace("{name}", () => one.name);
  root.querySelector(".blank").hidden = Boolean(source);
  setText(root, "name", one.name);
  const state = wall.states[one.state];
  const going = one.state === "running" && one.progress; // the colour says that it is running
  const more = one.waiting && one.state !== "queued" ? ` · +${one.waiting}` : "";
  setText(root, "state", (going ? percent.format(one.progress) : (state?.word ?? words.none)) + more);
  root.querySelector(".state").title = more && words.waits.replace("{count}", one.waiting);
  for (const [name, kind] of [["", "-color"], ["-text", "-text-color"]]) {
    root.style.setProperty(`--colour${name}`, `var(--st-${state?.colour ?? "gray"}${kind})`);
  }
  setText(root, "fid", one.fid === null ? "" : words.fid.replace("{value}", number.format(one.fid)));
  root.querySelector(".fid").title = `FID: ${words.fidMeans}`;
  setText(root, "accuracy", one.accuracy === null ? "" : words.accuracy.replace("{value}", percent.format(one.accuracy)));
  setText(root, "time", one.seconds ? one.trained : "");
}

function fillTile(tile, one, wall) {
  fill(tile, one, wall);
  const link = tile.querySelector("a");
  if (one.key) link.href = address(`train?run=${one.key}`); else link.removeAttribute("href");
  tile.querySelector(".large").setAttribute("aria-label", wall.words.large.replace("{name}", () => one.name));
  tile.querySelector(".bar").hidden = one.state !== "running";
  tile.querySelector(".fill").style.width = `${100 * one.progress}%`;
}

const last = (value) => value ?? Infinity;
const ORDERS = {
  name: () => 0,
  score: (a, b) => last(a.fid) - last(b.fid) || last(-(a.accuracy ?? -Infinity)) - last(-(b.accuracy ?? -Infinity)),
  time: (a, b) => b.seconds - a.seconds,
};

function sorted(wall) {
  const byName = new Intl.Collator(wall.language);
  // Two without a score are Infinity - Infinity apart, which is no number: then names decide.
  return [...wall.tiles].sort((a, b) => (ORDERS[wall.order] ?? ORDERS.name)(a, b) || byName.compare(a.name, b.name));
}

function show(wall) {
  const grid = wall.root.querySelector(".tiles");
  const known = new Map([...grid.children].map((tile) => [Number(tile.dataset.person), tile]));
  const order = sorted(wall);
  const people = new Set(order.map((one) => one.person));
  for (const [person, tile] of known) if (!people.has(person)) tile.remove();
  order.forEach((one, place) => {
    const tile = known.get(one.person) ?? newTile(grid, one.person, wall);
    if (grid.children[place] !== tile) grid.insertBefore(tile, grid.children[place] ?? null);
    fillTile(tile, one, wall);
  });
  const running = order.filter((one) => one.state === "running").length;
  const waiting = order.reduce((sum, one) => sum + one.waiting, 0);
  const counts = { people: order.length, running, waiting };
  const text = order.length ? wall.words.counts.replace(/\{(\w+)\}/g, (_all, name) => counts[name]) : wall.words.nobody;
  setText(wall.root, "counts", text);
  fit(wall);
  showLarge(wall);
}

function fit({ root, tiles }) {
  const grid = root.querySelector(".tiles");
  const [width, count] = [grid.clientWidth, Math.max(tiles.length, 1)];
  if (!width) return;
  const room = Math.max(innerHeight - grid.getBoundingClientRect().top - document.documentElement.scrollTop - GAP, 160);
  const narrow = width < PHONE;
  let best = { picture: 0 };
  for (let columns = 1; columns <= count && !narrow; columns++) {
    const [wide, high] = [width / columns - GAP, room / Math.ceil(count / columns) - GAP];
    const picture = Math.min(high, wide * (1 - TEXT));
    if (picture > best.picture) best = { columns, picture, wide, high: Math.min(high, picture + GAP) };
  }
  if (narrow) best = { columns: 1, wide: width, high: 130 };
  const font = Math.max(12, Math.min((best.high - 16) / 7.25, (best.wide - best.high) / 6.8));
  const sizes = { columns: best.columns, height: `${Math.floor(best.high)}px`, font: `${font.toFixed(1)}px` };
  for (const [name, value] of Object.entries(sizes)) {
    if (grid.style.getPropertyValue(`--${name}`) !== String(value)) grid.style.setProperty(`--${name}`, value);
  }
}

function enlarge(wall, person) {
  const dialog = wall.root.querySelector("dialog");
  dialog.dataset.person = person;
  showLarge(wall);
  dialog.showModal(); // Esc closes it
}

function showLarge(wall) {
  const dialog = wall.root.querySelector("dialog");
  const one = wall.tiles.find((other) => other.person === Number(dialog.dataset.person));
  if (!one) return dialog.close();
  fill(dialog, one, wall);
  const open = dialog.querySelector(".open");
  open.hidden = !one.key;
  open.textContent = wall.words.open.replace("{run}", one.run);
  open.href = address(`train?run=${one.key}`);
  open.onclick = (event) => follow(event, wall, one.person);
}

function build(root) {
  root.replaceChildren();
  element("p", "counts", root);
  element("div", "tiles", root);
  const dialog = element("dialog", "", root);
  addPicture(element("div", "", dialog));
  const side = element("div", "", dialog);
  addText(side);
  const actions = element("div", "actions", side);
  element("a", "open", actions);
  const close = element("button", "close", actions);
  close.type = "button";
  close.onclick = () => dialog.close();
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".wall");
  root.ganWorkbenchStop?.();
  if (!root.childElementCount) build(root);
  root.querySelector(".close").textContent = data.words.close;
  const wall = {
    ...data, root,
    number: new Intl.NumberFormat(data.language, { maximumSignificantDigits: 3 }),
    percent: new Intl.NumberFormat(data.language, { style: "percent", maximumFractionDigits: 0 }),
    open: (key) => setTriggerValue("open", key),
  };
  let ended = false, timer = 0;
  // Tiles that were there before keep their pictures, and are given this call's words and ways.
  for (const tile of root.querySelectorAll(".tile")) {
    const person = Number(tile.dataset.person);
    tile.querySelector(".large").onclick = () => enlarge(wall, person);
    tile.querySelector("a").onclick = (event) => follow(event, wall, person);
  }
  const ask = async () => {
    try {
      const answer = document.hidden ? null : await fetch(address("live/wall"));
      if (ended) return;
      if (answer?.status === 200) { wall.tiles = await answer.json(); show(wall); }
    } catch {
      // The server is away; it may come back.
    }
    if (!ended) timer = setTimeout(ask, TICK);
  };
  const resized = new ResizeObserver(() => fit(wall));
  resized.observe(root.parentElement);
  addEventListener("resize", root.ganWorkbenchFit = () => fit(wall));
  show(wall);
  timer = setTimeout(ask, TICK);
  root.ganWorkbenchStop = () => {
    ended = true;
    clearTimeout(timer);
    resized.disconnect();
    removeEventListener("resize", root.ganWorkbenchFit);
  };
  return root.ganWorkbenchStop;
}
