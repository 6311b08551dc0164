const SIDE = 280; // pixels of the board
const PEN = 24;

function build(root) {
  root.innerHTML = `<div class="board"><canvas width="${SIDE}" height="${SIDE}" role="img"></canvas><span class="hint"></span></div>
    <div class="buttons"><button type="button"></button><button type="button"></button></div>`;
  return { strokes: [], pen: null };
}

// A stroke is a line through points; a single point is a dot.
function draw(canvas, strokes) {
  const context = canvas.getContext("2d");
  context.fillStyle = "black";
  context.fillRect(0, 0, SIDE, SIDE);
  Object.assign(context, { strokeStyle: "white", lineWidth: PEN, lineCap: "round", lineJoin: "round" });
  for (const [first, ...others] of strokes) {
    context.beginPath();
    context.moveTo(...first);
    for (const point of others.length ? others : [first]) context.lineTo(...point);
    context.stroke();
  }
}

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".drawing");
  const board = root.ganWorkbenchBoard ??= build(root);
  const [canvas, hint] = ["canvas", ".hint"].map((name) => root.querySelector(name));
  const [undo, clear] = root.querySelectorAll("button");
  const { words } = data;
  canvas.setAttribute("aria-label", words.board);
  [hint.textContent, undo.textContent, clear.textContent] = [words.hint, words.undo, words.clear];

  const show = () => {
    draw(canvas, board.strokes);
    hint.hidden = board.strokes.length > 0;
    undo.disabled = clear.disabled = !board.strokes.length;
  };
  const send = () => setStateValue("png", board.strokes.length ? canvas.toDataURL("image/png") : "");
  const change = (strokes) => { board.strokes = strokes; show(); send(); };
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * SIDE, ((event.clientY - box.top) / box.height) * SIDE];
  };

  canvas.onpointerdown = (event) => {
    if (board.pen !== null || event.button) return;
    event.preventDefault();
    board.pen = event.pointerId;
    canvas.setPointerCapture(event.pointerId);
    board.strokes = [...board.strokes, [place(event)]];
    show();
  };
  canvas.onpointermove = (event) => {
    if (event.pointerId !== board.pen) return;
    board.strokes.at(-1).push(place(event));
    show();
  };
  canvas.onpointerup = canvas.onpointercancel = (event) => {
    if (event.pointerId !== board.pen) return;
    board.pen = null;
    send();
  };
  undo.onclick = () => change(board.strokes.slice(0, -1));
  clear.onclick = () => change([]);
  show();
}
