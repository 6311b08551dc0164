// The list of lessons. What has been answered is kept in this browser (progress.js).

function entry({ name, title, questions, exercises }, { shown, words }, answered, open) {
  const item = element("li", "");
  const link = element("a", "", title);
  const address = new URL(document.location);
  address.search = new URLSearchParams({ lesson: name });
  link.href = address;
  if (name === shown) link.setAttribute("aria-current", "page");
  link.onclick = (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return; // opens another tab
    event.preventDefault();
    open(name);
  };
  item.append(link);
  const done = questions.filter((one) => answered[one] === "right").length + exercises.filter((one) => answered[one]).length;
  if (done) {
    const count = questions.length + exercises.length;
    const all = done === count;
    const said = all ? words.done : words.some.replace("{right}", done).replace("{all}", count);
    const mark = element("span", all ? "mark done" : "mark", all ? "✓" : `${done}/${count}`);
    mark.title = said;
    mark.setAttribute("aria-label", said);
    mark.setAttribute("role", "img");
    item.append(mark);
  }
  return item;
}

function tools(progress, words) {
  const line = element("p", "tools");
  const save = element("button", "", words.export);
  save.onclick = () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([JSON.stringify(progress.all(), null, 2)], { type: "application/json" }));
    link.download = "gan-workbench-answers.json";
    link.click();
    URL.revokeObjectURL(link.href);
  };
  const reset = element("button", "", words.reset);
  reset.onclick = () => {
    if (reset.dataset.asked) progress.forget();
    else { reset.dataset.asked = "yes"; reset.textContent = words.sure; }
  };
  reset.onblur = () => { delete reset.dataset.asked; reset.textContent = words.reset; };
  line.append(save, reset);
  return line;
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".contents");
  root.setAttribute("aria-label", data.words.lessons);
  let ended = false, stop = () => {};
  import(new URL("live/progress.js", document.baseURI)).then((progress) => {
    const draw = () => {
      const answered = progress.all();
      const list = element("ol", "");
      list.append(...data.lessons.map((lesson) => entry(lesson, data, answered, (name) => setTriggerValue("open", name))));
      root.replaceChildren(list, ...(Object.keys(answered).length ? [tools(progress, data.words)] : []));
    };
    if (ended) return;
    progress.belongTo(data.person);
    draw();
    stop = progress.watch(draw);
  });
  return () => { ended = true; stop(); };
}
