// The visitor's own points: drawn by pointer, or by arrow keys and Enter.
import { VIEW } from "./snapshot.js";

const MOST = 60; // points
const APART = 0.2; // at least, between two of them
const STRIDE = 0.2; // of an arrow key
const MOVES = { ArrowLeft: [-STRIDE, 0], ArrowRight: [STRIDE, 0], ArrowUp: [0, STRIDE], ArrowDown: [0, -STRIDE] };

const within = (value) => Math.max(-VIEW, Math.min(VIEW, value));

// drawn(points): called with all points when there is one more; moved(): when the cursor, side.cursor, has moved.
export function letDraw(canvas, side, drawn, moved) {
  const isOn = () => side.settings.shape === "drawn";
  const put = (point) => {
    const before = side.settings.drawn;
    const isNear = before.some(([x, y]) => Math.hypot(x - point[0], y - point[1]) < APART);
    if (before.length < MOST && !isNear) drawn([...before, point.map((value) => Math.round(value * 100) / 100)]);
  };
  const placeOf = ({ offsetX, offsetY }) => [within(((2 * offsetX) / canvas.clientWidth - 1) * VIEW), within((1 - (2 * offsetY) / canvas.clientHeight) * VIEW)];
  canvas.onpointerdown = canvas.onpointermove = (event) => isOn() && event.buttons === 1 && put(placeOf(event));
  canvas.onkeydown = (event) => {
    const move = MOVES[event.key];
    if (!isOn() || !(move || event.key === "Enter")) return;
    event.preventDefault();
    side.cursor ??= [0, 0];
    if (move) side.cursor = side.cursor.map((value, i) => within(value + move[i]));
    else put(side.cursor);
    moved();
  };
  canvas.onblur = () => {
    side.cursor = null;
    moved();
  };
}
