// The grid is one image: where it is clicked says which picture is meant. They are counted from 1, row by row.
export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".picture-grid");
  const [image, mark] = [root.querySelector("img"), root.querySelector(".mark")];
  const { columns, pictures, number } = data;
  const rows = Math.ceil(pictures / columns);
  root.style.setProperty("--columns", columns);
  root.style.setProperty("--rows", rows);
  root.title = data.hint;

  const source = `data:image/png;base64,${data.png}`;
  if (image.src !== source) image.src = source;
  image.alt = data.alt;

  mark.hidden = !number;
  if (number) {
    const [row, column] = [Math.floor((number - 1) / columns), (number - 1) % columns];
    Object.assign(mark.style, {
      left: `${(100 * column) / columns}%`, top: `${(100 * row) / rows}%`,
      width: `${100 / columns}%`, height: `${100 / rows}%`,
    });
  }

  root.onclick = (event) => {
    const box = image.getBoundingClientRect();
    const column = Math.floor(((event.clientX - box.left) / box.width) * columns);
    const row = Math.floor(((event.clientY - box.top) / box.height) * rows);
    const clicked = row * columns + column + 1;
    if (clicked <= pictures) setTriggerValue("picked", clicked);
  };
}
