// Draws the figures that a page carries as JSON, in the colours of the theme.
"use strict";
(() => {
  // Custom properties come back unresolved; a computed colour does not.
  const colour = (name) => {
    const probe = document.createElement("i");
    probe.style.color = `var(--${name})`;
    document.body.append(probe);
    const value = getComputedStyle(probe).color;
    probe.remove();
    return value;
  };

  const themed = (layout, narrow) => {
    const [ink, quiet, line, raised, accent] = ["ink", "quiet", "line", "raised", "accent"].map(colour);
    const axis = (own) => ({
      gridcolor: line, zerolinecolor: line, linecolor: line, tickcolor: line,
      tickfont: { color: quiet }, automargin: true, ...own,
      title: { font: { color: ink, size: 13 }, standoff: 10, ...own.title },
    });
    return {
      height: 440, ...layout,
      xaxis: axis(layout.xaxis), yaxis: axis(layout.yaxis),
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: { color: ink, family: getComputedStyle(document.body).fontFamily, size: narrow ? 11 : 12 },
      margin: { l: narrow ? 8 : 60, r: 16, t: narrow ? 12 : 36, b: 50 },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: quiet, activecolor: accent },
      legend: { orientation: "h", y: -0.22, yanchor: "top", font: { color: ink } },
      hoverlabel: { bgcolor: raised, bordercolor: line, font: { color: ink } },
      hovermode: "closest", dragmode: narrow ? false : "zoom",
    };
  };

  const element = (tag, content) => {
    const made = document.createElement(tag);
    made.textContent = content;
    return made;
  };

  const listed = (figure) => {
    const table = document.createElement("table");
    table.className = "plain";
    const head = table.createTHead().insertRow();
    const titles = [figure.layout.xaxis, figure.layout.yaxis].map((axis) => axis.title.text.split("<br>")[0] || "y");
    for (const title of ["series", ...titles]) head.append(element("th", title));
    for (const cell of head.cells) cell.scope = "col";
    const body = table.createTBody();
    for (const trace of figure.data) {
      if (trace.hoverinfo === "skip") continue;
      trace.x.forEach((x, k) => {
        const row = body.insertRow();
        const dated = figure.layout.xaxis.type === "date" ? new Date(x).toISOString().slice(0, 10) : x;
        for (const value of [trace.name, dated, (trace.meta?.y ?? trace.y)[k]]) row.append(element("td", value ?? "–"));
      });
    }
    return table;
  };

  for (const plot of document.querySelectorAll(".plot")) {
    const variants = JSON.parse(plot.querySelector("script").textContent);
    const canvas = plot.querySelector(".canvas");
    const choice = plot.querySelector("select");
    const data = plot.querySelector(".data");
    const chosen = () => variants[choice ? choice.selectedIndex : 0][1];
    const draw = () => {
      const figure = structuredClone(chosen());
      const narrow = canvas.clientWidth < 560;
      const buttons = [["toImage", "zoom2d", "pan2d", "resetScale2d"]];
      const options = { responsive: true, displaylogo: false, displayModeBar: !narrow, modeBarButtons: buttons };
      Plotly.react(canvas, figure.data, themed(figure.layout, narrow), options);
    };
    const list = () => data.open && data.querySelector(".scroll").replaceChildren(listed(chosen()));
    choice?.addEventListener("change", () => { draw(); list(); });
    data.addEventListener("toggle", list);
    document.addEventListener("themechange", draw);
    draw();
    canvas.on("plotly_click", ({ points }) => {
      const target = points[0].customdata;
      if (target) location.href = document.body.dataset.root + target;
    });
  }
})();
