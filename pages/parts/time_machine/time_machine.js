// The slider runs over moments in kimg; each run shows the last picture that it drew by then.
const PLAY_SECONDS = 8;
const FRAMES_A_SECOND = 12;

const address = (path) => new URL(`live/${path}`, document.baseURI);

function build(root, { runs, words }) {
  root.innerHTML = `<p class="empty"></p><div class="grids"></div>
    <div class="controls"><button type="button"></button><input type="range" min="0" step="1"></div>`;
  root.querySelector(".empty").textContent = words.empty;
  root.querySelector("input").setAttribute("aria-label", words.time);
  for (const run of runs) {
    const figure = document.createElement("figure");
    figure.innerHTML = '<img alt=""><figcaption></figcaption>';
    figure.hidden = true;
    root.querySelector(".grids").append(figure);
  }
}

// Every moment at which any of the runs kept a picture.
const moments = (runs) => [...new Set(runs.flatMap((run) => run.grids.map(([, kimg]) => kimg)))].sort((a, b) => a - b);

// The picture that a run had drawn by a moment; Infinity is now.
function pictureAt(run, moment) {
  const kept = run.grids.findLast(([, kimg]) => kimg <= moment);
  if (moment === Infinity && run.newest) return { source: `${run.id}/newest?v=${run.newest}`, kimg: run.kimg };
  return kept ? { source: `${run.id}/grid/${kept[0]}?v=${run.sessions}`, kimg: kept[1] } : null;
}

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".time-machine");
  root.ganWorkbenchStop?.();
  const shown = JSON.stringify([data.runs, data.language]);
  if (root.dataset.shown !== shown) { build(root, data); root.dataset.shown = shown; root.ganWorkbenchMoment = Infinity; }
  const [button, slider] = [root.querySelector("button"), root.querySelector("input")];
  const figures = root.querySelectorAll("figure");
  const runs = data.runs.map((run) => ({ ...run, grids: [], newest: 0 }));
  const { words } = data;
  const number = new Intl.NumberFormat(data.language, { maximumFractionDigits: 1 });
  let playing = 0, ended = false;

  const show = () => {
    const all = moments(runs);
    const moment = root.ganWorkbenchMoment;
    slider.max = all.length;
    slider.value = moment === Infinity ? all.length : all.findLastIndex((kimg) => kimg <= moment);
    runs.forEach((run, i) => {
      const picture = pictureAt(run, moment);
      figures[i].hidden = !picture;
      if (!picture) return;
      const [image, caption] = [figures[i].querySelector("img"), figures[i].querySelector("figcaption")];
      const source = address(picture.source).href;
      const kimg = number.format(picture.kimg);
      if (image.src !== source) image.src = source;
      image.alt = words.alt.replace("{run}", run.shown).replace("{kimg}", kimg);
      const when = words.kimg.replace("{kimg}", kimg) + (moment === Infinity && run.active ? ` (${words.now})` : "");
      caption.textContent = runs.length > 1 ? `${run.label}: ${when}` : when;
      slider.setAttribute("aria-valuetext", when);
    });
    root.querySelector(".empty").hidden = [...figures].some((figure) => !figure.hidden);
    root.querySelector(".controls").hidden = all.length < 2;
    button.textContent = playing ? `❚❚ ${words.pause}` : `▶ ${words.play}`;
  };

  const go = (index) => {
    const all = moments(runs);
    root.ganWorkbenchMoment = index >= all.length ? Infinity : all[index];
    show();
  };
  const pause = () => { clearInterval(playing); playing = 0; show(); };
  const play = () => {
    const all = moments(runs);
    // The next pictures are fetched before their turn, so that the first round does not stutter.
    for (const moment of all) for (const run of runs) { const p = pictureAt(run, moment); if (p) new Image().src = address(p.source); }
    let frame = root.ganWorkbenchMoment === Infinity ? 0 : Number(slider.value);
    const stride = Math.max(1, all.length / (PLAY_SECONDS * FRAMES_A_SECOND));
    playing = setInterval(() => {
      go(Math.round(frame));
      if (frame >= all.length) return pause();
      frame = Math.min(all.length, frame + stride);
    }, 1000 / FRAMES_A_SECOND);
    show();
  };
  slider.oninput = () => { if (playing) pause(); go(Number(slider.value)); };
  button.onclick = () => (playing ? pause() : play());

  const started = untilLoaded(loadPoll, () => ended).then((poll) => {
    if (ended || !poll) return [];
    return runs.map((run) => poll.watch(run.id, data.language, ({ news, rows, grids }) => {
      const kimg = rows.kimg?.at(-1) ?? 0;
      Object.assign(run, { grids, kimg, newest: news.newest, active: news.active, sessions: news.sessions });
      if (!playing) show();
    }));
  });
  show();
  root.ganWorkbenchStop = () => { ended = true; clearInterval(playing); started.then((stops) => stops.forEach((stop) => stop())); };
  return root.ganWorkbenchStop;
}
