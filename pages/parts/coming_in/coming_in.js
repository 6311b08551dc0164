// Sends what was entered, since only the answer to a request can give the browser another cookie: see live/enter.py.
// Where somebody has come in already, in another tab, the page begins anew as theirs.

let begun = false, attempt = 0;

function beginAnew(why) {
  if (begun) return;
  begun = true;
  const url = new URL(location.href);
  url.searchParams.delete("code");
  if (why) url.searchParams.set("why", why);
  history.replaceState(null, "", url);
  location.reload(); // the page's websocket brings the cookie with which it was opened
}

function say(root, words) {
  const line = document.createElement("p");
  line.textContent = words; // whatever it is, it is text
  root.replaceChildren(line);
}

async function enter(root, { entry, language, away }) {
  root.replaceChildren();
  try {
    const answer = await fetch(new URL(`live/enter?lang=${language}`, document.baseURI), {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(entry),
    });
    const { refused } = await answer.json();
    refused ? say(root, refused) : beginAnew();
  } catch {
    say(root, away);
  }
}

// Whether the browser is somebody's: a tab that was opened before has another cookie than the browser has by now.
async function look() {
  try {
    const answer = document.hidden ? null : await fetch(new URL("live/notice", document.baseURI));
    if (answer?.status === 200) beginAnew("other");
  } catch {
    // The server is away; whoever presses the button is told so.
  }
}

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".coming-in");
  root.ganWorkbenchStop?.();
  if (data.begin_anew) beginAnew();
  else if (!data.entry) look();
  else if (attempt !== data.attempt) {
    attempt = data.attempt;
    enter(root, data);
  }
  document.addEventListener("visibilitychange", look);
  root.ganWorkbenchStop = () => document.removeEventListener("visibilitychange", look);
  return root.ganWorkbenchStop;
}
