// The four kinds of panel in use. Their frames are in Grafana's server; what they draw with is in @grafana/ui: time series
// (TimeSeries), stat (BigValue) and table (TableNG) are Grafana's own, the state timeline is drawn here from Grafana's
// display values (colour, text, mapping).
import React, { useRef } from "react";
import { cacheFieldDisplayNames, FieldType, formattedValueToString, getFieldDisplayName, getFieldDisplayValues, identityOverrideProcessor, PanelPlugin } from "@grafana/data";
import { BigValue, TimeSeries, useTheme2, VizLegend, VizRepeater } from "@grafana/ui";
import { TableNG } from "@grafana/ui/unstable";

const NO_EDITOR = () => null;

function hasValues(data) {
  return data.series.some((frame) => frame.length > 0);
}

function Empty() {
  return <div data-empty="true" style={{ textAlign: "center", paddingTop: 20 }}>No data</div>;
}

function drawMarks(plot, frames, theme) {
  const { ctx, bbox } = plot;
  ctx.save();
  Object.assign(ctx, { lineWidth: 1, globalAlpha: 1 });
  ctx.setLineDash([5, 5]);
  const rows = frames.flatMap(rowsOf);
  plot.root.dataset.marks = rows.length;
  for (const { time, color } of rows) {
    const x = Math.round(plot.valToPos(time, "x", true));
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.strokeStyle = theme.visualization.getColorByName(color);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}

// Annotations as lines over the whole height, in their colours, where Grafana's own panel begins them. They may come after
// the curves: what is newest is drawn.
const marked = new WeakSet();

function mark(config, newest, theme) {
  if (marked.has(config)) return;
  marked.add(config);
  config.addHook("draw", (plot) => drawMarks(plot, newest.current, theme));
}

function rowsOf(frame) {
  const values = (name) => frame.fields.find((field) => field.name === name)?.values ?? [];
  return values("time").map((time, i) => ({ time, color: values("color")[i] }));
}

// As Grafana's own panel does: what is not finite is a gap.
function withGaps(field) {
  return field.type === FieldType.number ? { ...field, values: field.values.map((v) => (Number.isFinite(v) ? v : null)) } : field;
}

function TimeSeriesPanel({ data, timeRange, timeZone, width, height, options }) {
  const theme = useTheme2();
  const newest = useRef([]);
  newest.current = data.annotations ?? [];
  if (!hasValues(data)) return <Empty />;
  const frames = data.series.map((frame) => ({ ...frame, fields: frame.fields.map(withGaps) }));
  return <TimeSeries frames={frames} structureRev={data.structureRev} timeRange={timeRange} timeZone={timeZone}
    width={width} height={height} legend={{ calcs: [], ...options.legend }} options={options}>
    {(config) => mark(config, newest, theme)}
  </TimeSeries>;
}

function StatPanel({ data, width, height, options, fieldConfig, replaceVariables, timeZone }) {
  const theme = useTheme2();
  if (!hasValues(data)) return <Empty />;
  const values = () => getFieldDisplayValues({
    fieldConfig, reduceOptions: options.reduceOptions, replaceVariables, theme, data: data.series, timeZone });
  const draw = ({ value, width, height, count }) => <BigValue value={value.display} count={count} width={width} height={height}
    theme={theme} colorMode={options.colorMode} graphMode={options.graphMode} textMode={options.textMode}
    justifyMode={options.justifyMode} />;
  return <VizRepeater getValues={values} renderValue={draw} source={data} width={width} height={height} itemSpacing={3}
    renderCounter={0} orientation={options.orientation} autoGrid={true} />;
}

function TablePanel({ data, width, height, options, fieldConfig }) {
  if (!hasValues(data)) return <Empty />;
  cacheFieldDisplayNames(data.series);
  return <TableNG data={data.series[0]} width={width} height={height} noHeader={!options.showHeader}
    sortBy={options.sortBy} fieldConfig={fieldConfig} structureRev={data.structureRev} />;
}

function runsOf(times, values, end) {
  const runs = [];
  values.forEach((value, i) => {
    const last = runs.at(-1);
    if (last && last.value === value) last.to = times[i + 1] ?? end;
    else runs.push({ value, from: times[i], to: times[i + 1] ?? end });
  });
  return runs;
}

function TimelinePanel({ data, timeRange, width, height, fieldConfig }) {
  const theme = useTheme2();
  if (!hasValues(data)) return <Empty />;
  const [begin, end] = [timeRange.from.valueOf(), timeRange.to.valueOf()];
  const rows = data.series.map((frame) => {
    const field = frame.fields.find((f) => f.type === FieldType.number);
    const time = frame.fields.find((f) => f.type === FieldType.time);
    return { name: getFieldDisplayName(field, frame, data.series), field, runs: runsOf(time.values, field.values, end) };
  }).sort((a, b) => a.name.localeCompare(b.name));
  const names = 170, legend = 24, step = (height - legend) / rows.length;
  const x = (t) => names + Math.max(0, (t - begin) / (end - begin)) * (width - names);
  const shown = (field, value) => field.display(value);
  const items = Object.values(fieldConfig.defaults.mappings[0].options).map(({ text, color }) => ({
    label: text, color: theme.visualization.getColorByName(color), yAxis: 1 }));
  return <>
    <svg width={width} height={height - legend} data-timeline={rows.length}>
      {rows.map(({ name, field, runs }, i) => <g key={name}>
        <text x={names - 8} y={i * step + step / 2} fill={theme.colors.text.primary} fontSize="12" textAnchor="end"
          dominantBaseline="middle">{name}</text>
        {runs.map((run) => <rect key={run.from} x={x(run.from)} y={i * step + step * 0.08} height={step * 0.84}
          width={Math.max(0, x(run.to) - x(run.from))} fill={shown(field, run.value).color}>
          <title>{formattedValueToString(shown(field, run.value))}</title></rect>)}
      </g>)}
    </svg>
    <VizLegend items={items} displayMode="list" placement="bottom" />
  </>;
}

// The names under `custom` that these panels know, from GraphFieldConfig and its like in @grafana/schema: an override of
// another name would do nothing.
const CUSTOM = {
  timeseries: { drawStyle: "line", lineWidth: 1, lineStyle: undefined, lineInterpolation: "linear", fillOpacity: 0,
    fillBelowTo: undefined, gradientMode: "none", showPoints: "auto", pointSize: 5, spanNulls: false, stacking: undefined,
    axisPlacement: "auto", axisLabel: "", axisSoftMin: undefined, axisSoftMax: undefined, hideFrom: undefined,
    thresholdsStyle: undefined, scaleDistribution: undefined, transform: undefined },
  stat: {},
  table: { align: "auto", cellOptions: { type: "auto" }, width: undefined, minWidth: undefined },
  "state-timeline": { lineWidth: 0, fillOpacity: 70 },
};
const STANDARD = new Set(["displayName", "unit", "min", "max", "decimals", "thresholds", "mappings", "color", "links", "noValue"]);

function plugin(kind, component) {
  return new PanelPlugin(component).setDataSupport({ annotations: kind === "timeseries", alertStates: false }).useFieldConfig({
    useCustomConfig: (builder) => {
      for (const [path, defaultValue] of Object.entries(CUSTOM[kind]))
        builder.addCustomEditor({ id: path, path, name: path, defaultValue, editor: NO_EDITOR, override: NO_EDITOR,
          process: identityOverrideProcessor, shouldApply: () => true });
    },
  });
}

export const panelPlugins = {
  timeseries: plugin("timeseries", TimeSeriesPanel),
  stat: plugin("stat", StatPanel),
  table: plugin("table", TablePanel),
  "state-timeline": plugin("state-timeline", TimelinePanel),
};

// Settings of fields that no panel would look at: typing errors.
export function unknownProperties(board) {
  const known = (kind, id) => (id.startsWith("custom.") ? id.slice(7) in (CUSTOM[kind] ?? {}) : STANDARD.has(id));
  return board.panels.filter((p) => p.type !== "row").flatMap((panel) => {
    const { custom = {}, ...defaults } = panel.fieldConfig.defaults;
    const ids = [...Object.keys(defaults), ...Object.keys(custom).map((name) => "custom." + name),
      ...panel.fieldConfig.overrides.flatMap((o) => o.properties.map((p) => p.id))];
    return ids.filter((id) => !known(panel.type, id)).map((id) => `${panel.title}: ${id}`);
  });
}
