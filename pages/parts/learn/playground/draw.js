// Draws a snapshot, and the curves of many, on a canvas.
import { shapeOf } from "./shapes.js";
import { FIELD, LINES, VIEW } from "./snapshot.js";

// As many pixels as the screen has; returns the context, with lengths in CSS pixels, and the canvas's size in them.
function begin(canvas) {
  const [width, height] = [canvas.clientWidth || 300, canvas.clientHeight || 150];
  const density = Math.min(window.devicePixelRatio || 1, 2);
  if (canvas.width !== Math.round(width * density)) canvas.width = Math.round(width * density);
  if (canvas.height !== Math.round(height * density)) canvas.height = Math.round(height * density);
  const context = canvas.getContext("2d");
  context.setTransform(density, 0, 0, density, 0, 0);
  context.clearRect(0, 0, width, height);
  return [context, width, height];
}

// The colours of the page's theme, as [red, green, blue] or CSS.
export function coloursOf(root) {
  const style = getComputedStyle(root);
  const probe = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const read = (name) => {
    const helper = document.createElement("i");
    helper.style.color = `var(${name})`;
    root.append(helper);
    probe.fillStyle = getComputedStyle(helper).color;
    helper.remove();
    probe.fillRect(0, 0, 1, 1);
    return [...probe.getImageData(0, 0, 1, 1).data.slice(0, 3)];
  };
  return {
    real: read("--colour-discriminator"), fake: read("--colour-generator"),
    ground: read("--st-background-color"), text: read("--st-text-color"), font: style.fontFamily,
  };
}

// What stands for a shape that is still to be drawn.
const PENCIL = Array.from({ length: 9 }, (_none, i) => [i / 2.5 - 1.6, Math.sin(i * 0.9)]);

const css = ([r, g, b], alpha = 1) => `rgb(${r} ${g} ${b} / ${alpha})`;

const heat = document.createElement("canvas");
heat.width = heat.height = FIELD;

// From the generator's colour (looks generated) over the ground's (0.5) to the discriminator's (looks real).
function drawField(context, size, field, colours) {
  const image = new ImageData(FIELD, FIELD);
  field.forEach((value, i) => {
    const away = 0.55 * Math.min(1, Math.abs(2 * value - 1)) ** 0.7;
    const towards = value > 0.5 ? colours.real : colours.fake;
    for (let c = 0; c < 3; c++) image.data[4 * i + c] = colours.ground[c] + away * (towards[c] - colours.ground[c]);
    image.data[4 * i + 3] = 255;
  });
  heat.getContext("2d").putImageData(image, 0, 0);
  context.drawImage(heat, 0, 0, size, size);
}

// The line where the field is 0.5: in each square between four middles, from edge to edge (marching squares).
function drawBorder(context, size, field, colours) {
  const square = size / FIELD;
  context.beginPath();
  for (let row = 0; row < FIELD - 1; row++) {
    for (let column = 0; column < FIELD - 1; column++) {
      const corners = [[0, 0], [0, 1], [1, 1], [1, 0]].map(([down, right]) => [right, down, field[(row + down) * FIELD + column + right] - 0.5]);
      const crossings = corners.flatMap(([x, y, value], i) => {
        const [x2, y2, other] = corners[(i + 1) % 4];
        const share = value / (value - other);
        return value > 0 === other > 0 ? [] : [[column + 0.5 + x + share * (x2 - x), row + 0.5 + y + share * (y2 - y)]];
      });
      crossings.forEach(([x, y], i) => context[i % 2 ? "lineTo" : "moveTo"](x * square, y * square));
    }
  }
  context.strokeStyle = css(colours.text, 0.75);
  context.lineWidth = 1.5;
  context.setLineDash([6, 4]);
  context.stroke();
  context.setLineDash([]);
}

function drawGrid(context, place, grid, colours) {
  context.beginPath();
  for (let i = 0; i < LINES; i++) {
    for (const along of [(j) => i * LINES + j, (j) => j * LINES + i]) {
      for (let j = 0; j < LINES; j++) {
        const at = 2 * along(j);
        context[j ? "lineTo" : "moveTo"](...place(grid[at], grid[at + 1]));
      }
    }
  }
  context.strokeStyle = css(colours.fake, 0.5);
  context.lineWidth = 0.8;
  context.stroke();
}

// Circles, hollow for real points and filled for generated ones, so that they differ without colours too.
function drawPoints(context, place, points, colour, isFilled, ground) {
  context.beginPath();
  for (let i = 0; i < points.length; i += 2) {
    const [x, y] = place(points[i], points[i + 1]);
    const radius = isFilled ? 2.4 : 2.6;
    context.moveTo(x + radius, y);
    context.arc(x, y, radius, 0, 2 * Math.PI);
  }
  context.lineWidth = isFilled ? 0.6 : 1.2;
  context.strokeStyle = isFilled ? css(ground, 0.8) : css(colour, 0.9);
  context.fillStyle = css(colour, isFilled ? 0.9 : 0.12);
  context.stroke();
  context.fill(); // over the rims, or a dense crowd would be all rims
}

// A pull of 0.1 is an arrow of 10 pixels, one of 1 of 40, none is longer than 60: it would cover the picture.
function drawArrows(context, place, { points, pulls }, colours) {
  context.beginPath();
  for (let i = 0; i < pulls.length; i += 2) {
    const strength = Math.hypot(pulls[i], pulls[i + 1]);
    const length = (60 * strength) / (0.5 + strength);
    if (!(length > 3)) continue;
    const [x, y] = place(points[i], points[i + 1]);
    const [right, down] = [(length * pulls[i]) / strength, (-length * pulls[i + 1]) / strength];
    const [tipX, tipY, head] = [x + right, y + down, Math.min(6, length / 2) / length];
    context.moveTo(x, y);
    context.lineTo(tipX, tipY);
    for (const side of [0.6, -0.6]) {
      context.moveTo(tipX, tipY);
      context.lineTo(tipX - head * (right - side * down), tipY - head * (down + side * right));
    }
  }
  context.strokeStyle = css(colours.text, 0.85);
  context.lineWidth = 1.3;
  context.stroke();
}

// shows: which of field, grid, arrows, points; cursor: [x, y] of the keyboard's, when the visitor draws.
export function drawPicture(canvas, shot, real, shows, colours, cursor) {
  const [context, size] = begin(canvas);
  const place = (x, y) => [((x + VIEW) / (2 * VIEW)) * size, ((VIEW - y) / (2 * VIEW)) * size];
  if (shows.field) drawField(context, size, shot.field, colours);
  if (shows.field) drawBorder(context, size, shot.field, colours);
  if (shows.grid) drawGrid(context, place, shot.grid, colours);
  drawPoints(context, place, real, colours.real, false, colours.ground);
  drawPoints(context, place, shot.points, colours.fake, true, colours.ground);
  if (shows.arrows) drawArrows(context, place, shot, colours);
  if (!cursor) return;
  const [x, y] = place(...cursor);
  context.strokeStyle = css(colours.text);
  context.strokeRect(x - 6, y - 6, 12, 12);
}

export function drawThumbnail(canvas, name, drawn, colours) {
  const [context, size] = begin(canvas);
  const { centres } = shapeOf(name, drawn);
  context.fillStyle = css(colours.real);
  for (const [x, y] of name === "drawn" && !drawn.length ? PENCIL : centres) {
    context.beginPath();
    context.arc(((x + 2.4) / 4.8) * size, ((2.4 - y) / 4.8) * size, size / 22, 0, 2 * Math.PI);
    context.fill();
  }
}

// Curves over steps: curves are [{ colour, values }], one value a step; `at` is the moment that the picture shows.
export function drawChart(canvas, steps, curves, at, { isLog, low, high }, format, colours) {
  const [context, width, height] = begin(canvas);
  const [left, bottom, top] = [52, height - 4, 8];
  const scaled = (value) => (isLog ? Math.log10(Math.max(value, 1e-12)) : value);
  const all = curves.flatMap(({ values }) => values.filter(Number.isFinite).map(scaled));
  let [from, to] = [Math.min(low ?? Infinity, ...all), Math.max(high ?? -Infinity, ...all)];
  if (!(to - from > 1e-3)) [from, to] = Number.isFinite(from) ? [from - 0.5, to + 0.5] : [0, 1];
  const last = Math.max(1, steps.at(-1) ?? 1);
  const x = (step) => left + (step / last) * (width - left - 6);
  const y = (value) => bottom - ((scaled(value) - from) / (to - from)) * (bottom - top);
  context.font = `11px ${colours.font}`;
  context.textAlign = "right";
  context.textBaseline = "middle";
  context.fillStyle = css(colours.text, 0.75);
  context.strokeStyle = css(colours.text, 0.15);
  context.lineWidth = 1;
  for (const value of [from, (from + to) / 2, to]) {
    const height = bottom - ((value - from) / (to - from)) * (bottom - top);
    context.fillText(format(isLog ? 10 ** value : value), left - 5, Math.min(height, bottom - 5));
    context.strokeRect(left, height, width - left, 0);
  }
  for (const { colour, values, dash } of curves) {
    context.beginPath();
    let isDown = false;
    values.forEach((value, i) => {
      const isThere = Number.isFinite(value);
      if (isThere) context[isDown ? "lineTo" : "moveTo"](x(steps[i]), y(value));
      isDown = isThere;
    });
    context.strokeStyle = css(colour);
    context.lineWidth = 1.6;
    context.setLineDash(dash ?? []);
    context.stroke();
    context.setLineDash([]);
  }
  context.strokeStyle = css(colours.text, 0.6);
  if (at < last) context.strokeRect(x(at), top, 0, bottom - top);
}
