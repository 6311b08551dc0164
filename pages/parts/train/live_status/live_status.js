// The status line. Texts come from the server, in the reader's language.
const PARTS = `
  <div class="line"><span class="badge" aria-live="polite"></span><span class="where"></span></div>
  <div class="bar" role="progressbar" aria-valuemin="0" aria-valuemax="100"><div class="fill"></div></div>
  <div class="scores"></div>
  <div class="numbers"></div>
  <div class="message" role="status"></div>
  <div class="left-out" role="status"></div>
  <div class="diagnosis" role="status"><span class="sentence"></span>
    <details><summary></summary><span class="rule"></span></details></div>`;
const COLOURS = { healthy: "green", undecided: "green", critic: "green", starting: "gray", collapsed: "orange", diverged: "red" };

function paint(element, colour) {
  for (const [name, kind] of [["", "-color"], ["-background", "-background-color"], ["-text", "-text-color"]]) {
    element.style.setProperty(`--colour${name}`, `var(--st-${colour}${kind})`);
  }
}

// Only what has changed is updated, so that a screen reader and a selection are not disturbed.
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
  element.hidden = !text;
}

function show(root, status, words) {
  const part = (name) => root.querySelector(`.${name}`);
  setText(part("badge"), status.badge);
  part("badge").dataset.state = status.state;
  paint(part("badge"), status.colour);
  setText(part("where"), status.where);
  part("bar").hidden = status.progress === null;
  part("bar").setAttribute("aria-label", words.progress);
  part("bar").setAttribute("aria-valuenow", Math.round(100 * status.progress));
  part("fill").style.width = `${100 * status.progress}%`;
  setText(part("scores"), status.scores);
  setText(part("numbers"), status.progress === null ? "" : status.numbers);
  part("scores").title = `FID: ${words.fid}`;
  part("numbers").title = `kimg: ${words.kimg}`;
  setText(part("message"), status.message);
  paint(part("message"), status.state === "failed" ? "red" : "blue");
  setText(part("left-out"), status.left_out);
  paint(part("left-out"), "orange");
  part("diagnosis").hidden = !status.diagnosis;
  if (!status.diagnosis) return;
  part("diagnosis").dataset.kind = status.diagnosis.kind;
  paint(part("diagnosis"), COLOURS[status.diagnosis.kind] ?? "orange");
  setText(part("sentence"), status.diagnosis.sentence);
  setText(root.querySelector("summary"), words.how);
  setText(part("rule"), status.diagnosis.rule);
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".live-status");
  root.ganWorkbenchStop?.();
  if (!root.childElementCount) root.innerHTML = PARTS;
  show(root, data.status, data.words);
  let ended = false, shown = data.status;
  const onTrouble = (trouble) => {
    if (trouble && !ended) show(root, { ...shown, message: trouble, state: "failed" }, data.words);
  };
  const started = untilLoaded(loadPoll, () => ended, () => onTrouble(data.words.away)).then((poll) => {
    if (ended || !poll) return () => {};
    return poll.watch(data.run, data.language, ({ news }) => {
      shown = news.status;
      show(root, news.status, data.words);
      // The buttons beside this are the server's: it draws them for the new state.
      if (news.status.state !== data.status.state && !ended) setTriggerValue("changed", news.status.state);
    }, onTrouble);
  });
  root.ganWorkbenchStop = () => { ended = true; started.then((stop) => stop()); };
  return root.ganWorkbenchStop;
}
