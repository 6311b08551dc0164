// Draws what poll.js fetches. What only changes their presentation (smoothing, axes) is done here, at once.

// One <script> for all charts of the page; the server takes it from the installed plotly package.
function loadPlotly() {
  window.ganWorkbenchPlotly ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = new URL("assets/plotly.min.js", document.baseURI);
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => reject(new Error(`${script.src} could not be loaded`));
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
function curves(trace, number, run, several, rows, sparse, { x, smoothing }, colours) {
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
  const shown = { name: plain(label), meta: label, line, showlegend: !several || number === 0, hovertemplate: several ? `${run.id} ${trace.label}: %{y:.4g}<extra></extra>` : undefined };
  const y = rows[trace.metric];
  if (sparse) return [{ ...common, ...shown, y, mode: "lines+markers", connectgaps: true }];
  if (!smoothing) return [{ ...common, ...shown, y }];
  return [
    { ...common, y, line: { ...line, width: 1 }, opacity: 0.25, showlegend: false, hoverinfo: "skip" },
    { ...common, ...shown, y: smooth(over, y, smoothing) },
  ];
}

function layout(chart, runs, { x, separators }, style) {
  const line = style.getPropertyValue("--st-border-color");
  const text = style.getPropertyValue("--st-text-color");
  const axis = { gridcolor: line, zerolinecolor: line, linecolor: line, automargin: true };
  const marks = runs.flatMap((run) => run.marks.map((mark) => ({ ...mark, at: mark[x.metric] })).filter(({ at }) => at != null));
  const level = chart.level === null ? [] : [chart.level];
  return {
    xaxis: { ...axis, title: { text: x.title, standoff: 6, font: { size: 11 } } },
    yaxis: { ...axis, type: chart.log ? "log" : "linear", ...(chart.range && !chart.log ? { range: chart.range } : {}) },
    font: { color: text, family: style.getPropertyValue("--st-font"), size: 12 },
    paper_bgcolor: "rgba(0, 0, 0, 0)",
    plot_bgcolor: "rgba(0, 0, 0, 0)",
    margin: { l: 44, r: 6, t: 28, b: 36 },
    legend: { orientation: "h", x: 0, y: 1.01, yanchor: "bottom", font: { size: 11 } },
    showlegend: runs.length > 1 || chart.traces.length > 1,
    separators,
    hovermode: "x unified",
    hoverlabel: { bgcolor: style.getPropertyValue("--st-background-color") },
    shapes: [
      ...level.map((y) => ({ type: "line", xref: "paper", x0: 0, x1: 1, y0: y, y1: y, line: { color: text, width: 1, dash: "dash" }, opacity: 0.4 })),
      ...marks.map(({ at }) => ({ type: "line", x0: at, x1: at, yref: "paper", y0: 0, y1: 1, line: { color: text, width: 1, dash: "dot" } })),
    ],
    annotations: marks.map(({ at, text: label }) => ({
      x: at, y: 1, yref: "paper", yanchor: "top", xanchor: "left", showarrow: false, textangle: 90, font: { size: 10 },
      text: label,
    })),
    // As long as this stays the same, Plotly keeps the reader's zoom and hidden curves through every update.
    uirevision: `${x.metric} ${chart.log}`,
  };
}

function saveAsHtml(Plotly, box, title) {
  const figure = JSON.stringify({ data: box.data, layout: { ...box.layout, paper_bgcolor: "white", font: { color: "black" } } });
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
    responsive: true,
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

// The figures, one for each chart; those that stay keep their element, and with it their zoom.
function place(root, charts) {
  const before = new Map([...root.querySelectorAll("figure")].map((figure) => [figure.dataset.title, figure]));
  const figures = charts.map(({ title, note, sparse }) => {
    const figure = before.get(title) ?? document.createElement("figure");
    if (!before.delete(title)) {
      figure.dataset.title = title;
      figure.hidden = sparse; // until there is something
      // A group, not an image: what is in an image, such as Plotly's buttons, is hidden from a screen reader.
      figure.innerHTML = '<figcaption></figcaption><p></p><div class="live-chart" role="group"></div>';
      figure.querySelector("div").setAttribute("aria-label", title);
      figure.querySelector("figcaption").textContent = title;
      figure.querySelector("p").textContent = note;
    }
    return figure;
  });
  for (const figure of before.values()) { window.Plotly?.purge(figure.querySelector(".live-chart")); figure.remove(); }
  if (figures.some((figure, i) => root.children[i] !== figure)) root.append(...figures);
  return figures;
}

function describe(chart, data) {
  const shown = data.filter((curve) => curve.name).map((curve) => `${curve.meta} ${curve.y.findLast((value) => value !== null)?.toPrecision(3) ?? "?"}`);
  return `${chart.title}: ${shown.join(", ")}`;
}

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".live-charts");
  const state = (root.ganWorkbench ??= { visible: new Set(), stop: () => {} });
  state.stop();
  const runs = data.runs.map((run, number) => ({ ...run, number, rows: {}, marks: [] }));
  const figures = place(root, data.charts);
  let ended = false, timer = 0, drawnAt = 0;

  const draw = (Plotly) => {
    drawnAt = performance.now();
    const style = getComputedStyle(root);
    const colours = style.getPropertyValue("--st-chart-categorical-colors").split(",");
    const learnt = runs.filter((run) => run.rows.step?.length);
    root.dataset.rows = Math.max(0, ...learnt.map((run) => run.rows.step.length));
    figures.forEach((figure, i) => {
      const chart = data.charts[i];
      const box = figure.querySelector(".live-chart");
      if (learnt.length) figure.hidden = !hasValues(chart, learnt);
      if (!state.visible.has(figure)) return;
      const traces = learnt.flatMap((run) => chart.traces.flatMap((trace, number) => curves(trace, number, run, runs.length > 1, run.rows, chart.sparse, data, colours)));
      box.setAttribute("aria-label", describe(chart, traces));
      // Always the same object: Plotly takes another for another configuration, and draws all anew, without the zoom.
      box.ganWorkbenchConfig ??= config(Plotly, chart.title, data.words);
      Plotly.react(box, traces, layout(chart, learnt, data, style), box.ganWorkbenchConfig);
    });
  };

  // Drawing takes a tenth of a core from the training on a small machine, so the longer a run, the less often: a curve
  // grows by at most 3 % of the chart between two drawings.
  const pause = () => {
    const longest = Math.max(0, ...runs.map((run) => run.rows.seconds?.at(-1) ?? 0));
    return Math.min(10_000, Math.max(1000, 0.03 * longest * 1000));
  };
  const redraw = (Plotly, soon) => {
    if (ended || (timer && !soon)) return;
    clearTimeout(timer);
    const left = soon ? 0 : drawnAt + pause() - performance.now();
    timer = setTimeout(() => { timer = 0; if (!ended) draw(Plotly); }, Math.max(0, left));
  };

  const started = Promise.all([loadPlotly(), import(new URL("live/poll.js", document.baseURI))]).then(([Plotly, { watch }]) => {
    if (ended) return () => {};
    const observer = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) state.visible[isIntersecting ? "add" : "delete"](target);
      redraw(Plotly, true);
    });
    figures.forEach((figure) => observer.observe(figure));
    const stops = runs.map((run) => watch(run.id, data.language, ({ rows, news }) => {
      const first = !run.rows.step?.length;
      Object.assign(run, { rows, marks: news.marks });
      redraw(Plotly, first || !news.active);
    }));
    return () => { observer.disconnect(); stops.forEach((stop) => stop()); };
  }).catch((error) => { root.textContent = error.message; return () => {}; });

  state.stop = () => { ended = true; clearTimeout(timer); started.then((stop) => stop()); };
  return () => {
    state.stop();
    // Called when the page redraws this as well; a removed element must stop listening to the window's events.
    setTimeout(() => { if (!root.isConnected) figures.forEach((figure) => window.Plotly?.purge(figure.querySelector(".live-chart"))); }, 1000);
  };
}
