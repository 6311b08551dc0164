// The playground's page: what one sees and does. Each side (one, or two to compare) has a worker that learns.
import { coloursOf, drawChart, drawPicture, drawThumbnail } from "./draw.js";
import { readAddress, writeAddress } from "./address.js";
import { VIEW } from "./snapshot.js";

const MOST_SHOTS = 300; // that are kept to go back in time
const MOST_DRAWN = 60; // points
const APART = 0.2; // at least, between two of them
const SLOW = 1100; // milliseconds that each part of a step is lit in slow motion
const QUICK = 300; // and otherwise
const WORDS_EVERY = 500; // milliseconds, while it learns
const PAUSES = { calm: 50, full: 0 };
const PARTS = ["latents", "G", "fake", "D", "real"];
const CHARTS = ["losses", "gradient", "modes"];

function element(kind, properties = {}, ...children) {
  const { data = {}, aria = {}, ...rest } = properties;
  const made = Object.assign(document.createElement(kind), rest);
  Object.assign(made.dataset, data);
  for (const [name, value] of Object.entries(aria)) made.setAttribute(name === "role" ? name : `aria-${name}`, value);
  made.append(...children);
  return made;
}

const filledIn = (template, values) => template.replace(/\{(\w+)\}/g, (_all, name) => values[name]);
const wait = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

export function show(root, data) {
  const here = (root.ganPlayground ??= new Playground(root, data));
  here.use(data);
  // Called when the page's script runs again, too: then the playground goes on.
  return () => setTimeout(() => root.isConnected || here.stop(), 1000);
}

// What learns with one choice of settings, and what it looked like before.
class Side {
  constructor(name, settings, address, told) {
    Object.assign(this, { name, settings, shots: [], latest: null, real: new Float32Array(), waiting: [] });
    this.worker = new Worker(new URL(`${address}/worker.js`, document.baseURI), { type: "module" });
    this.worker.onerror = (event) => told(this, { failed: event.message });
    this.worker.onmessage = ({ data }) => {
      if (data.real) this.real = data.real;
      else this.take(data);
      told(this, data);
    };
  }

  get forEngine() {
    const layers = (name) => this.settings[name].split("-").map(Number);
    const [generator_layers, discriminator_layers] = [layers("generator_layers"), layers("discriminator_layers")];
    return { ...this.settings, generator_layers, discriminator_layers };
  }

  send(message) {
    this.worker.postMessage(message);
  }

  restart() {
    Object.assign(this, { shots: [], gap: 1 });
    this.send({ start: this.forEngine });
  }

  take(shot) {
    this.latest = shot;
    this.send({ seen: true });
    if (shot.step >= (this.shots.at(-1)?.step ?? -Infinity) + this.gap) this.shots.push(shot);
    if (this.shots.length > MOST_SHOTS) {
      this.shots = this.shots.filter((_shot, i) => i % 2 === 0);
      this.gap = (2 * shot.step) / MOST_SHOTS;
    }
    if (shot.why) this.waiting.splice(0).forEach((done) => done(shot));
  }

  // The next snapshot that answers a message.
  answer() {
    return new Promise((done) => this.waiting.push(done));
  }

  // What it looked like at a step; at Infinity, what it looks like now.
  at(step) {
    return step === Infinity ? this.latest : (this.shots.findLast((shot) => shot.step <= step) ?? this.latest);
  }
}

class Playground {
  constructor(root, data) {
    Object.assign(this, { root, data, sides: [], editing: 0, playing: false, moment: Infinity, turn: 0, said: 0 });
    this.fromAddress();
    this.onHash = () => location.hash.startsWith(`#${this.data.name}`) && (this.fromAddress(), this.build(), this.restart());
    addEventListener("hashchange", this.onHash);
    window.ganPlayground = this; // for the tests, and for whoever is curious
    this.watcher = new ResizeObserver(() => this.redraw());
    this.watcher.observe(root);
  }

  use(data) {
    const shown = JSON.stringify(data);
    if (shown === this.shown) return;
    this.shown = shown;
    this.data = data;
    const number = (options) => new Intl.NumberFormat(data.language, options);
    this.formats = [number({ maximumSignificantDigits: 2 }), number({ notation: "scientific", maximumSignificantDigits: 2 }), number()];
    this.build();
    this.write();
    if (!this.sides[0].latest) this.restart();
  }

  stop() {
    removeEventListener("hashchange", this.onHash);
    this.watcher.disconnect();
    for (const side of this.sides) side.worker.terminate();
    this.turn = -1;
  }

  // Settings

  fromAddress() {
    const found = readAddress(this.data);
    this.playing = false;
    this.turn++;
    Object.assign(this, found.view);
    this.setSides(found.settings);
  }

  setSides(settings) {
    for (const side of this.sides.splice(settings.length)) side.worker.terminate();
    settings.forEach((chosen, i) => {
      if (this.sides[i]) this.sides[i].settings = chosen;
      else this.sides.push(new Side("AB"[i], chosen, this.data.address, (side, news) => this.hear(side, news)));
    });
    this.editing = Math.min(this.editing, this.sides.length - 1);
  }

  write() {
    writeAddress(this.data, this, this.sides.map((side) => side.settings));
  }

  get side() {
    return this.sides[this.editing];
  }

  set(name, value) {
    this.side.settings = { ...this.side.settings, [name]: value };
    this.write();
    if (this.data.knobs.find((knob) => knob.name === name)?.restarts) this.restart();
    else this.side.send({ change: this.side.forEngine });
    this.fillForm();
  }

  begin(situation) {
    const { settings } = this.data.situations[situation];
    const usual = Object.fromEntries(this.data.knobs.map((knob) => [knob.name, knob.usual]));
    Object.assign(this, { situation, only: "both", speed: this.speed === "slow" ? "full" : this.speed });
    this.setSides([{ ...usual, drawn: this.side.settings.drawn, ...settings }]);
    this.write();
    this.build();
    this.restart();
    this.play();
  }

  // Learning

  restart() {
    const goOn = this.playing;
    this.pause();
    this.moment = Infinity;
    for (const side of this.sides) side.restart();
    if (goOn) this.play();
  }

  play(until = Infinity) {
    this.playing = true;
    this.moment = Infinity;
    const turn = ++this.turn;
    if (this.speed === "slow") this.inSlowMotion(turn);
    else for (const side of this.sides) side.send({ run: { only: this.only, until, pause: PAUSES[this.speed] } });
    this.showState();
  }

  pause() {
    this.playing = false;
    this.turn++;
    for (const side of this.sides) side.send({ run: null });
    this.light([], "");
    this.showState();
  }

  // For tests: what every side looks like at that step.
  async until(step) {
    this.pause();
    const reached = Promise.all(this.sides.map((side) => new Promise((done) => (side.reached = done))));
    this.speed = "full";
    this.play(step);
    return reached;
  }

  hear(side, news) {
    if (news.failed) this.light([], filledIn(this.data.words.failed, { error: news.failed }));
    if (news.why === "ended" || news.why === "diverged") {
      side.hasEnded = true;
      side.reached?.(news);
      if (this.sides.every((one) => one.hasEnded)) this.pause();
      if (news.why === "diverged") this.light([], this.data.words.diverged);
    } else if (news.step !== undefined) side.hasEnded = false;
    this.redraw();
  }

  async inSlowMotion(turn) {
    while (await this.oneStep(turn, SLOW)) await wait(SLOW / 2);
  }

  // First D, then G, each part lit as it happens. Returns whether it came to its end.
  async oneStep(turn, time) {
    const { words } = this.data;
    const { headStart } = this.sides[0].latest;
    const [learnsD, learnsG] = [this.only !== "generator" || headStart, this.only !== "discriminator" && !headStart];
    const lit = async (parts, said) => {
      if (turn !== this.turn) return false;
      this.light(parts, filledIn(said, this.inNumbers(this.sides[0].latest)));
      await wait(time);
      return turn === this.turn;
    };
    const learn = (phase, isLast) => {
      if (turn !== this.turn) return false;
      const answers = Promise.all(this.sides.map((side) => side.answer()));
      for (const side of this.sides) side.send({ phase, isLast });
      return answers;
    };
    const count = headStart ? 1 : this.side.settings.n_critic;
    for (let i = 1; learnsD && i <= count; i++) {
      const isDone =
        (await lit(["latents", "G", "fake", "real"], words["D draws"])) &&
        (await lit(["fake", "real", "D"], words["D judges"])) &&
        (await learn("discriminator", i === count && !learnsG && !headStart)) &&
        (await lit(["D"], words["D learns"]));
      if (!isDone) return false;
    }
    if (!learnsG) return turn === this.turn;
    return (
      (await lit(["fake", "D"], words["G judged"])) &&
      (await lit(["D", "fake", "arrows"], words["G pulled"])) &&
      (await learn("generator", true)) &&
      (await lit(["G", "fake"], words["G learns"]))
    );
  }

  async step() {
    this.pause();
    const turn = this.turn;
    this.moment = Infinity;
    if (await this.oneStep(turn, this.speed === "slow" ? SLOW : QUICK)) this.light([], "");
  }

  light(parts, said) {
    this.lit = parts;
    for (const box of this.root.querySelectorAll(".flow > [data-part]")) box.classList.toggle("lit", parts.includes(box.dataset.part));
    const line = this.root.querySelector(".phase");
    if (line) line.textContent = said;
    this.redraw();
  }

  // What one sees

  build() {
    const { words, situations } = this.data;
    const situation = (name) => element("button", { type: "button", data: { situation: name }, onclick: () => this.begin(name) }, situations[name].title);
    const button = (name, onclick) => element("button", { type: "button", className: name, onclick }, words[name]);
    this.root.replaceChildren(
      element("div", { className: "situations" }, ...Object.keys(situations).map(situation), element("p", { className: "why" })),
      element("div", { className: "bar" },
        button("play", () => (this.playing ? this.pause() : this.play())), button("step", () => this.step()), button("reset", () => this.restart()),
        this.choice("speed", ["slow", "calm", "full"]), this.choice("only", ["both", "discriminator", "generator"], "learns"),
        element("div", { className: "shows", aria: { role: "group", label: words.shows } }, ...["field", "arrows", "grid"].map((name) => this.toggle(name, this.shows[name], (on) => {
          this.shows[name] = on;
          this.write();
          this.redraw();
        }))),
        this.toggle("two", this.sides.length > 1, (on) => {
          this.setSides(on ? [this.sides[0].settings, { ...this.sides[0].settings }] : [this.sides[0].settings]);
          this.editing = this.sides.length - 1;
          this.write();
          this.build();
          this.restart();
        }),
      ),
      element("p", { className: "phase", aria: { live: "polite" } }),
      element("div", { className: "body" }, this.form(),
        element("div", { className: "stages" }, ...this.sides.map((side) => this.stage(side)))),
      element("label", { className: "time" }, element("span", {}, words.time), element("input", { type: "range", min: 0, oninput: ({ target }) => this.goTo(Number(target.value)) }), element("output")),
    );
    this.root.classList.toggle("two", this.sides.length > 1);
    this.colours = null;
    this.fillForm();
    this.showState();
    this.redraw();
  }

  choice(name, values, title = name) {
    const { words } = this.data;
    const select = element("select", { onchange: () => {
      this[name] = select.value;
      this.write();
      if (this.playing) { this.pause(); this.play(); }
    } }, ...values.map((value) => element("option", { value, selected: value === this[name] }, words[value])));
    return element("label", { className: "choice" }, element("span", {}, words[title]), select);
  }

  toggle(name, checked, changed) {
    const box = element("input", { type: "checkbox", checked, onchange: () => changed(box.checked) });
    return element("label", { className: `toggle ${name}` }, box, this.data.words[name]);
  }

  form() {
    const { groups, knobs, words } = this.data;
    const knob = ({ name, title, options, usual }) => {
      if (name === "shape") return this.shapeButtons(options);
      const change = ({ target }) => this.set(name, typeof usual === "number" ? Number(target.value) : target.value);
      const choices = options.map(([value, label]) => element("option", { value }, label || (typeof value === "number" ? this.formats[2].format(value) : value)));
      return element("label", { className: "knob" }, element("span", {}, title), element("select", { name, onchange: change }, ...choices));
    };
    const group = (name) => {
      const mine = knobs.filter((one) => one.group === name).map(knob);
      if (name !== "more") return element("fieldset", { className: name }, element("legend", {}, groups[name]), ...mine);
      return element("details", { className: name }, element("summary", {}, groups[name]), ...mine);
    };
    const ofSide = (side, i) => element("label", {}, element("input", { type: "radio", name: "side", checked: i === this.editing, onchange: () => {
      this.editing = i;
      this.fillForm();
    } }), filledIn(words["settings of"], { side: side.name }));
    const sides = this.sides.length > 1 ? [element("div", { className: "sides" }, ...this.sides.map(ofSide))] : [];
    return element("form", { className: "form", onsubmit: (event) => event.preventDefault() }, ...sides, ...Object.keys(groups).map(group));
  }

  shapeButtons(options) {
    const shape = ([value, label]) => element("button", { type: "button", title: label, data: { shape: value }, aria: { label }, onclick: () => this.set("shape", value) }, element("canvas"));
    const clear = element("button", { type: "button", className: "clear", onclick: () => this.set("drawn", []) }, this.data.words.clear);
    return element("div", { className: "shapes" }, ...options.map(shape), element("p", { className: "draw" }, this.data.words.draw, " ", clear));
  }

  stage(side) {
    const { words } = this.data;
    const part = (name) => element("span", { data: { part: name } }, words[name]);
    const flow = PARTS.flatMap((name, i) => (i ? [element("i", { aria: { hidden: true } }, name === "real" ? "←" : "→"), part(name)] : [part(name)]));
    const picture = element("canvas", { className: "picture", tabIndex: 0, aria: { role: "img", label: words.picture } });
    this.letDraw(picture, side);
    const chart = (name) => element("figure", { data: { chart: name } }, element("figcaption", {}, words[name], element("b")), element("canvas", { aria: { role: "img", label: words[name] } }));
    return element("section", { className: "stage", data: { side: side.name }, aria: { label: side.name } },
      element("p", { className: "differs" }), element("div", { className: "flow" }, ...flow),
      element("div", { className: "screen" }, picture, element("p", { className: "words" })),
      element("div", { className: "charts" }, ...CHARTS.map(chart)));
  }

  // The visitor's own points: by pointer, or by arrow keys and Enter.
  letDraw(canvas, side) {
    let cursor = [0, 0];
    const isDrawn = () => side.settings.shape === "drawn";
    const put = ([x, y]) => {
      const { drawn } = side.settings;
      if (drawn.length >= MOST_DRAWN || drawn.some(([a, b]) => Math.hypot(a - x, b - y) < APART)) return;
      this.editing = this.sides.indexOf(side);
      this.set("drawn", [...drawn, [x, y].map((value) => Math.round(value * 100) / 100)]);
    };
    const placeOf = ({ offsetX, offsetY }) => [offsetX, offsetY].map((at, i) => (i ? -1 : 1) * ((2 * at) / canvas.clientWidth - 1) * VIEW);
    const draw = (event) => isDrawn() && event.buttons === 1 && put(placeOf(event));
    canvas.onpointerdown = draw;
    canvas.onpointermove = draw;
    canvas.onkeydown = (event) => {
      const move = { ArrowLeft: [-0.2, 0], ArrowRight: [0.2, 0], ArrowUp: [0, 0.2], ArrowDown: [0, -0.2] }[event.key];
      if (!isDrawn() || !(move || event.key === "Enter")) return;
      event.preventDefault();
      if (move) cursor = cursor.map((value, i) => Math.max(-VIEW, Math.min(VIEW, value + move[i])));
      else put(cursor);
      side.cursor = cursor;
      this.redraw();
    };
    canvas.onblur = () => { side.cursor = null; this.redraw(); };
  }

  fillForm() {
    const { settings } = this.side;
    for (const select of this.root.querySelectorAll(".knob select")) select.value = settings[select.name];
    for (const button of this.root.querySelectorAll("[data-shape]")) button.setAttribute("aria-pressed", button.dataset.shape === settings.shape);
    this.root.querySelector(".draw").hidden = settings.shape !== "drawn";
    for (const button of this.root.querySelectorAll("[data-situation]")) button.setAttribute("aria-pressed", button.dataset.situation === this.situation);
    this.root.querySelector(".why").textContent = this.data.situations[this.situation]?.text ?? "";
    const labelOf = ({ options }, value) => options.find(([known]) => known === value)?.[1] || value;
    this.sides.forEach((side, i) => {
      const others = this.sides[1 - i]?.settings ?? side.settings;
      const differing = this.data.knobs.filter(({ name }) => side.settings[name] !== others[name]);
      const said = differing.map((knob) => `${this.data.groups[knob.group]} · ${knob.title}: ${labelOf(knob, side.settings[knob.name])}`);
      this.stageOf(side).querySelector(".differs").textContent = this.sides[1] ? `${side.name}  ${said.join(", ")}` : "";
      this.stageOf(side).classList.toggle("drawing", side.settings.shape === "drawn");
    });
  }

  stageOf(side) {
    return this.root.querySelector(`[data-side=${side.name}]`);
  }

  showState() {
    const button = this.root.querySelector("button.play");
    if (!button) return;
    button.textContent = this.playing ? this.data.words.pause : this.data.words.play;
    button.classList.toggle("playing", this.playing);
  }

  goTo(index) {
    if (this.playing) this.pause();
    this.moment = this.sides[0].shots[index]?.step ?? Infinity;
    this.redraw();
  }

  redraw() {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      if (this.root.isConnected && this.shown) this.draw();
    });
  }

  draw() {
    const theme = getComputedStyle(this.root).color;
    if (this.theme !== theme || !this.colours) {
      Object.assign(this, { theme, colours: coloursOf(this.root) });
      for (const button of this.root.querySelectorAll("[data-shape]")) drawThumbnail(button.firstChild, button.dataset.shape, this.side.settings.drawn, this.colours);
    }
    const isTalking = !this.playing || performance.now() - this.said > WORDS_EVERY;
    if (isTalking) this.said = performance.now();
    for (const side of this.sides) {
      const shot = side.at(this.moment);
      if (shot) this.drawSide(side, shot, isTalking);
    }
    this.showTime();
  }

  drawSide(side, shot, isTalking) {
    const stage = this.stageOf(side);
    const shows = { ...this.shows, arrows: this.shows.arrows || this.lit?.includes("arrows") };
    drawPicture(stage.querySelector(".picture"), shot, side.real, shows, this.colours, side.cursor);
    Object.assign(stage.dataset, { step: shot.step, covered: shot.covered });
    const { real, fake, text } = this.colours;
    const past = [...side.shots, side.latest];
    const steps = past.map(({ step }) => step);
    const values = (name) => past.map((one) => one[name]);
    const format = (value) => this.number(value);
    const charts = {
      losses: [[{ colour: real, values: values("discriminatorLoss") }, { colour: fake, values: values("generatorLoss"), dash: [5, 3] }], {}],
      gradient: [[{ colour: fake, values: values("gradientNorm") }], { isLog: true }],
      modes: [[{ colour: text, values: values("covered") }], { low: 0, high: shot.modes }],
    };
    for (const [name, [curves, options]] of Object.entries(charts)) {
      const figure = stage.querySelector(`[data-chart=${name}]`);
      drawChart(figure.querySelector("canvas"), steps, curves, shot.step, { format, ...options }, this.colours);
      if (isTalking) this.sayChart(figure, name, curves, shot);
    }
    if (isTalking) stage.querySelector(".words").textContent = this.inWords(side, shot);
  }

  number(value) {
    if (!Number.isFinite(value)) return "–";
    const size = Math.abs(value);
    return this.formats[size && (size < 1e-3 || size >= 1e4) ? 1 : 0].format(value);
  }

  inNumbers(shot) {
    return {
      step: this.formats[2].format(shot.step), count: shot.headStart, covered: shot.covered, modes: shot.modes,
      real: this.number(shot.ofReal), fake: this.number(shot.ofFake), gradient: this.number(shot.gradientNorm),
      discriminator: this.number(shot.discriminatorLoss), generator: this.number(shot.generatorLoss),
    };
  }

  inWords(side, shot) {
    const { words } = this.data;
    const isCritic = side.settings.loss === "wasserstein";
    const said = [words.at + ".", shot.headStart ? words["head start"] : "", isCritic ? words.critic : words.outputs, words.lengths, words.covers];
    return filledIn(said.filter(Boolean).join(" "), this.inNumbers(shot));
  }

  // The newest values beside the chart's title, and all of it in words for screen readers.
  sayChart(figure, name, curves, shot) {
    const now = this.inNumbers(shot);
    const newest = { losses: `D ${now.discriminator} · G ${now.generator}`, gradient: now.gradient, modes: `${now.covered} / ${now.modes}` };
    figure.querySelector("b").textContent = newest[name];
    const all = curves.flatMap(({ values }) => values.filter(Number.isFinite));
    const [low, high] = [Math.min(...all), Math.max(...all)].map((value) => this.number(value));
    const [first, last] = curves.map(({ values }) => this.number(values.find(Number.isFinite))).concat(newest[name]);
    figure.querySelector("canvas").setAttribute("aria-label", filledIn(this.data.words.chart, { title: this.data.words[name], first, last: newest[name] ?? last, low, high }));
  }

  showTime() {
    const { shots } = this.sides[0];
    const slider = this.root.querySelector(".time input");
    slider.max = shots.length;
    slider.value = this.moment === Infinity ? shots.length : shots.findLastIndex(({ step }) => step <= this.moment);
    const shot = this.sides[0].at(this.moment);
    const when = shot ? filledIn(this.data.words.at, this.inNumbers(shot)) : "";
    const said = this.moment === Infinity ? `${when} (${this.data.words.now})` : when;
    this.root.querySelector(".time output").textContent = said;
    slider.setAttribute("aria-valuetext", said);
  }
}
