// What the teacher says to all. Asked for every two seconds; a hidden tab asks when it is looked at again.
const TICK = 2000;

function show(root, notice, words) {
  const lines = [];
  if (notice.said) lines.push(["said", `${words.says}: ${notice.said}`]);
  if (notice.paused) lines.push(["paused", words.paused]);
  if (notice.ending) lines.push(["paused", words.ending]);
  const shown = JSON.stringify(lines);
  if (root.dataset.shown === shown) return; // a screen reader would read it anew
  root.dataset.shown = shown;
  root.replaceChildren(...lines.map(([kind, text]) => {
    const line = document.createElement("p");
    line.className = kind;
    line.textContent = text; // whatever it is, it is text
    return line;
  }));
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".class-notice");
  root.ganWorkbenchStop?.();
  show(root, data.notice, data.words);
  let ended = false, timer = 0;
  const ask = async () => {
    try {
      const answer = document.hidden ? null : await fetch(new URL("live/notice", document.baseURI));
      if (ended) return;
      // Who is no longer in the class is shown how to come in.
      if (answer?.status === 204) return setTriggerValue("task", "left");
      if (answer?.ok) {
        const notice = await answer.json();
        show(root, notice, data.words);
        // Said again at the next tick if nothing came of it: this part is called anew once the page knows the task.
        if (notice.task !== data.notice.task) setTriggerValue("task", `task ${notice.task}`);
      }
    } catch {
      // The server is away; it may come back.
    }
    if (!ended) timer = setTimeout(ask, TICK);
  };
  timer = setTimeout(ask, TICK);
  document.addEventListener("visibilitychange", root.ganWorkbenchLook = () => {
    if (!document.hidden) { clearTimeout(timer); ask(); }
  });
  root.ganWorkbenchStop = () => {
    ended = true;
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", root.ganWorkbenchLook);
  };
  return root.ganWorkbenchStop;
}
