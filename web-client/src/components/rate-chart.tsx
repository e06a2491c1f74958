import "uplot/dist/uPlot.min.css";

import { useEffect, useRef } from "react";
import uPlot from "uplot";

import { formatBytes, formatDuration } from "../lib/format";
import { rateSeries, type Sample } from "../lib/rate";
import { useTheme } from "./theme";

interface RateChartProps {
  samples: readonly Sample[];
}

/** Bytes a second over time. Loaded on demand, it brings a chart library. */
export default function RateChart({ samples }: RateChartProps) {
  const frame = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const theme = useTheme();

  useEffect(() => {
    const element = frame.current;
    if (!element) return undefined;
    const made = new uPlot(options(element), [[], []], element);
    chart.current = made;
    const observer = new ResizeObserver(() => {
      made.setSize({ width: element.clientWidth, height: 160 });
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      chart.current = null;
    };
  }, [theme]);

  useEffect(() => {
    chart.current?.setData(rateSeries(samples));
  }, [samples, theme]);

  return <div ref={frame} className="chart" role="img" aria-label="Bytes a second over time" />;
}

function options(element: HTMLElement): uPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const color = (name: string) => style.getPropertyValue(name).trim();
  const axis = {
    stroke: color("--quiet"),
    grid: { stroke: color("--line"), width: 1 },
    ticks: { show: false },
    font: "11px system-ui, sans-serif",
  };
  return {
    width: element.clientWidth,
    height: 160,
    cursor: { show: false },
    legend: { show: false },
    scales: { x: { time: false }, y: { range: (_, __, max) => [0, Math.max(1024, max * 1.15)] } },
    axes: [
      { ...axis, values: (_, values) => values.map((value) => formatDuration(value * 1000)) },
      {
        ...axis,
        size: 72,
        values: (_, values) => values.map((value) => `${formatBytes(value)}/s`),
      },
    ],
    series: [{}, { stroke: color("--link"), width: 2, fill: `${color("--link")}22` }],
  };
}
