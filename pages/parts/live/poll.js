// Asks the server once a second for a run's state and what is new of it, for all parts of a page that show it.
const TICK = 1000;
const FIRST_TICKS = 250; // of a run without any row yet: somebody waits for the first curve
const FIRST_SECONDS = 15;
const ENDED_TICK = 15_000; // it may be deleted, or go on, by somebody else
const GRACE = 3000; // a part that is drawn anew comes back within this, and finds what was fetched before
const watches = new Map();

// Calls the listener with {run, news, rows, grids} now and at every change, and `onTrouble` with a sentence while the
// server cannot answer (its store is damaged, for example), with "" afterwards, and `onGone` if the run is no longer there.
// Returns a function that ends it.
export function watch(run, language, listener, onTrouble = () => {}, onGone = () => {}) {
  const key = `${run} ${language}`;
  const known = watches.get(key);
  const seen = known ?? { run, language, rows: {}, grids: [], news: null, listeners: new Map(), timer: 0, asking: false, began: performance.now() };
  watches.set(key, seen);
  clearTimeout(seen.ending);
  seen.listeners.set(listener, { onTrouble, onGone });
  if (seen.news) listener(seen);
  // Without a timer no answer will come: there was no listener. And a run that has ended may have been resumed.
  if (!seen.timer || !seen.news?.active) ask(seen);
  return () => {
    // Called again, it must not begin a second countdown, which a new listener would not stop.
    if (!seen.listeners.delete(listener) || seen.listeners.size) return;
    seen.ending = setTimeout(() => { clearTimeout(seen.timer); watches.delete(key); }, GRACE);
  };
}

// One question at a time, and one timer for the next: whoever calls, a run is asked about once a second.
async function ask(seen) {
  clearTimeout(seen.timer);
  seen.timer = 0;
  if (seen.asking || !seen.listeners.size) return;
  seen.asking = true;
  try {
    const { sessions = 0, total = 0 } = seen.news ?? {};
    const newest_grid = seen.grids.at(-1)?.[0] ?? 0;
    const asked = new URLSearchParams({ lang: seen.language, sessions, rows: total, grids: seen.grids.length, newest_grid });
    const answer = await fetch(new URL(`live/${seen.run}?${asked}`, document.baseURI));
    if (answer.status === 204 || answer.status === 404) { // deleted meanwhile
      for (const { onGone } of seen.listeners.values()) onGone();
      return;
    }
    if (answer.ok) take(seen, await answer.json());
    if (answer.status === 503) report(seen, (await answer.json()).error);
  } catch {
    // The server is away; it may come back.
  } finally {
    seen.asking = false;
  }
  if (seen.listeners.size) seen.timer = setTimeout(() => whenVisible(seen), pause(seen));
}

function pause(seen) {
  if (seen.news && !seen.news.active) return ENDED_TICK;
  const isNew = performance.now() - seen.began < FIRST_SECONDS * 1000;
  return isNew && (seen.rows.step?.length ?? 0) < 2 ? FIRST_TICKS : TICK;
}

function report(seen, trouble) {
  for (const { onTrouble } of seen.listeners.values()) onTrouble(trouble);
}

function take(seen, news) {
  report(seen, "");
  if (news.fresh || news.sessions !== seen.news?.sessions) seen.rows = {};
  append(seen.rows, news.rows);
  if (news.fresh_grids) seen.grids = [];
  seen.grids.push(...news.grids);
  seen.news = news;
  // Rows that came one by one are more than a chart can show after some minutes: ask for all, thinned.
  if ((seen.rows.step?.length ?? 0) > 2500) news.total = 0;
  for (const listener of seen.listeners.keys()) listener(seen);
}

// All columns stay as long as each other: one that begins or ends in the midst, as scores do, is null elsewhere.
function append(rows, added) {
  const [before, more] = [rows, added].map((columns) => columns.step?.length ?? 0);
  for (const name of new Set([...Object.keys(rows), ...Object.keys(added)])) {
    rows[name] = (rows[name] ?? Array(before).fill(null)).concat(added[name] ?? Array(more).fill(null));
  }
}

// A hidden tab asks for nothing until it is visible again.
function whenVisible(seen) {
  if (!document.hidden) return void ask(seen);
  document.addEventListener("visibilitychange", () => ask(seen), { once: true });
}
