// The grid is one image: the position of a click gives the picture. They are counted from 1, row by row.
export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".picture-grid");
  const [image, mark, slider] = ["img", ".mark", "input"].map((name) => root.querySelector(name));
  const { columns, pictures, number } = data;
  const rows = Math.ceil(pictures / columns);
  root.style.setProperty("--columns", columns);
  root.style.setProperty("--rows", rows);
  root.title = data.hint;

  const source = `data:image/png;base64,${data.png}`;
  if (image.src !== source) image.src = source;
  image.alt = data.alt;

  const lay = (over, outlined) => {
    const [row, column] = [Math.floor((outlined - 1) / columns), (outlined - 1) % columns];
    Object.assign(over.style, {
      left: `${(100 * column) / columns}%`, top: `${(100 * row) / rows}%`,
      width: `${100 / columns}%`, height: `${100 / rows}%`,
    });
  };
  const outline = (outlined) => {
    mark.hidden = !outlined;
    if (outlined) lay(mark, outlined);
  };
  for (const old of root.querySelectorAll(".stop")) old.remove();
  data.stops.forEach((stop, place) => {
    const over = document.createElement("div");
    over.className = "stop";
    over.innerHTML = `<span>${place + 1}</span>`;
    lay(over, stop);
    mark.before(over);
  });
  const pick = (picked) => { if (picked <= pictures) setTriggerValue("picked", picked); };

  root.onclick = (event) => {
    const box = image.getBoundingClientRect();
    const column = Math.floor(((event.clientX - box.left) / box.width) * columns);
    const row = Math.floor(((event.clientY - box.top) / box.height) * rows);
    pick(row * columns + column + 1);
  };

  slider.setAttribute("aria-label", data.keys);
  slider.max = pictures;
  if (root.dataset.number !== `${number}`) slider.value = number ?? 1;
  root.dataset.number = number;
  const outlineChosen = () => outline(Number(slider.value));
  slider.oninput = outlineChosen;
  slider.onfocus = outlineChosen;
  slider.onblur = () => outline(number);
  slider.onkeydown = (event) => {
    const rowwise = { ArrowUp: -columns, ArrowDown: columns }[event.key];
    if (!rowwise && event.key !== "Enter") return;
    event.preventDefault();
    if (!rowwise) return pick(Number(slider.value));
    const wanted = Number(slider.value) + rowwise;
    if (wanted >= 1 && wanted <= pictures) slider.value = wanted;
    outlineChosen();
  };
  if (document.activeElement === slider) outlineChosen();
  else outline(number);
}
