const LONGEST_TICK = 0.1; // seconds; after a pause in a hidden tab the film goes on where it was

function build(root) {
  root.innerHTML = `<canvas role="img"></canvas>
    <div class="controls"><button type="button"></button><input type="range" min="0" step="1"></div>
    <div class="controls"><label><span></span><select></select></label><label><input type="checkbox"><span></span></label></div>
    <progress></progress><p class="how-far"></p><p role="alert"></p>`;
  return { path: "", sheets: [], there: 0, at: 0, direction: 1, playing: false, loading: null, tick: 0 };
}

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".walk-player");
  const film = root.ganWorkbenchFilm ??= build(root);
  clearTimeout(film.ending);
  const find = (name) => root.querySelector(name);
  const [canvas, button, slider, select] = ["canvas", "button", "[type=range]", "select"].map(find);
  const [repeat, bar, far, alert] = ["[type=checkbox]", "progress", ".how-far", "[role=alert]"].map(find);
  const { words, frames, size } = data;

  const show = () => {
    const frame = Math.min(Math.floor(film.at), film.there - 1);
    button.textContent = film.playing ? `❚❚ ${words.pause}` : `▶ ${words.play}`;
    button.disabled = slider.disabled = !film.there;
    if (frame < 0) return;
    const sheet = film.sheets.findLast(({ first }) => first <= frame);
    canvas.getContext("2d").drawImage(sheet.picture, (frame - sheet.first) * size, 0, size, size, 0, 0, size, size);
    slider.value = frame;
    slider.setAttribute("aria-valuetext", words.frame.replace("{frame}", frame + 1).replace("{frames}", frames));
  };

  // At the ends: on from the beginning, back again, or still. Before the film is whole, its last frame waits for the next.
  const advance = (by) => {
    const end = film.there - 0.001;
    const repeats = repeat.checked && film.there === frames;
    film.at += film.direction * by;
    if (film.at < 0) [film.at, film.direction] = [-film.at, 1];
    if (film.at <= end) return;
    if (repeats && data.closed) film.at %= frames;
    else if (repeats) [film.at, film.direction] = [Math.max(0, 2 * end - film.at), -1];
    else [film.at, film.playing] = [end, film.playing && film.there < frames];
  };

  const play = () => {
    film.playing = true;
    if (film.at >= frames - 1) [film.at, film.direction] = [0, 1];
    if (!repeat.checked || data.closed) film.direction = 1;
    let before = performance.now();
    const tick = (now) => {
      if (!film.playing) return;
      advance(Math.min(LONGEST_TICK, Math.max(0, now - before) / 1000) * data.perSecond * Number(select.value));
      before = now;
      show();
      film.tick = requestAnimationFrame(tick);
    };
    film.tick = requestAnimationFrame(tick);
    show();
  };
  const pause = () => { film.playing = false; cancelAnimationFrame(film.tick); show(); };

  const load = async () => {
    film.loading?.abort();
    const loading = film.loading = new AbortController();
    Object.assign(film, { path: data.path, sheets: [], there: 0, at: 0, direction: 1, whole: false });
    let pictures = 0;
    [far.textContent, alert.textContent] = ["", ""];
    bar.removeAttribute("value");
    bar.hidden = false;
    show();
    const add = async (blob) => {
      const picture = await createImageBitmap(blob);
      if (loading.signal.aborted) return;
      film.sheets.push({ first: film.there, picture });
      film.there += picture.width / size;
    };
    try {
      if (data.sheet) {
        await add(await (await fetch(data.sheet)).blob());
        show();
      } else await readPieces(data.path, loading.signal, (all) => { bar.max = pictures = all; }, async (drawn, bytes) => {
        if (bytes.length) await add(new Blob([bytes], { type: "image/png" }));
        if (loading.signal.aborted) return;
        bar.value = drawn;
        far.textContent = howFar(words.drawn, drawn, pictures);
        if (!film.playing) show();
      });
      film.whole = true;
      [bar.hidden, far.textContent] = [true, ""];
    } catch (error) {
      if (loading.signal.aborted) return;
      [bar.hidden, far.textContent] = [true, ""];
      alert.textContent = error instanceof Refusal ? error.message : words.broken;
    }
  };

  Object.assign(canvas, { width: size, height: size });
  canvas.setAttribute("aria-label", words.alt);
  bar.setAttribute("aria-label", words.alt);
  slider.setAttribute("aria-label", words.place);
  slider.max = frames - 1;
  slider.oninput = () => { film.at = Number(slider.value); pause(); };
  button.onclick = () => (film.playing ? pause() : play());
  const chosen = select.value || "1";
  select.replaceChildren(...data.speeds.map(([speed, text]) => new Option(text, speed)));
  select.value = chosen;
  const [speedText, repeatText] = root.querySelectorAll("label span");
  speedText.textContent = words.speed;
  repeatText.textContent = words.repeat;
  if (film.path !== data.path || (!film.whole && film.loading?.signal.aborted)) load();
  else if (film.playing) { cancelAnimationFrame(film.tick); play(); }
  else show();
  // A page that is drawn anew calls this and begins again at once.
  return () => { film.ending = setTimeout(() => { film.loading?.abort(); pause(); }, 1000); };
}
