// Draws what poll.js fetches. What only changes their presentation (smoothing, axes) is done here, at once.

// One <script> for all charts of the page; the server takes it from the installed plotly package.
function loadPlotly() {
  window.ganWorkbenchPlotly ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = new URL("assets/plotly.min.js", document.baseURI);
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => {
      window.ganWorkbenchPlotly = undefined; // so that it is tried again
      script.remove();
      reject(new Error(`${script.src} could not be loaded`));
    };
    document.head.append(script);
  });
  return window.ganWorkbenchPlotly;
}

// Exponential moving average without a bias to its beginning (as Adam's: Kingma & Ba 2015, section 3). Rows of a thinned
// run do not stand at even distances, so each weighs by its distance from the one before.
function smooth(x, y, smoothing) {
  const usual = (x.at(-1) - x[0]) / (x.length - 1) || 1;
  let sum = 0, weight = 0, before = x[0];
  return y.map((value, i) => {
    if (value === null) return null;
    const kept = smoothing ** ((x[i] - before) / usual);
    before = x[i];
    sum = sum * kept + value;
    weight = weight * kept + 1;
    return sum / weight;
  });
}

// Plotly takes <b>, <a href> and the like in its texts for HTML, and a run's name may come from a stranger.
const plain = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

// A curve as measured, faint, and smoothed before it; a sparse one as points with lines between them. Of several runs, a
// colour is a run and a dash a network.
function curves(trace, number, run, several, sparse, { x, smoothing }, colours) {
  const { rows } = run;
  if (!rows[trace.metric]?.length) return [];
  const over = rows[x.metric] ?? rows.kimg;
  const line = {
    color: several ? colours[run.number % colours.length] : colours[trace.colour],
    dash: several ? trace.dash : "solid",
    width: 2,
  };
  // Of several runs, the legend has one entry each, which hides and shows all of its curves.
  const common = { type: "scatter", mode: "lines", x: over, legendgroup: several ? run.id : trace.metric };
  const label = several ? run.label : trace.label;
  const shown = {
    uid: `${run.id} ${trace.metric}`, name: plain(label), meta: label, line, showlegend: !several || number === 0,
    hovertemplate: `${several ? `${run.shown} ` : ""}${trace.label}: %{y:.4g}<extra></extra>`,
  };
  const y = rows[trace.metric];
  if (sparse) return [{ ...common, ...shown, y, mode: "lines+markers", connectgaps: true }];
  if (!smoothing) return [{ ...common, ...shown, y }];
  return [
    { ...common, uid: `${shown.uid} measured`, y, line: { ...line, width: 1 }, opacity: 0.25, showlegend: false, hoverinfo: "skip" },
    { ...common, ...shown, y: smooth(over, y, smoothing) },
  ];
}

// The curves of a run that another one is compared with: in the same colours, faint and dotted.
function curvesBehind(trace, run, sparse, { x, smoothing }, colours) {
  const { rows } = run;
  if (!rows[trace.metric]?.length) return [];
  const over = rows[x.metric] ?? rows.kimg;
  const measured = rows[trace.metric];
  return [{
    type: "scatter", mode: sparse ? "lines+markers" : "lines", connectgaps: sparse, opacity: 0.65, behind: true,
    x: over, y: sparse || !smoothing ? measured : smooth(over, measured, smoothing),
    uid: `${run.id} ${trace.metric}`, meta: `${run.label} ${trace.label}`, legendgroup: run.id, showlegend: false,
    line: { color: colours[trace.colour], dash: "dot", width: 2 },
    hovertemplate: `${run.shown} ${trace.label}: %{y:.4g}<extra></extra>`,
  }];
}

// Its entry in the legend, one for all of its curves, and so in no curve's colour.
function legendOf(run, style) {
  return {
    type: "scatter", mode: "lines", x: [null], y: [null], uid: `${run.id}`, name: plain(run.label), legendgroup: run.id, hoverinfo: "skip",
    line: { color: style.getPropertyValue("--st-text-color"), dash: "dot", width: 2 },
  };
}

// A formula's term was pointed at: its curves stand out, the others step back.
function emphasise(traces, lit) {
  if (!lit.length) return traces;
  return traces.map((trace) => (lit.some((metric) => trace.uid.split(" ").includes(metric)) ? { ...trace, line: { ...trace.line, width: 4 } } : { ...trace, opacity: 0.15 }));
}

// The other way round: which metric's curve is nearest to the pointer, for whoever shows its term.
function nearestMetric({ points, yvals }) {
  const far = ({ y }) => Math.abs(y - yvals[0]);
  const nearest = points.reduce((best, point) => (far(point) < far(best) ? point : best));
  return nearest.fullData.uid.split(" ")[1];
}

function lightTerms(box, root) {
  if (box.ganWorkbenchPoints) return;
  box.ganWorkbenchPoints = true;
  const tell = (metrics) => document.dispatchEvent(new CustomEvent("gan-light", { detail: { metrics, from: root } }));
  box.on("plotly_hover", (event) => { if (event.yvals) tell([nearestMetric(event)]); });
  box.on("plotly_unhover", () => tell([]));
}

function tracesOf(chart, runs, data, style) {
  const colours = style.getPropertyValue("--st-chart-categorical-colors").split(",");
  const several = runs.filter((run) => !run.behind).length > 1;
  const ofAll = (which, draw) => runs.filter(which).flatMap((run) => chart.traces.flatMap((trace, number) => draw(run, trace, number)));
  return [
    ...ofAll((run) => run.behind, (run, trace) => curvesBehind(trace, run, chart.sparse, data, colours)),
    ...ofAll((run) => !run.behind, (run, trace, number) => curves(trace, number, run, several, chart.sparse, data, colours)),
    ...runs.filter((run) => run.behind).map((run) => legendOf(run, style)),
  ];
}

// Where the y axis ends, if one that diverged is compared with: these curves keep a seventh of the height at least.
function rangeBeside(traces) {
  const span = (which) => traces.filter(which).reduce(
    (ends, { y }) => y.reduce(([low, high], value) => (value === null ? [low, high] : [Math.min(low, value), Math.max(high, value)]), ends), [0, 0]);
  const [low, high] = span((curve) => curve.behind !== true);
  const [lowest, highest] = span(() => true);
  const most = 3 * (high - low);
  if (!most || (lowest >= low - most && highest <= high + most)) return null;
  return [Math.max(lowest, low - most), Math.min(highest, high + most)];
}

function layout(chart, runs, traces, { x, separators }, style, box) {
  const line = style.getPropertyValue("--st-border-color");
  const text = style.getPropertyValue("--st-text-color");
  const [size, small] = box.clientWidth > 1200 ? [24, 22] : box.clientWidth > 700 ? [17, 16] : [12, 11];
  const axis = { gridcolor: line, zerolinecolor: line, linecolor: line, automargin: true };
  const marks = runs.filter((run) => !run.behind).flatMap((run) => run.marks.map((mark) => ({ ...mark, at: mark[x.metric] })).filter(({ at }) => at != null));
  const level = chart.level === null ? [] : [chart.level];
  const range = chart.range ?? (runs.some((run) => run.behind) ? rangeBeside(traces) : null);
  return {
    xaxis: { ...axis, title: { text: x.title, standoff: 6, font: { size: small } } },
    yaxis: { ...axis, type: chart.log ? "log" : "linear", rangemode: chart.sparse ? "nonnegative" : "normal", ...(range && !chart.log ? { range } : {}) },
    font: { color: text, family: style.getPropertyValue("--st-font"), size },
    paper_bgcolor: "rgba(0, 0, 0, 0)",
    plot_bgcolor: "rgba(0, 0, 0, 0)",
    // Plotly itself measures again only when the window changes.
    width: box.clientWidth,
    height: box.clientHeight,
    margin: { l: 44, r: 6, t: 28, b: 36 },
    modebar: { bgcolor: style.getPropertyValue("--st-secondary-background-color"), color: "#77778a", activecolor: text },
    // From the figure's left side, not the axis', or three names would not stand side by side.
    legend: { orientation: "h", x: -44 / (box.clientWidth - 50), y: 1.01, yanchor: "bottom", font: { size: small } },
    showlegend: runs.length > 1 || chart.traces.length > 1 || runs.some((run) => run.behind),
    separators,
    hovermode: "x unified",
    hoverlabel: { bgcolor: style.getPropertyValue("--st-background-color"), font: { size: small } },
    shapes: [
      ...level.map((y) => ({ type: "line", xref: "paper", x0: 0, x1: 1, y0: y, y1: y, line: { color: text, width: 1, dash: "dash" }, opacity: 0.4 })),
      ...marks.map(({ at }) => ({ type: "line", x0: at, x1: at, yref: "paper", y0: 0, y1: 1, line: { color: text, width: 1, dash: "dot" } })),
    ],
    // In a small chart there is no room for words beside a line.
    annotations: box.clientWidth < 700 ? [] : marks.map(({ at, text: label }) => ({
      x: at, y: 1, yref: "paper", yanchor: "top", xanchor: "left", showarrow: false, textangle: 90, font: { size: small - 1 },
      text: label,
    })),
    // As long as this stays the same, Plotly keeps the reader's zoom and hidden curves through every update.
    uirevision: `${x.metric} ${chart.log}`,
  };
}

function saveAsHtml(Plotly, box, title) {
  const figure = JSON.stringify({ data: box.data, layout: { ...box.layout, width: undefined, height: undefined, paper_bgcolor: "white", font: { color: "black" } } });
  fetch(new URL("assets/plotly.min.js", document.baseURI)).then((answer) => answer.text()).then((library) => {
    const page = `<!doctype html><meta charset="utf-8"><title>${title}</title><div id="chart" style="height:90vh"></div>
<script>${library}</script><script>const figure = ${figure.replaceAll("<", "\\u003c")};
Plotly.newPlot("chart", figure.data, figure.layout, { responsive: true });</script>`;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([page], { type: "text/html" }));
    link.download = `${title}.html`;
    link.click();
    URL.revokeObjectURL(link.href);
  });
}

function config(Plotly, title, words) {
  const html = { name: "html", title: words.html, icon: Plotly.Icons.disk, click: (box) => saveAsHtml(Plotly, box, title) };
  return {
    displaylogo: false,
    toImageButtonOptions: { format: "png", scale: 2, filename: title },
    // A click on sendChartToCloud would upload the chart to a company's server.
    modeBarButtonsToRemove: ["sendChartToCloud", "select2d", "lasso2d", "autoScale2d"],
    modeBarButtonsToAdd: [html],
  };
}

// A column that was not measured, such as the scores of a run that takes none, has nothing to show.
function hasValues(chart, runs) {
  return runs.some(({ rows }) => chart.traces.some(({ metric }) => rows[metric]?.some((value) => value !== null)));
}

// A chart's head is a button that lays it large over the page. As a popover it leaves the page's layers for that, not its
// place among the others, and Escape and a click beside it make it small again.
const FIGURE = `
  <header><figcaption><button type="button" aria-expanded="false"><span></span>
    <svg viewBox="0 0 16 16" aria-hidden="true"><path class="larger" d="M9.5 2H14v4.5M14 2 9 7M6.5 14H2V9.5M2 14l5-5"/><path class="smaller" d="M13 3 3 13M3 3l10 10"/></svg></button></figcaption>
    <p></p></header>
  <div class="live-chart" role="group"></div>`;

function newFigure(title, words) {
  const figure = document.createElement("figure");
  figure.dataset.title = title;
  figure.popover = "auto";
  // The drawing is a group, not an image: what is in an image, such as Plotly's buttons, is hidden from a screen reader.
  figure.innerHTML = FIGURE;
  const button = figure.querySelector("button");
  figure.querySelector("span").textContent = title;
  figure.querySelector(".live-chart").setAttribute("aria-label", title);
  button.title = words.larger;
  figure.querySelector("header").onclick = () => { button.focus(); figure.togglePopover(); };
  figure.addEventListener("toggle", ({ newState }) => {
    button.setAttribute("aria-expanded", newState === "open");
    button.title = newState === "open" ? words.smaller : words.larger;
  });
  // Whoever goes on to another chart by keyboard would not see it.
  figure.addEventListener("focusout", ({ relatedTarget }) => {
    if (relatedTarget && !figure.contains(relatedTarget) && figure.matches(":popover-open")) figure.hidePopover();
  });
  return figure;
}

// The figures, one for each chart; those that stay keep their element, and with it their zoom.
function place(root, charts, words) {
  const before = new Map([...root.querySelectorAll("figure")].map((figure) => [figure.dataset.title, figure]));
  const figures = charts.map(({ title, note, hidden_at_first: hidden }) => {
    const figure = before.get(title) ?? newFigure(title, words);
    if (!before.delete(title)) figure.hidden = hidden;
    figure.querySelector("p").textContent = note;
    figure.querySelector(".live-chart").dataset.empty = words.empty;
    return figure;
  });
  for (const figure of before.values()) { window.Plotly?.purge(figure.querySelector(".live-chart")); figure.remove(); }
  if (figures.some((figure, i) => root.children[i] !== figure)) root.append(...figures);
  return figures;
}

// By what a drawing differs from the one before it: the last step at which each curve was measured, marks, size, colours.
function drawingOf(chart, runs, box, style) {
  const last = runs.flatMap(({ rows, marks }) => [marks.length, ...chart.traces.map(({ metric }) => rows.step[rows[metric]?.findLastIndex((value) => value !== null)])]);
  return [box.clientWidth, box.clientHeight, style.getPropertyValue("--st-text-color"), ...last].join();
}

function describe(chart, data) {
  const shown = data.filter((curve) => curve.meta).map((curve) => `${curve.meta} ${curve.y.findLast((value) => value !== null)?.toPrecision(3) ?? "?"}`);
  return `${chart.title}: ${shown.join(", ")}`;
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".live-charts");
  const state = (root.ganWorkbench ??= { visible: new Set(), stop: () => {} });
  state.stop();
  const runs = [...data.runs, ...data.behind.map((run) => ({ ...run, behind: true }))]
    .map((run, number) => ({ ...run, number, rows: {}, marks: [] }));
  const figures = place(root, data.charts, data.words);
  const drawn = new Map();
  let ended = false, timer = 0, drawnAt = 0, lit = [];

  const draw = (Plotly) => {
    drawnAt = performance.now();
    const style = getComputedStyle(root);
    const learnt = runs.filter((run) => run.rows.step?.length);
    const own = learnt.filter((run) => !run.behind);
    const enlarged = figures.find((figure) => figure.matches(":popover-open"));
    root.dataset.rows = Math.max(0, ...learnt.map((run) => run.rows.step.length));
    figures.forEach((figure, i) => {
      const chart = data.charts[i];
      const litHere = lit.filter((metric) => chart.traces.some((trace) => trace.metric === metric));
      figure.classList.toggle("lit", litHere.length > 0);
      const box = figure.querySelector(".live-chart");
      if (own.length) figure.hidden = !hasValues(chart, own) && !chart.coming;
      if (!hasValues(chart, learnt) || !state.visible.has(figure) || (enlarged && enlarged !== figure)) return;
      const drawing = `${drawingOf(chart, learnt, box, style)} ${litHere}`;
      if (drawn.get(figure) === drawing) return;
      drawn.set(figure, drawing);
      const traces = emphasise(tracesOf(chart, learnt, data, style), litHere);
      box.setAttribute("aria-label", describe(chart, traces));
      // Always the same object: Plotly takes another for another configuration, and draws all anew, without the zoom.
      box.ganWorkbenchConfig ??= config(Plotly, chart.title, data.words);
      Plotly.react(box, traces, layout(chart, learnt, traces, data, style, box), box.ganWorkbenchConfig).then(() => lightTerms(box, root));
    });
  };

  // Drawing takes a tenth of a core from the training on a small machine, so the longer a run, the less often: a curve
  // grows by at most 4 % of the chart between two drawings.
  const pause = () => {
    const longest = Math.max(0, ...runs.map((run) => run.rows.seconds?.at(-1) ?? 0));
    return Math.min(10_000, Math.max(1000, 0.04 * longest * 1000));
  };
  const redraw = (Plotly, soon) => {
    if (ended || (timer && !soon)) return;
    clearTimeout(timer);
    const left = soon ? 0 : drawnAt + pause() - performance.now();
    timer = setTimeout(() => { timer = 0; if (!ended) draw(Plotly); }, Math.max(0, left));
  };

  const isEnded = () => ended;
  const started = Promise.all([untilLoaded(loadPlotly, isEnded), untilLoaded(loadPoll, isEnded)]).then(([Plotly, poll]) => {
    if (ended || !Plotly || !poll) return () => {};
    const observer = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) state.visible[isIntersecting ? "add" : "delete"](target);
      redraw(Plotly, true);
    });
    const resized = new ResizeObserver(() => redraw(Plotly, true));
    const pointed = ({ detail }) => { if (detail.from !== root) { lit = detail.metrics; redraw(Plotly, true); } };
    document.addEventListener("gan-light", pointed);
    figures.forEach((figure) => { observer.observe(figure); resized.observe(figure.querySelector(".live-chart")); });
    const stops = runs.map((run) => poll.watch(run.id, data.language, ({ rows, news }) => {
      const first = !run.rows.step?.length;
      Object.assign(run, { rows, marks: news.marks });
      redraw(Plotly, first || !news.active);
      // The page's script says so, once: no other part of the page asks for it.
    }, () => {}, () => { if (!ended) setTriggerValue("gone", run.shown); }));
    return () => { document.removeEventListener("gan-light", pointed); observer.disconnect(); resized.disconnect(); stops.forEach((stop) => stop()); };
  }).catch((error) => { root.textContent = error.message; return () => {}; });

  state.stop = () => { ended = true; clearTimeout(timer); started.then((stop) => stop()); };
  return () => {
    state.stop();
    // Called when the page redraws this as well; a removed element must stop listening to the window's events.
    setTimeout(() => { if (!root.isConnected) figures.forEach((figure) => window.Plotly?.purge(figure.querySelector(".live-chart"))); }, 1000);
  };
}
