// A file is fetched piece by piece and handed to the browser when it is whole. What was begun goes on while the page is
// drawn anew, and ends when it is left.
function keep(parts, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(parts));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function build(root) {
  root.innerHTML = `<div class="buttons"></div><progress hidden></progress><p class="how-far"></p><p role="status"></p><p role="alert"></p>`;
  root.ganWorkbenchFile = null;
}

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".drawn-files");
  if (!root.firstChild) build(root);
  const [buttons, bar] = [root.querySelector(".buttons"), root.querySelector("progress")];
  // How far it is changes too often to be read out; the bar tells whoever asks.
  const [far, status, alert] = [".how-far", "[role=status]", "[role=alert]"].map((name) => root.querySelector(name));
  const { words } = data;
  clearTimeout(root.ganWorkbenchEnding);

  const show = () => {
    const cancel = root.ganWorkbenchFile;
    buttons.replaceChildren(...data.files.map((file) => {
      const button = document.createElement("button");
      Object.assign(button, { type: "button", textContent: file.label, disabled: Boolean(cancel) || !file.can_be_made });
      button.onclick = () => make(file);
      return button;
    }));
    bar.hidden = !cancel;
    if (!cancel) return;
    const button = document.createElement("button");
    Object.assign(button, { type: "button", textContent: words.cancel, onclick: () => cancel.abort() });
    buttons.append(button);
    button.focus();
  };

  const make = async (file) => {
    const cancel = root.ganWorkbenchFile = new AbortController();
    const parts = [];
    let pictures = 0;
    [far.textContent, status.textContent, alert.textContent] = [words.begin, "", ""];
    bar.removeAttribute("value");
    bar.setAttribute("aria-label", file.label);
    show();
    try {
      await readPieces(file.path, cancel.signal, (all) => { pictures = all; }, (drawn, bytes) => {
        if (pictures) { // a file without any is made before it is sent
          [bar.max, bar.value] = [pictures, drawn];
          far.textContent = drawn < pictures ? howFar(words.drawn, drawn, pictures) : words.making;
        }
        if (bytes.length) parts.push(bytes);
      });
      keep(parts, file.name);
      status.textContent = words.kept.replace("{name}", file.name);
    } catch (error) {
      if (cancel.signal.aborted) status.textContent = words.cancelled;
      else alert.textContent = error instanceof Refusal ? error.message : words.broken;
    }
    far.textContent = "";
    root.ganWorkbenchFile = null;
    show();
  };

  if (!root.ganWorkbenchFile) show();
  return () => { root.ganWorkbenchEnding = setTimeout(() => root.ganWorkbenchFile?.abort(), 1000); };
}
