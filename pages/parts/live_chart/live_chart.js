// One <script> for all charts of the page; the server takes it from the installed plotly package.
function loadPlotly() {
  if (!window.ganWorkbenchPlotly) {
    window.ganWorkbenchPlotly = new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = new URL("assets/plotly.min.js", document.baseURI);
      script.onload = () => resolve(window.Plotly);
      script.onerror = () => reject(new Error(`${script.src} could not be loaded`));
      document.head.append(script);
    });
  }
  return window.ganWorkbenchPlotly;
}

function themed(layout, element) {
  const style = getComputedStyle(element);
  const text = style.getPropertyValue("--st-text-color") || style.color;
  const line = style.getPropertyValue("--st-border-color") || "rgba(128, 128, 128, 0.25)";
  const axis = { gridcolor: line, zerolinecolor: line, linecolor: line };
  return {
    ...layout,
    title: { ...layout.title, font: { size: 15 }, x: 0, xref: "paper", xanchor: "left" },
    xaxis: { ...axis, ...layout.xaxis },
    yaxis: { ...axis, ...layout.yaxis },
    font: { color: text, family: style.getPropertyValue("--st-font") || style.fontFamily },
    paper_bgcolor: "rgba(0, 0, 0, 0)",
    plot_bgcolor: "rgba(0, 0, 0, 0)",
    margin: { l: 48, r: 8, t: 64, b: 44 },
    legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom" },
    hovermode: "x unified",
    hoverlabel: { bgcolor: style.getPropertyValue("--st-secondary-background-color") || "white" },
    // As long as this stays the same, Plotly keeps the reader's zoom and hidden traces through every update.
    uirevision: "constant",
  };
}

export default function ({ data, parentElement }) {
  const chart = parentElement.querySelector(".live-chart");
  chart.setAttribute("aria-label", data.layout.title.text);
  const config = {
    responsive: true,
    displaylogo: false,
    // A click on sendChartToCloud would upload the chart to a company's server.
    modeBarButtonsToRemove: ["sendChartToCloud", "select2d", "lasso2d"],
  };
  loadPlotly().then(
    (Plotly) => Plotly.react(chart, data.data, themed(data.layout, parentElement), config),
    (error) => { chart.textContent = error.message; },
  );
  return () => window.Plotly?.purge(chart);
}
