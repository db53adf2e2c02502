// Draws one dashboard of the chart with Grafana's own parts: @grafana/scenes runs its variables, queries, transformations
// and layout, @grafana/ui its panels. `window.shown` says what became of each panel; render.py reads it.
//
// ?board=URL&prometheus=URL&from=MS&to=MS, and var-NAME=VALUE as in Grafana's own addresses.
import React from "react";
import { createRoot } from "react-dom/client";
import { MemoryRouter } from "react-router-dom";
import { createTheme, LoadingState, dateTime } from "@grafana/data";
import { GlobalStyles, PortalContainer, ThemeContext } from "@grafana/ui";
import { sceneGraph, sceneUtils, VizPanel } from "@grafana/scenes";
import { PrometheusSource } from "./prometheus.js";
import { panelPlugins, unknownProperties } from "./panels.jsx";
import { prepareRuntime } from "./runtime.js";
import { sceneOf } from "./scene.js";

const SOURCE = "a-real-prometheus";

function stateOf(panel) {
  const data = sceneGraph.getData(panel).state.data;
  return {
    title: panel.state.title,
    type: panel.state.pluginId,
    done: data?.state === LoadingState.Done || data?.state === LoadingState.Error,
    errors: [...(data?.errors ?? []).map((e) => e.message), panel.state._pluginLoadError].filter(Boolean),
    series: data?.series.length ?? 0,
    values: (data?.series ?? []).reduce((n, frame) => n + frame.length, 0),
  };
}

const args = new URLSearchParams(window.location.search);
const board = await (await fetch(args.get("board"))).json();
const source = new PrometheusSource(SOURCE, args.get("prometheus"));
prepareRuntime(source);
sceneUtils.registerRuntimeDataSource({ dataSource: source });
for (const [pluginId, plugin] of Object.entries(panelPlugins)) sceneUtils.registerRuntimePanelPlugin({ pluginId, plugin });

const range = { from: dateTime(+args.get("from")), to: dateTime(+args.get("to")) };
const scene = sceneOf(board, range, SOURCE, (name) => args.get("var-" + name));
scene.activate();
window.shown = () => ({
  panels: sceneGraph.findAllObjects(scene, (o) => o instanceof VizPanel).map(stateOf),
  variables: Object.fromEntries(sceneGraph.getVariables(scene).state.variables.map((v) => [
    v.state.name, { loading: !!v.state.loading, error: v.state.error ?? null, value: v.getValue() ?? null }])),
  layers: sceneGraph.getDataLayers(scene).flatMap((set) => set.state.layers.map((layer) => ({
    name: layer.state.name, done: !!layer.state.data, errors: (layer.state.data?.errors ?? []).map((e) => e.message),
    events: layer.state.data?.series[0]?.length ?? 0 }))),
  unknown: unknownProperties(board),
});

const theme = createTheme({ colors: { mode: "dark" } });
createRoot(document.getElementById("board")).render(
  <ThemeContext.Provider value={theme}>
    <GlobalStyles />
    <MemoryRouter>
      <h1>{board.title}</h1>
      <scene.Component model={scene} />
      <PortalContainer />
    </MemoryRouter>
  </ThemeContext.Provider>,
);
