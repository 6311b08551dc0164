const BATCH = 20; // pictures drawn at a time; then the browser may show them and take clicks
const WIDEST = 20; // pictures in a row
const OFF = 3; // truncation's right end
const ZOOM = 4; // of the saved picture

const page = JSON.parse(document.getElementById("page").textContent);
const find = (selector) => document.querySelector(selector);
const written = (number, digits = 0) =>
  number.toLocaleString(page.language, { minimumFractionDigits: digits, maximumFractionDigits: digits });

// The parts of this file

// Bytes of what is kept compressed, as letters, in an element.
async function unpacked(id) {
  const element = document.getElementById(id);
  const bytes = Uint8Array.from(atob(element.textContent), (letter) => letter.charCodeAt(0));
  element.remove();
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// A function that draws: latents [N, latentDim], weights of the classes [N, classes] and truncation -> [N, C, H, W].
async function loadModel() {
  const [runtime, wasm, model] = await Promise.all(["runtime", "wasm", "model"].map(unpacked));
  const address = URL.createObjectURL(new Blob([runtime], { type: "text/javascript" }));
  const ort = await import(address);
  ort.env.wasm.numThreads = 1; // several need a server's headers, and a file has no server
  ort.env.wasm.wasmBinary = wasm;
  const session = await ort.InferenceSession.create(model, { executionProviders: ["wasm"] });
  return async (latents, classes, truncation) => {
    const count = latents.length / page.latentDim;
    const inputs = {
      latents: new ort.Tensor("float32", latents, [count, page.latentDim]),
      truncation: new ort.Tensor("float32", [truncation >= OFF ? Infinity : truncation], []),
    };
    if (page.classes.length) inputs.classes = new ort.Tensor("float32", classes, [count, page.classes.length]);
    return (await session.run(inputs)).images.data;
  };
}

// What is wished

const chosenClasses = () => [...document.querySelectorAll("#classes input:checked")].map((box) => Number(box.value));

function wishes() {
  const ofEach = Number(find("#count").value);
  const labels = page.classes.length ? chosenClasses().flatMap((label) => Array(ofEach).fill(label)) : Array(ofEach).fill(0);
  const columns = page.classes.length ? ofEach : Math.ceil(Math.sqrt(1.5 * ofEach));
  const seed = Math.min(Math.max(Math.floor(Number(find("#seed").value)) || 0, 0), 2 ** 31 - 1);
  return { labels, seed, truncation: Number(find("#truncation").value), columns: Math.min(columns, WIDEST) };
}

// Weights of the classes [N, classes]: all on the label, or a share of it on another class.
function weights(labels, towards = 0, share = 0) {
  const all = new Float32Array(labels.length * page.classes.length);
  labels.forEach((label, row) => {
    const start = row * page.classes.length;
    if (all.length) all[start + label] += 1 - share;
    if (share) all[start + towards] += share;
  });
  return all;
}

// Pictures on a canvas

function put(context, images, number, column, row) {
  const { size, channels } = page;
  const pixels = new ImageData(size, size);
  const start = number * channels * size * size;
  for (let i = 0; i < size * size; i++) {
    for (let c = 0; c < 3; c++) {
      pixels.data[4 * i + c] = Math.round(images[start + (c % channels) * size * size + i] * 127.5 + 127.5);
    }
    pixels.data[4 * i + 3] = 255;
  }
  context.putImageData(pixels, column * size, row * size);
}

// Calls for the newest wish alone: what is asked for while it draws begins anew once a batch is done.
function newestOnly(work) {
  let busy = false, again = false;
  return async () => {
    again = true;
    if (busy) return;
    busy = true;
    while (again) {
      again = false;
      await work(() => again);
    }
    busy = false;
  };
}

// What is shown

let draw; // as `loadModel` gives it
let turn = Promise.resolve();
let shown, latents; // the wishes that the grid shows, and the random numbers of its pictures
const grid = find("#grid"), canvas = find("#grid canvas"), mark = find("#mark");

// The runtime draws one thing after the other.
const inTurn = (...inputs) => (turn = turn.then(() => draw(...inputs)));

const drawGrid = newestOnly(async (isOld) => {
  shown = wishes();
  delete document.body.dataset.drawn;
  const { labels, seed, truncation, columns } = shown;
  latents = standardNormal(seed, labels.length * page.latentDim);
  sizeGrid(columns, Math.max(Math.ceil(labels.length / columns), 1));
  showOne();
  for (let first = 0; first < labels.length && !isOld(); first += BATCH) {
    const some = labels.slice(first, first + BATCH);
    const numbers = latents.slice(first * page.latentDim, (first + some.length) * page.latentDim);
    const images = await inTurn(numbers, weights(some), truncation);
    const context = canvas.getContext("2d");
    some.forEach((_, i) => put(context, images, i, (first + i) % columns, Math.floor((first + i) / columns)));
    await new Promise((done) => setTimeout(done));
  }
  if (!isOld()) document.body.dataset.drawn = labels.length; // for whoever waits
});

function sizeGrid(columns, rows) {
  const count = shown.labels.length;
  // Setting a canvas's size clears it.
  if (canvas.width !== columns * page.size || canvas.height !== rows * page.size || !count) {
    [canvas.width, canvas.height] = [columns * page.size, rows * page.size];
  }
  grid.style.setProperty("--columns", columns);
  grid.style.setProperty("--rows", rows);
  canvas.setAttribute("aria-label", page.words.pictures.replace("{count}", written(count)));
  find("#number").max = Math.max(count, 1);
  find("#save").disabled = !count;
}

// The picked picture, as it was drawn and changed.
const showOne = newestOnly(async () => {
  const { labels, truncation } = shown;
  const number = Math.min(Math.max(Math.floor(Number(find("#number").value)) || 1, 1), labels.length);
  find("#one").hidden = mark.hidden = number < 1;
  if (number < 1) return;
  outline(number);
  const own = latents.slice((number - 1) * page.latentDim, number * page.latentDim);
  const label = labels[number - 1], share = Number(find("#share").value) / 100;
  const classes = [...weights([label], Number(find("#towards").value), share), ...weights([label])];
  const images = await inTurn(Float32Array.from([...moved(own), ...own]), Float32Array.from(classes), truncation);
  document.querySelectorAll("#pair canvas").forEach((one, i) => put(one.getContext("2d"), images, i, 0, 0));
});

function outline(number) {
  const { columns, labels } = shown;
  const [width, height] = [100 / columns, 100 / Math.ceil(labels.length / columns)];
  const [column, row] = [(number - 1) % columns, Math.floor((number - 1) / columns)];
  const place = { left: column * width, top: row * height, width, height };
  for (const [name, value] of Object.entries(place)) mark.style[name] = `${value}%`;
}

// Latents, moved by the sliders along the directions.
function moved(latents) {
  const numbers = Float32Array.from(latents);
  page.directions.forEach((direction, i) => {
    const amount = Number(find(`#direction-${i}`).value);
    direction.forEach((value, j) => { numbers[j] += amount * value; });
  });
  return numbers;
}

// Controls

function element(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function buildControls() {
  for (const one of document.querySelectorAll("#pair canvas")) one.width = one.height = page.size;
  const count = find("#count");
  [count.max, count.value] = page.classes.length ? [10, 10] : [100, 54];
  find("#classes").hidden = find("#mix").hidden = !page.classes.length;
  find("#classes div").append(...page.classes.map((name, value) =>
    element("label", {}, element("input", { type: "checkbox", value, checked: value < 10 }), name)));
  find("#towards").append(...page.classes.map((name, value) => element("option", { value, textContent: name, selected: value === 1 })));
  find("#directions").append(...page.directions.map((_, i) => {
    const id = `direction-${i}`;
    const label = element("label", { htmlFor: id }, page.names[i] || page.words.direction.replace("{number}", i + 1));
    const slider = element("input", { type: "range", id, min: -3, max: 3, step: 0.1, value: 0 });
    return element("p", {}, label, element("output", { htmlFor: id }), slider);
  }));
}

function showNumbers() {
  find("output[for=count]").value = written(Number(find("#count").value));
  find("output[for=truncation]").value = written(Number(find("#truncation").value), 1);
  find("output[for=share]").value = `${find("#share").value} %`;
  page.directions.forEach((_, i) => {
    find(`output[for=direction-${i}]`).value = written(Number(find(`#direction-${i}`).value), 1);
  });
}

function pick({ offsetX, offsetY }) {
  const side = canvas.clientWidth / shown.columns;
  const number = Math.floor(offsetY / side) * shown.columns + Math.floor(offsetX / side) + 1;
  if (number > shown.labels.length) return;
  find("#number").value = number;
  showOne();
}

function back() {
  for (const slider of document.querySelectorAll("#one [type=range]")) slider.value = 0;
  showNumbers();
  showOne();
}

function save() {
  const large = document.createElement("canvas");
  [large.width, large.height] = [canvas.width * ZOOM, canvas.height * ZOOM];
  const context = large.getContext("2d");
  context.imageSmoothingEnabled = false;
  context.drawImage(canvas, 0, 0, large.width, large.height);
  element("a", { href: large.toDataURL(), download: `${page.file}-seed-${shown.seed}.png` }).click();
}

function listen() {
  find("#wishes").addEventListener("input", () => { showNumbers(); drawGrid(); });
  find("#wishes").addEventListener("submit", (event) => event.preventDefault());
  find("#one").addEventListener("input", () => { showNumbers(); showOne(); });
  find("#new").onclick = () => { find("#seed").value = Math.floor(Math.random() * 1e6); drawGrid(); };
  find("#back").onclick = back;
  find("#save").onclick = save;
  canvas.onclick = pick;
}

try {
  draw = await loadModel();
  buildControls();
  listen();
  showNumbers();
  find("main").hidden = false;
  find("#status").hidden = true;
  await drawGrid();
} catch (error) {
  find("#status").hidden = false;
  find("#status").textContent = page.words.failed;
  throw error;
}
