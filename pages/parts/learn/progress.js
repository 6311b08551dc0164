// What a reader has answered, kept in this browser: { "the-loss/start": "right", ... }. All tabs hear of a change.

const KEY = "gan-workbench-answers";
const changed = new EventTarget();

function read() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    return kept && typeof kept === "object" && !Array.isArray(kept) ? kept : {};
  } catch {
    return {}; // a browser may refuse, or somebody has written nonsense there
  }
}

function write(answers) {
  try {
    localStorage.setItem(KEY, JSON.stringify(answers));
  } catch {
    // nothing is kept then
  }
  changed.dispatchEvent(new Event("change"));
}

export const all = read;

// Who was right once stays so.
export function note(name, answer) {
  const answers = read();
  if (answers[name] === answer || answers[name] === "right") return;
  write({ ...answers, [name]: answer });
}

export const forget = () => write({});

// Calls `tell` after each change, in this tab or another. Returns what ends it.
export function watch(tell) {
  const heard = (event) => { if (event.key === KEY || event.key === null) tell(); };
  changed.addEventListener("change", tell);
  window.addEventListener("storage", heard);
  return () => { changed.removeEventListener("change", tell); window.removeEventListener("storage", heard); };
}
