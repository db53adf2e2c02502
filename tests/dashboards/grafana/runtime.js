// What Grafana's server would have set before a dashboard is opened.
import {
  dataLinksOverrideProcessor, displayNameOverrideProcessor, EventBusSrv, identityOverrideProcessor, LoadingState,
  numberOverrideProcessor, standardFieldConfigEditorRegistry, standardTransformers, standardTransformersRegistry,
  thresholdsOverrideProcessor, unitOverrideProcessor, valueMappingsOverrideProcessor,
} from "@grafana/data";
import { setAppEvents, setDataSourceSrv, setPluginImportUtils, setRunRequest, setTemplateSrv } from "@grafana/runtime";
import { catchError, from, map, of } from "rxjs";

const NO_EDITOR = () => null;
const STANDARD = {
  displayName: displayNameOverrideProcessor, unit: unitOverrideProcessor, min: numberOverrideProcessor,
  max: numberOverrideProcessor, decimals: numberOverrideProcessor, thresholds: thresholdsOverrideProcessor,
  mappings: valueMappingsOverrideProcessor, color: identityOverrideProcessor, links: dataLinksOverrideProcessor,
  noValue: identityOverrideProcessor,
};

function standardFields() {
  return Object.entries(STANDARD).map(([id, process]) => ({
    id, path: id, name: id, editor: NO_EDITOR, override: NO_EDITOR, process, shouldApply: () => true, settings: {} }));
}

function transformers() {
  return [standardTransformers.mergeTransformer, standardTransformers.organizeFieldsTransformer].map((transformation) => ({
    id: transformation.id, name: transformation.name, transformation: async () => transformation, editor: NO_EDITOR }));
}

function runRequest(source, request) {
  const begun = { request, timeRange: request.range };
  return from(source.query(request)).pipe(
    map(({ data }) => ({ ...begun, state: LoadingState.Done, series: data })),
    catchError((error) => of({ ...begun, state: LoadingState.Error, series: [], errors: [{ message: error.message }] })),
  );
}

export function prepareRuntime(source) {
  const settings = { uid: source.uid, name: source.uid, type: "prometheus", meta: source.meta, isDefault: true };
  standardFieldConfigEditorRegistry.setInit(standardFields);
  standardTransformersRegistry.setInit(transformers);
  setAppEvents(new EventBusSrv());
  setRunRequest(runRequest);
  setTemplateSrv({ replace: (text) => text, getVariables: () => [], containsTemplate: () => false, updateTimeRange() {} });
  setDataSourceSrv({ get: async () => source, getList: () => [settings], getInstanceSettings: () => settings, reload() {} });
  setPluginImportUtils({
    getPanelPluginFromCache: () => undefined,
    importPanelPlugin: (id) => Promise.reject(new Error(`no panel of type ${id}`)),
  });
}
