// A data source that asks a real Prometheus, as far as Grafana's own does it for these dashboards: legends, intervals,
// variables in label matchers, instant and range, tables, annotations.
import { dateTime, FieldType, toDataFrame } from "@grafana/data";
import { RuntimeDataSource, sceneGraph } from "@grafana/scenes";
import { of } from "rxjs";

const SCRAPE_S = 1; // the data source's "scrape interval"

function escapeRegex(value) {
  return String(value).replace(/[\\^$.*+?()[\]{}|]/g, "\\\\$&");
}

// As in Grafana: one value is taken as it is, several become a regular expression, "All" its own text.
function inMatcher(value, variable) {
  if (!variable.multi && !variable.includeAll) return String(value).replace(/\\/g, "\\\\").replace(/"/g, '\\"');
  const values = (Array.isArray(value) ? value : [value]).map(escapeRegex);
  return values.length === 1 ? values[0] : `(${values.join("|")})`;
}

function legendOf(format, labels) {
  const { __name__: name = "", ...rest } = labels;
  if (format && format !== "__auto") return format.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, label) => labels[label] ?? "");
  const pairs = Object.entries(rest).map(([k, v]) => `${k}="${v}"`);
  return pairs.length || name ? `${name}${pairs.length ? `{${pairs.join(", ")}}` : ""}` : "Value";
}

function frameOf(target, series) {
  const values = series.values ?? [series.value];
  return toDataFrame({
    refId: target.refId,
    name: legendOf(target.legendFormat, series.metric),
    fields: [
      { name: "Time", type: FieldType.time, values: values.map(([t]) => t * 1000) },
      { name: "Value", type: FieldType.number, labels: series.metric, values: values.map(([, v]) => Number(v)),
        config: { displayNameFromDS: legendOf(target.legendFormat, series.metric) } },
    ],
  });
}

// An event for each run of values above 0; its texts are made of the labels.
function eventsOf(annotation, frame, step) {
  const [times, values] = frame.fields.map((field) => field.values);
  const { labels } = frame.fields[1];
  const events = [];
  times.forEach((time, i) => {
    const last = events.at(-1);
    if (!(values[i] > 0)) return;
    if (last && time - last.timeEnd <= step) Object.assign(last, { timeEnd: time, isRegion: true });
    else events.push({ time, timeEnd: time, isRegion: false, title: legendOf(annotation.titleFormat, labels),
      text: legendOf(annotation.textFormat, labels), tags: [labels[annotation.tagKeys] ?? ""] });
  });
  return events;
}

function tableOf(target, result) {
  const labels = [...new Set(result.flatMap((series) => Object.keys(series.metric)))].sort();
  return toDataFrame({
    refId: target.refId,
    fields: [
      { name: "Time", type: FieldType.time, values: result.map(({ value }) => value[0] * 1000) },
      ...labels.map((name) => ({ name, type: FieldType.string, values: result.map(({ metric }) => metric[name] ?? "") })),
      { name: `Value #${target.refId}`, type: FieldType.number, values: result.map(({ value }) => Number(value[1])) },
    ],
  });
}

export class PrometheusSource extends RuntimeDataSource {
  constructor(uid, url) {
    super("prometheus", uid);
    this.url = url;
    this.interval = `${SCRAPE_S}s`;
    this.annotations = {
      prepareAnnotation: (annotation) => annotation,
      prepareQuery: ({ expr }) => ({ expr, legendFormat: "__auto" }),
      processEvents: (annotation, frames) => of(frames.flatMap((frame) => eventsOf(annotation, frame, 1000 * SCRAPE_S))),
    };
  }

  async ask(path, args) {
    const answer = await (await fetch(`${this.url}/api/v1/${path}?${new URLSearchParams(args)}`)).json();
    if (answer.status !== "success") throw new Error(`${path}: ${answer.error}`);
    return answer.data;
  }

  fill(text, scopedVars, step) {
    const scene = scopedVars.__sceneObject.value.valueOf();
    const intervals = { __interval: step, __rate_interval: Math.max(step + SCRAPE_S, 4 * SCRAPE_S) };
    const own = Object.fromEntries(Object.entries(intervals).map(([name, s]) => [name, { value: `${s}s`, text: `${s}s` }]));
    const filled = sceneGraph.interpolate(scene, text, { ...scopedVars, ...own }, inMatcher);
    if (/\$[a-zA-Z_{]/.test(filled)) throw new Error(`nothing stands behind a variable: ${filled}`);
    return filled;
  }

  async run(target, request) {
    const step = Math.max(SCRAPE_S, Math.ceil(request.intervalMs / 1000));
    const query = this.fill(target.expr, request.scopedVars, step);
    const { from, to } = request.range;
    if (target.instant) {
      const { result } = await this.ask("query", { query, time: to.valueOf() / 1000 });
      return target.format === "table" ? [tableOf(target, result)] : result.map((series) => frameOf(target, series));
    }
    const { result } = await this.ask("query_range", { query, start: from.valueOf() / 1000, end: to.valueOf() / 1000, step });
    return result.map((series) => frameOf(target, series));
  }

  async query(request) {
    const frames = await Promise.all(request.targets.filter((t) => !t.hide).map((t) => this.run(t, request)));
    return { data: frames.flat() };
  }

  // label_values(SELECTOR, LABEL)
  async metricFindQuery(query, options) {
    const text = typeof query === "string" ? query : query.query;
    const [, selector, label] = this.fill(text, options.scopedVars, SCRAPE_S).match(/^label_values\((.+), ([a-z_]+)\)$/);
    const { from, to } = options.range ?? { from: dateTime(0), to: dateTime() };
    const values = await this.ask(`label/${label}/values`, {
      "match[]": selector, start: from.valueOf() / 1000, end: to.valueOf() / 1000 });
    return values.map((value) => ({ text: value }));
  }
}
