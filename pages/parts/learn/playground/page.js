// The playground: what one sees and does. Each side (one, or two to compare) learns in a worker of its own.
import { isOurs, readAddress, writeAddress } from "./address.js";
import { coloursOf, drawChart, drawPicture, drawThumbnail } from "./draw.js";
import { button, choice, element, filledIn, toggle } from "./elements.js";
import { fillForm, form } from "./form.js";
import { letDraw } from "./pointer.js";
import { inPytorch, refresh } from "./pytorch.js";
import { Side } from "./side.js";
import { slowStep } from "./slow.js";
import { inWords, numberIn, sayChart, valuesOf } from "./words.js";

const SLOW = 1200; // milliseconds that each part of a step is lit in slow motion
const QUICK = 400; // and otherwise
const WORDS_EVERY = 200; // milliseconds, while it learns: each change of the document costs more than a picture
const TOGETHER = 50; // steps after which two sides wait for each other
const PAUSES = { calm: 50, full: 0 }; // milliseconds after each step
const PARTS = ["latents", "G", "fake", "D", "real"];
const CHARTS = ["losses", "gradient", "modes"];

export function show(root, given) {
  const data = { ...given, knobs: Object.entries(given.knobs).map(([name, knob]) => ({ name, ...knob })) };
  const here = (root.ganPlayground ??= new Playground(root, data));
  here.use(data);
  // Called when the page's script runs again, too: then the playground goes on.
  return () => setTimeout(() => root.isConnected || here.stop(), 1000);
}

class Playground {
  constructor(root, data) {
    Object.assign(this, { root, data, sides: [], editing: 0, playing: false, moment: Infinity, turn: 0, saidAt: 0, lit: [] });
    this.fromAddress();
    this.onHash = () => {
      if (!isOurs(this.data)) return;
      this.fromAddress();
      this.build();
      this.restart();
    };
    addEventListener("hashchange", this.onHash);
    this.watcher = new ResizeObserver(() => this.redraw());
    this.watcher.observe(root);
    window.ganPlayground = this; // for the tests, and for whoever is curious
  }

  // The page's script has run: perhaps the language is another.
  use(data) {
    const given = JSON.stringify(data);
    if (given === this.given) return;
    Object.assign(this, { given, data, number: numberIn(data.language) });
    const whole = new Intl.NumberFormat(data.language, { maximumFractionDigits: 6 });
    this.format = (value) => whole.format(value);
    this.build();
    if (this.isWritten) this.write(); // Streamlit's own changes of the address drop the fragment
    if (!this.sides[0].latest) this.restart();
  }

  stop() {
    removeEventListener("hashchange", this.onHash);
    this.watcher.disconnect();
    for (const side of this.sides) side.worker.terminate();
    this.turn = NaN; // no step in slow motion goes on
  }

  // Settings

  get side() {
    return this.sides[this.editing];
  }

  fromAddress() {
    const { view, settings } = readAddress(this.data);
    this.playing = false;
    this.turn++;
    this.isWritten = isOurs(this.data);
    Object.assign(this, view);
    this.setSides(settings);
  }

  write() {
    this.isWritten = true;
    writeAddress(this.data, this, this.sides.map(({ settings }) => settings));
  }

  setSides(settings) {
    for (const side of this.sides.splice(settings.length)) side.worker.terminate();
    settings.forEach((chosen, i) => {
      if (this.sides[i]) this.sides[i].settings = chosen;
      else {
        const side = new Side("AB"[i], chosen, this.data.address, (news) => this.hear(side, news));
        this.sides.push(side);
      }
    });
    this.editing = Math.min(this.editing, this.sides.length - 1);
  }

  set(changes) {
    this.side.settings = { ...this.side.settings, ...changes };
    this.write();
    if (this.data.knobs.some(({ name, restarts }) => restarts && name in changes)) this.restart();
    else this.side.send({ change: this.side.forGan });
    fillForm(this);
    refresh(this);
    this.colours = null; // the thumbnail of what is drawn
  }

  compare(isOn) {
    const { settings } = this.sides[0];
    this.setSides(isOn ? [settings, { ...settings }] : [settings]);
    this.editing = this.sides.length - 1;
    this.write();
    this.build();
    this.restart();
  }

  begin(situation) {
    const usual = Object.fromEntries(this.data.knobs.map(({ name, usual }) => [name, usual]));
    this.pause();
    Object.assign(this, { situation, only: "both", speed: "full" });
    this.setSides([{ ...usual, drawn: this.side.settings.drawn, ...this.data.situations[situation].settings }]);
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
    this.turn++;
    this.goal = until;
    for (const side of this.sides) side.hasDiverged = false; // it will say so again
    if (this.speed === "slow") this.playSlowly();
    else this.goOn();
    this.showState();
  }

  // Two sides wait for each other, or the one with less to compute would soon be far ahead.
  goOn() {
    const step = Math.max(...this.sides.map(({ latest }) => latest?.step ?? 0));
    const next = (Math.floor(step / TOGETHER) + 1) * TOGETHER;
    const until = this.sides.length > 1 ? Math.min(this.goal, next) : this.goal;
    for (const side of this.sides) {
      side.hasEnded = Boolean(side.hasDiverged);
      if (!side.hasDiverged) side.send({ run: { only: this.only, until, pause: PAUSES[this.speed] } });
    }
  }

  async playSlowly() {
    while (await this.slowStep(SLOW));
  }

  pause() {
    this.playing = false;
    this.turn++;
    for (const side of this.sides) side.send({ run: null });
    this.light([]);
    this.showState();
  }

  slowStep(time) {
    const { turn } = this;
    const light = (parts, word) => this.light(parts, filledIn(this.data.words[word], valuesOf(this, this.sides[0].latest)));
    return slowStep(this.sides, this.only, time, light, () => turn === this.turn);
  }

  async step() {
    this.pause();
    this.moment = Infinity;
    if (await this.slowStep(this.speed === "slow" ? SLOW : QUICK)) this.light([]);
  }

  // For tests: goes on to that step; what every side looks like there.
  until(step) {
    this.pause();
    this.speed = "full";
    const reached = this.sides.map((side) => new Promise((done) => (side.reached = done)));
    this.play(step);
    return Promise.all(reached);
  }

  hear(side, news) {
    if (news.failed) this.light([], filledIn(this.data.words.failed, { error: news.failed }));
    if (news.why === "ended" || news.why === "diverged") {
      side.hasEnded = true;
      side.hasDiverged = news.why === "diverged";
      if (side.hasDiverged || news.step >= this.goal) side.reached?.(news);
      if (this.playing && this.sides.every(({ hasEnded }) => hasEnded)) this.hasReached() ? this.pause() : this.goOn();
      if (side.hasDiverged) this.light([], this.data.words.diverged);
    } else if (news.step !== undefined) side.hasEnded = false;
    this.redraw();
  }

  hasReached() {
    return this.sides.every(({ hasDiverged, latest }) => hasDiverged || latest.step >= this.goal);
  }

  light(parts, said = "") {
    this.lit = parts;
    for (const box of this.root.querySelectorAll("[data-part]")) box.classList.toggle("lit", parts.includes(box.dataset.part));
    const line = this.root.querySelector(".phase");
    if (line) line.textContent = said;
    this.redraw();
  }

  goTo(index) {
    if (this.playing) this.pause();
    this.moment = this.sides[0].shots[index]?.step ?? Infinity;
    this.redraw();
  }

  // What one sees

  build() {
    this.root.replaceChildren(
      this.situations(),
      this.bar(),
      element("p", { className: "phase", aria: { live: "polite" } }),
      element("div", { className: "body" }, form(this), element("div", { className: "stages" }, ...this.sides.map((side) => this.stage(side)))),
      inPytorch(this),
    );
    this.root.classList.toggle("two", this.sides.length > 1);
    this.colours = null;
    fillForm(this);
    this.showState();
    this.redraw();
  }

  situations() {
    const all = Object.entries(this.data.situations);
    const one = ([name, { title }]) => button("", title, () => this.begin(name), { data: { situation: name } });
    return element("div", { className: "situations" }, ...all.map(one), element("p", { className: "why", aria: { live: "polite" } }));
  }

  bar() {
    const { words } = this.data;
    const setting = (name, title, values) =>
      choice("choice", words[title], values.map((value) => [value, words[value]]), this[name], (value) => {
        const goOn = this.playing;
        if (goOn) this.pause();
        this[name] = value;
        this.write();
        if (goOn) this.play();
      });
    const layer = (name) =>
      toggle(name, words[name], this.shows[name], (isOn) => {
        this.shows[name] = isOn;
        this.write();
        this.redraw();
      });
    const slider = element("input", { type: "range", min: 0, oninput: () => this.goTo(Number(slider.value)), aria: { label: words.time } });
    return element("div", { className: "bar" },
      button("play", "", () => (this.playing ? this.pause() : this.play())),
      button("step", words.step, () => this.step()),
      button("reset", words.reset, () => this.restart()),
      element("div", { className: "time" }, slider, element("output")),
      setting("speed", "speed", ["slow", "calm", "full"]),
      setting("only", "learns", ["both", "discriminator", "generator"]),
      element("div", { className: "shows", role: "group", aria: { label: words.shows } }, ...["field", "arrows", "grid"].map(layer)),
      toggle("two", words.two, this.sides.length > 1, (isOn) => this.compare(isOn)));
  }

  stage(side) {
    const { words } = this.data;
    const box = (name, i) => [...(i ? [element("i", { aria: { hidden: true } }, name === "real" ? "←" : "→")] : []), element("span", { data: { part: name } }, words[name])];
    const picture = element("canvas", { className: "picture", tabIndex: 0, role: "img", aria: { label: words.picture } });
    const drawn = (points) => {
      this.editing = this.sides.indexOf(side);
      this.set({ drawn: points });
    };
    letDraw(picture, side, drawn, () => this.redraw());
    const chart = (name) => element("figure", { data: { chart: name } }, element("figcaption", {}, words[name], element("b")), element("canvas", { role: "img", aria: { label: words[name] } }));
    return element("section", { className: "stage", data: { side: side.name }, aria: { label: side.name } },
      element("p", { className: "differs" }),
      element("div", { className: "flow" }, ...PARTS.flatMap(box)),
      element("div", { className: "screen" }, picture, element("p", { className: "words" })),
      element("div", { className: "charts" }, ...CHARTS.map(chart)));
  }

  stageOf(side) {
    return this.root.querySelector(`[data-side=${side.name}]`);
  }

  showState() {
    const play = this.root.querySelector("button.play");
    if (!play) return;
    play.textContent = this.playing ? this.data.words.pause : this.data.words.play;
    play.classList.toggle("playing", this.playing);
  }

  redraw() {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      if (this.root.isConnected && this.given) this.draw();
    });
  }

  draw() {
    this.readColours();
    const isTalking = !this.playing || performance.now() - this.saidAt > WORDS_EVERY;
    if (isTalking) this.saidAt = performance.now();
    for (const side of this.sides) {
      const shot = side.at(this.moment);
      if (shot) this.drawSide(side, shot, isTalking);
    }
    if (isTalking) this.showTime();
  }

  // The reader may choose another theme at any time.
  readColours() {
    const theme = getComputedStyle(this.root).color;
    if (this.theme === theme && this.colours) return;
    Object.assign(this, { theme, colours: coloursOf(this.root) });
    for (const { dataset, firstChild } of this.root.querySelectorAll("[data-shape]")) drawThumbnail(firstChild, dataset.shape, this.side.settings.drawn, this.colours);
  }

  drawSide(side, shot, isTalking) {
    const stage = this.stageOf(side);
    const shows = { ...this.shows, arrows: this.shows.arrows || this.lit.includes("arrows") };
    drawPicture(stage.querySelector(".picture"), shot, side.real, shows, this.colours, side.cursor);
    const past = [...side.shots, side.latest];
    const steps = past.map(({ step }) => step);
    for (const [name, [options, ...curves]] of Object.entries(this.curves(past, shot))) {
      const figure = stage.querySelector(`[data-chart=${name}]`);
      drawChart(figure.querySelector("canvas"), steps, curves, shot.step, options, this.number, this.colours);
      if (isTalking) sayChart(this, figure, curves, shot);
    }
    if (!isTalking) return;
    stage.querySelector(".words").textContent = inWords(this, side, shot);
    Object.assign(stage.dataset, { step: shot.step, covered: shot.covered });
  }

  // Of each chart: how its axis is, and its curves.
  curves(past, shot) {
    const { real, fake, text } = this.colours;
    const values = (name) => past.map((one) => one[name]);
    return {
      losses: [{}, { colour: real, values: values("discriminatorLoss") }, { colour: fake, values: values("generatorLoss"), dash: [5, 3] }],
      gradient: [{ isLog: true }, { colour: fake, values: values("gradientNorm") }],
      modes: [{ low: 0, high: shot.modes }, { colour: text, values: values("covered") }],
    };
  }

  showTime() {
    const { shots } = this.sides[0];
    const slider = this.root.querySelector(".time input");
    const isNow = this.moment === Infinity;
    slider.max = shots.length;
    slider.value = isNow ? shots.length : shots.findLastIndex(({ step }) => step <= this.moment);
    const shot = this.sides[0].at(this.moment);
    const when = shot ? filledIn(this.data.words.at, valuesOf(this, shot)) : "";
    this.root.querySelector(".time output").textContent = when;
    slider.setAttribute("aria-valuetext", isNow ? `${when} (${this.data.words.now})` : when);
  }
}
