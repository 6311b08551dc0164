// What a reader has answered, kept in this browser: { "the-loss/start": "right", ... }. All tabs hear of a change.
// Of a person of a class the server keeps it too, so that it is there on another computer (routes.py).

const NAME = "gan-workbench-answers";
const changed = new EventTarget();
let person = 0; // 0 for nobody in particular

const key = () => (person ? `${NAME}-${person}` : NAME);

function read() {
  try {
    const kept = JSON.parse(localStorage.getItem(key()) ?? "{}");
    return kept && typeof kept === "object" && !Array.isArray(kept) ? kept : {};
  } catch {
    return {}; // a browser may refuse, or somebody has written nonsense there
  }
}

function write(answers) {
  try {
    localStorage.setItem(key(), JSON.stringify(answers));
  } catch {
    // nothing is kept then
  }
  changed.dispatchEvent(new Event("change"));
}

// The server's answer; null if it keeps nothing, is away, or keeps it of somebody else by now.
async function ask(method, answers) {
  const asked = person;
  if (!asked) return null;
  try {
    const answer = await fetch(new URL("live/progress", document.baseURI), { method, body: answers && JSON.stringify(answers) });
    const kept = answer.status === 200 ? await answer.json() : null;
    return kept?.person === asked && person === asked ? kept.answers : null;
  } catch {
    return null;
  }
}

// Who was right once stays so.
function merged(answers, others) {
  const known = Object.entries(answers).filter(([name, answer]) => answer === "right" || !(name in others));
  return { ...others, ...Object.fromEntries(known) };
}

export const all = read;

// The reader is this person: what their browser and the server have becomes one.
export async function belongTo(number) {
  if (number === person) return;
  person = number;
  changed.dispatchEvent(new Event("change"));
  const kept = await ask("GET");
  if (!kept) return;
  const both = merged(read(), kept);
  write(both);
  if (Object.entries(both).some(([name, answer]) => kept[name] !== answer)) ask("PUT", both);
}

export function note(name, answer) {
  const answers = read();
  if (answers[name] === answer || answers[name] === "right") return;
  write({ ...answers, [name]: answer });
  ask("PUT", { [name]: answer });
}

export function forget() {
  write({});
  ask("DELETE");
}

// Calls `tell` after each change, in this tab or another. Returns what ends it.
export function watch(tell) {
  const heard = (event) => { if (event.key === key() || event.key === null) tell(); };
  changed.addEventListener("change", tell);
  window.addEventListener("storage", heard);
  return () => { changed.removeEventListener("change", tell); window.removeEventListener("storage", heard); };
}
