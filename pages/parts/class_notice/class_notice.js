// What the teacher says to all. Asked for every two seconds; a hidden tab asks when it is looked at again.
const TICK = 2000;
const PATIENCE = 3; // ticks

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

// Who is no longer in the class is shown how to come in, by the page's script, once it has run. If it has not after some
// ticks, the page's websocket was opened with a cookie that the browser has lost, and the page begins anew.
function leave(root, setTriggerValue) {
  const asked = root.ganWorkbenchLeft = (root.ganWorkbenchLeft ?? 0) + 1;
  if (asked === 1) setTriggerValue("task", "left");
  if (asked < PATIENCE) return;
  const url = new URL(location.href);
  url.searchParams.set("why", "gone");
  history.replaceState(null, "", url);
  location.reload();
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
      if (answer?.status === 204) leave(root, setTriggerValue);
      else if (answer?.ok) {
        root.ganWorkbenchLeft = 0;
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
