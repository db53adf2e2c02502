// The classic JSON of a dashboard as a scene. Grafana's server does the same for a file that is imported; that part of it is
// in no package. What is not known here is an error, so that nothing of a dashboard is left out without a word.
import {
  dataLayers, DataSourceVariable, EmbeddedScene, QueryVariable, SceneDataLayerSet, SceneDataTransformer, SceneGridItem, SceneGridLayout, SceneGridRow,
  SceneQueryRunner, SceneTimeRange, SceneVariableSet, VariableValueSelectors, VizPanel,
} from "@grafana/scenes";

function variableOf(model, source, chosen) {
  const common = { name: model.name, label: model.label, hide: model.hide, isMulti: model.multi, includeAll: model.includeAll };
  if (model.type === "datasource")
    return new DataSourceVariable({ ...common, pluginId: model.query, value: source, text: source });
  if (model.type !== "query") throw new Error(`a variable of type ${model.type}`);
  return new QueryVariable({
    ...common, datasource: model.datasource, query: model.query, definition: model.definition, refresh: model.refresh,
    regex: model.regex, sort: model.sort, allValue: model.allValue, value: chosen ?? model.current.value ?? "",
    text: chosen ?? model.current.text ?? "",
  });
}

function dataOf(panel) {
  const runner = new SceneQueryRunner({ datasource: panel.datasource, queries: panel.targets, maxDataPoints: panel.maxDataPoints });
  return panel.transformations?.length
    ? new SceneDataTransformer({ $data: runner, transformations: panel.transformations }) : runner;
}

function itemOf(panel) {
  const { x, y, w, h } = panel.gridPos;
  const body = new VizPanel({
    key: `panel-${panel.id}`, pluginId: panel.type, title: panel.title, description: panel.description,
    options: panel.options, fieldConfig: panel.fieldConfig, $data: dataOf(panel),
  });
  return new SceneGridItem({ x, y, width: w, height: h, body });
}

// Panels behind a row are its own.
function layoutOf(panels) {
  const children = [];
  let row = null;
  for (const panel of panels) {
    if (panel.type === "row") {
      row = new SceneGridRow({ title: panel.title, y: panel.gridPos.y, isCollapsed: panel.collapsed, children: [] });
      children.push(row);
    } else if (row) {
      row.setState({ children: [...row.state.children, itemOf(panel)] });
    } else {
      children.push(itemOf(panel));
    }
  }
  return new SceneGridLayout({ isDraggable: false, isResizable: false, children });
}

function layerOf(annotation) {
  return new dataLayers.AnnotationsDataLayer({
    name: annotation.name, query: annotation, isEnabled: annotation.enable, isHidden: annotation.hide });
}

export function sceneOf(board, range, source, chosen) {
  return new EmbeddedScene({
    $timeRange: new SceneTimeRange({ from: range.from.toISOString(), to: range.to.toISOString(), timeZone: "utc" }),
    $variables: new SceneVariableSet({ variables: board.templating.list.map((v) => variableOf(v, source, chosen(v.name))) }),
    $data: new SceneDataLayerSet({ layers: board.annotations.list.map(layerOf) }),
    controls: [new VariableValueSelectors({})],
    body: layoutOf(board.panels),
  });
}
