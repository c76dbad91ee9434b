// Puts a chart that answers to a pointer in the place of each picture; without this script the pictures stay.
"use strict";
(() => {
  const charts = JSON.parse(document.getElementById("charts").textContent);
  const places = [...document.querySelectorAll("[data-chart]")];
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const height = 280;
  let drawn = [];

  const tone = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const short = value => value == null ? "–" : Number.isInteger(value) && Math.abs(value) < 1e6
    ? value.toLocaleString("en") : value.toPrecision(4).replace(/(\.\d*?)0+(e|$)/, "$1$2").replace(/\.(e|$)/, "$1");

  const steps = [1, 10, 100, 1e3, 1e4, 1e5, 1e6].flatMap(power => [power, 2 * power, 5 * power]);
  // On a logarithmic axis a line at each power of ten is enough.
  const tens = (plot, ticks) => plot.scales.y.distr !== 3 ? ticks
    : ticks.map(tick => Math.abs(Math.log10(tick) - Math.round(Math.log10(tick))) < 1e-6 ? tick : null);

  const markOf = chart => ({hooks: {drawClear: [plot => {
    if (chart.mark == null) return;
    const x = plot.valToPos(chart.mark, "x", true), {top, height} = plot.bbox, pen = plot.ctx;
    pen.save();
    pen.strokeStyle = tone("--mark");
    pen.lineWidth = devicePixelRatio;
    pen.setLineDash([4 * devicePixelRatio, 3 * devicePixelRatio]);
    pen.beginPath(); pen.moveTo(x, top); pen.lineTo(x, top + height); pen.stroke();
    pen.restore();
  }]}});

  // The values below the pointer stand in the legend, behind the names of their curves.
  const readerOf = place => {
    const texts = place.parentElement.querySelectorAll(".legend b");
    return {hooks: {setCursor: [plot => {
      const at = plot.cursor.idx;
      texts.forEach((text, curve) => { text.textContent = at == null ? "" : short(plot.data[curve + 1][at]); });
    }]}};
  };

  const optionsOf = (chart, place) => {
    const axis = {stroke: tone("--soft"), grid: {stroke: tone("--grid"), width: 1}, ticks: {show: false},
      font: "12px system-ui, sans-serif", gap: 6};
    return {
      width: place.clientWidth, height, plugins: [markOf(chart), readerOf(place)], padding: [12, 12, 0, 0],
      cursor: {y: false, points: {size: 8}},
      legend: {show: false},
      scales: {x: {time: false}, y: {distr: chart.log ? 3 : 1}},
      axes: [
        {...axis, incrs: steps, grid: {show: false}, label: chart.label, labelFont: axis.font, labelSize: 18, size: 26},
        {...axis, size: 60, grid: {...axis.grid, filter: tens}, values: (plot, ticks) => ticks.map(tick => tick == null ? "" : short(tick))},
      ],
      series: [
        {label: chart.label},
        ...chart.curves.map(curve => ({
          label: curve.label, stroke: tone("--c" + curve.colour), width: 2, spanGaps: true,
          points: {show: chart.x.length < 3},
        })),
      ],
    };
  };

  const draw = () => {
    drawn.forEach(plot => plot.destroy());
    drawn = places.map(place => {
      const chart = charts[place.dataset.chart];
      const options = optionsOf(chart, place);
      return new uPlot(options, [chart.x, ...chart.curves.map(curve => curve.values)], place);
    });
  };

  document.documentElement.classList.add("live");
  draw();
  dark.addEventListener("change", draw);
  new ResizeObserver(() => drawn.forEach((plot, at) => {
    const width = places[at].clientWidth;
    if (width && width !== plot.width) plot.setSize({width, height});
  })).observe(document.querySelector("main"));
})();
