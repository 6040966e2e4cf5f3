/** Layers: publishing, finding, listing, deleting versions (LAMBDA.md C3.27). Who may use one is nobody's question here. */
import { type LayerVersion, layerArn, layerVersionArn } from '../../model/layer-version.ts';
import { limits } from '../../model/limits.ts';
import { Constraints, notGiven } from '../../model/validation.ts';
import { layerPath } from '../code-location.ts';
import { codeOf } from '../function-request.ts';
import { JsonReader } from '../json-reader.ts';
import { label, type Operation, type OperationRequest } from '../operation.ts';
import { nextMarkerOf, pageOf } from '../page-request.ts';

const all = '/2018-10-31/layers';
const versions = `${all}/{LayerName}/versions`;
const one = `${versions}/{VersionNumber}`;

const publishLayerVersion: Operation = {
  name: 'PublishLayerVersion',
  method: 'POST',
  path: versions,
  requestBytesMax: limits.requestBytesMax,
  async run(request) {
    const body = JsonReader.parse(request.body);
    const content = body.structure('Content');
    if (content === undefined) throw notGiven({ content });
    const description = body.string('Description');
    const licenseInfo = body.string('LicenseInfo');
    const layer = await request.engine.functions.layers.publish({
      layerName: label(request, 'LayerName'),
      zipFile: codeOf(content).zipFile,
      compatibleRuntimes: body.strings('CompatibleRuntimes') ?? [],
      compatibleArchitectures: body.strings('CompatibleArchitectures') ?? [],
      ...(description !== undefined && { description }),
      ...(licenseInfo !== undefined && { licenseInfo }),
    });
    return { status: 201, body: layerAnswer(request, layer) };
  },
};

const listLayerVersions: Operation = {
  name: 'ListLayerVersions',
  method: 'GET',
  path: versions,
  async run(request) {
    const { layers, nextMarker } = request.engine.functions.layers.listVersions({
      ...filterOf(request),
      layerName: label(request, 'LayerName'),
    });
    return { status: 200, body: { ...nextMarkerOf(nextMarker), LayerVersions: layers.map(layerSummary) } };
  },
};

const getLayerVersion: Operation = {
  name: 'GetLayerVersion',
  method: 'GET',
  path: one,
  async run(request) {
    const layer = request.engine.functions.layers.get(...named(request));
    return { status: 200, body: layerAnswer(request, layer) };
  },
};

const deleteLayerVersion: Operation = {
  name: 'DeleteLayerVersion',
  method: 'DELETE',
  path: one,
  async run(request) {
    await request.engine.functions.layers.delete(...named(request));
    return { status: 204 };
  },
};

/** GetLayerVersionByArn is the same path with `?find=LayerVersion`. */
const listLayers: Operation = {
  name: 'ListLayers',
  method: 'GET',
  path: all,
  async run(request) {
    const { find, Arn: arn = '' } = request.query;
    const { layers: registry } = request.engine.functions;
    if (find === 'LayerVersion') return { status: 200, body: layerAnswer(request, registry.getByArn(arn)) };
    const { layers, nextMarker } = registry.list(filterOf(request));
    const Layers = layers.map((layer) => ({
      LayerName: layer.layerName,
      LayerArn: layerArn(layer.layerName),
      LatestMatchingVersion: layerSummary(layer),
    }));
    return { status: 200, body: { ...nextMarkerOf(nextMarker), Layers } };
  },
};

export const layerOperations: readonly Operation[] = [
  publishLayerVersion,
  listLayerVersions,
  getLayerVersion,
  deleteLayerVersion,
  listLayers,
];

function named(request: OperationRequest): [layerName: string, version: number] {
  return [label(request, 'LayerName'), Number(label(request, 'VersionNumber'))];
}

function filterOf(request: OperationRequest) {
  const { CompatibleRuntime: compatibleRuntime, CompatibleArchitecture: compatibleArchitecture } = request.query;
  const constraints = new Constraints();
  const page = pageOf(request, constraints);
  if (compatibleArchitecture !== undefined) {
    constraints.oneOf(compatibleArchitecture, 'compatibleArchitecture', ['x86_64', 'arm64']);
  }
  constraints.throwIfViolated();
  return {
    ...page,
    ...(compatibleRuntime !== undefined && { compatibleRuntime }),
    ...(compatibleArchitecture !== undefined && { compatibleArchitecture }),
  };
}

/** As lists show it. */
function layerSummary(layer: LayerVersion): Readonly<Record<string, unknown>> {
  return {
    LayerVersionArn: layerVersionArn(layer),
    Version: layer.version,
    Description: layer.description,
    CreatedDate: layer.createdDate,
    CompatibleRuntimes: layer.compatibleRuntimes,
    CompatibleArchitectures: layer.compatibleArchitectures,
    LicenseInfo: layer.licenseInfo,
  };
}

function layerAnswer({ link }: OperationRequest, layer: LayerVersion): Readonly<Record<string, unknown>> {
  return {
    Content: { Location: link(layerPath(layer)), CodeSha256: layer.codeSha256, CodeSize: layer.codeBytes },
    LayerArn: layerArn(layer.layerName),
    ...layerSummary(layer),
  };
}
