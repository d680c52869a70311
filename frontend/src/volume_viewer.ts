// Volumes (tomograms, volume EM, light-sheet): three planes and 3D, segmentations, points, in neuroglancer.
// main_module registers the data sources and layer types; default_viewer must not be imported: its CSS takes the whole page.
import 'neuroglancer';
import { setDefaultInputEventBindings } from 'neuroglancer/unstable/ui/default_input_event_bindings.js';
import { makeMinimalViewer } from 'neuroglancer/unstable/ui/minimal_viewer.js';
import { UrlHashBinding } from 'neuroglancer/unstable/ui/url_hash_binding.js';
import { bar, button, checkbox, group, painted, readout, short, slider, stage } from './controls';
import type { Viewer, VolumeDescriptor } from './descriptor';

const POINT_COLOURS = ['#ffd400', '#00e06c', '#40c4ff', '#ff6ad5'];
/** Rings: what was picked stays visible inside. */
const POINT_SHADER = `void main() {
  setPointMarkerSize(9.0);
  setPointMarkerColor(vec4(defaultColor(), 0.1));
  setPointMarkerBorderColor(defaultColor());
  setPointMarkerBorderWidth(1.5);
}`;
/** Stages narrower than this, px, begin with one plane. */
const NARROW = 500;
const PATIENCE_MS = 60_000;

type Neuroglancer = ReturnType<typeof makeMinimalViewer>;

export interface VolumeViewer extends Viewer {
  neuroglancer: Neuroglancer; // for tests and the console; its API is unstable
}

export async function mount(element: HTMLElement, descriptor: VolumeDescriptor): Promise<VolumeViewer> {
  const target = stage(element);
  target.classList.add('viewer-neuroglancer');
  const viewer = makeMinimalViewer({
    target,
    showLayerDialog: false,
    resetStateWhenEmpty: false,
    showHelpButton: false,
    showSettingsButton: false,
    showEditStateButton: false,
    showLocation: false,
    showLayerPanel: false,
    showUIControls: false,
    showPanelBorders: true,
  });
  setDefaultInputEventBindings(viewer.inputEventBindings);
  viewer.state.restoreState(stateOf(descriptor, target.clientWidth, target.clientHeight));
  // The link keeps the view: the state lives in the address after #!, and wins over the descriptor.
  const link = viewer.registerDisposer(new UrlHashBinding(viewer.state, viewer.dataSourceProvider.sharedKvStoreContext));
  if (location.hash.startsWith('#!')) link.updateFromUrlHash();
  await dataDrawn(viewer);
  addControls(element, viewer, descriptor);
  await painted();
  return {
    neuroglancer: viewer,
    dispose() {
      viewer.dispose();
      element.replaceChildren();
    },
  };
}

/** Resolved when every chunk of the view is there; an Error with a sentence where the source fails. */
function dataDrawn(viewer: Neuroglancer): Promise<void> {
  return new Promise((done, failed) => {
    const started = performance.now();
    const poll = setInterval(() => {
      const failure = viewer.layerManager.managedLayers.flatMap((l) => l.layer?.dataSources ?? []).find((s) => s.loadState?.error);
      const isLate = performance.now() - started > PATIENCE_MS;
      if (!failure && !isLate && !(viewer.layerManager.managedLayers.length && viewer.isReady())) return;
      clearInterval(poll);
      if (failure) failed(new Error('its pixels cannot be reached now.'));
      else if (isLate) failed(new Error('its pixels did not come within a minute.'));
      else done();
    }, 50);
  });
}

const LAYOUTS = [['4panel', 'Planes and 3D'], ['xy', 'xy'], ['xz', 'xz'], ['yz', 'yz'], ['3d', '3D']] as const;

function addControls(element: HTMLElement, viewer: Neuroglancer, descriptor: VolumeDescriptor): void {
  const steps = bar(element);
  const z = slider(steps, 'z', { min: 0, max: descriptor.sizeZyx[0] - 1, step: 1, value: 0 }, (index) => {
    const position = Float32Array.from(viewer.position.value);
    position[2] = index + 0.5;
    viewer.position.value = position;
  });
  z.parentElement!.classList.add('grow');
  const where = readout(steps);
  const say = () => {
    const [px, py, pz] = viewer.position.value;
    z.value = String(Math.floor(pz));
    where.value = `x ${Math.floor(px)}  y ${Math.floor(py)}  z ${Math.floor(pz)}`;
  };
  viewer.registerDisposer(viewer.position.changed.add(say));
  say();

  const controls = bar(element);
  const layouts = group(controls, 'Layout');
  layouts.classList.add('tight');
  for (const [name, words] of LAYOUTS) {
    const choose = button(layouts, words, () => {
      viewer.layout.restoreState(name);
      for (const other of layouts.children) other.setAttribute('aria-pressed', String(other === choose));
    });
    choose.setAttribute('aria-pressed', String(name === (element.clientWidth < NARROW ? 'xy' : '4panel')));
  }
  if (!descriptor.image.isSegmentation) contrast(controls, viewer, descriptor);
  for (const { name } of extraLayers(descriptor)) {
    checkbox(controls, name, true, (on) => viewer.layerManager.getLayerByName(name)?.setVisible(on));
  }
  const hint = document.createElement('p');
  hint.className = 'hint';
  hint.textContent = 'Drag moves, the wheel steps through, Ctrl and wheel zoom, right click centres; arrow keys and , . do the same. The address keeps the view.';
  element.append(hint);
}

function contrast(controls: HTMLElement, viewer: Neuroglancer, { image }: VolumeDescriptor): void {
  const { low, high, minimum, maximum } = image.limits;
  if (!(maximum > minimum)) return;
  const chosen = { low, high };
  const own = group(controls, 'Contrast');
  for (const end of ['low', 'high'] as const) {
    slider(own, end === 'low' ? 'Black' : 'White', { min: minimum, max: maximum, step: (maximum - minimum) / 500, value: chosen[end] }, (value) => {
      chosen[end] = value;
      numbers.value = `${short(chosen.low)} to ${short(chosen.high)}`;
      const layer = viewer.layerManager.getLayerByName('image')?.layer as unknown as { shaderControlState: { restoreState(state: object): void } };
      layer.shaderControlState.restoreState({ contrast: { range: [chosen.low, chosen.high] } });
    });
  }
  const numbers = readout(own);
  numbers.value = `${short(low)} to ${short(high)}`;
}

interface Layer {
  name: string;
  [key: string]: unknown;
}

function source(address: string): string {
  return `${new URL(address, location.href).href.replace(/\/?$/, '/')}|zarr3:`;
}

function extraLayers({ segmentations, points, voxelSizeM }: VolumeDescriptor): Layer[] {
  const overlays = segmentations.map(({ zarr, label }) => ({ type: 'segmentation', name: label, source: source(zarr), selectedAlpha: 0.4, notSelectedAlpha: 0.3 }));
  const sets = points.map(({ label, positionsXyz }, n) => ({
    type: 'annotation',
    name: label,
    source: { url: 'local://annotations', transform: { outputDimensions: dimensions(voxelSizeM) } },
    // Voxel centres: neuroglancer puts voxel i over [i, i + 1].
    annotations: positionsXyz.map((position, id) => ({ type: 'point', id: String(id), point: position.map((v) => v + 0.5) })),
    annotationColor: POINT_COLOURS[n % POINT_COLOURS.length],
    shader: POINT_SHADER,
  }));
  return [...overlays, ...sets];
}

function dimensions(voxelSizeM: VolumeDescriptor['voxelSizeM']): Record<string, [number, string]> {
  const size = (n: number): [number, string] => (voxelSizeM ? [voxelSizeM[n], 'm'] : [1, '']);
  return { x: size(2), y: size(1), z: size(0) };
}

/** neuroglancer's JSON state for a descriptor. Without dimensions and position it opens at voxel 0, 0, 0 with z to the right. */
export function stateOf(descriptor: VolumeDescriptor, width: number, height: number): object {
  const { image, sizeZyx: [z, y, x], voxelSizeM } = descriptor;
  const { low, high, minimum, maximum } = image.limits;
  const main: Layer = image.isSegmentation
    ? { type: 'segmentation', name: 'image', source: source(image.zarr), notSelectedAlpha: 0.7 }
    : {
        type: 'image',
        name: 'image',
        source: source(image.zarr),
        shader: `#uicontrol invlerp contrast(range=[${low}, ${high}], window=[${minimum}, ${maximum}])\nvoid main() { emitGrayscale(contrast()); }\n`,
        opacity: 1,
      };
  // Lengths in voxels along x; each plane has a quarter of the stage.
  const [tall, deep] = voxelSizeM ? [(y * voxelSizeM[1]) / voxelSizeM[2], (z * voxelSizeM[0]) / voxelSizeM[2]] : [y, z];
  const panels = width < NARROW ? 1 : 2;
  const fitting = Math.max(Math.max(x, deep) / (width / panels - 16), Math.max(tall, deep) / (height / panels - 16));
  return {
    layers: [main, ...extraLayers(descriptor)],
    dimensions: dimensions(voxelSizeM),
    displayDimensions: ['x', 'y', 'z'],
    position: [Math.floor(x / 2) + 0.5, Math.floor(y / 2) + 0.5, Math.floor(z / 2) + 0.5],
    crossSectionScale: fitting, // voxels a screen pixel
    projectionScale: 1.15 * Math.hypot(x, tall, deep), // voxels across the 3D panel
    projectionOrientation: [0.4, 0.25, 0.1, 0.87],
    layout: width < NARROW ? 'xy' : '4panel',
    showSlices: true,
    showAxisLines: true,
    showDefaultAnnotations: false,
    hideCrossSectionBackground3D: true,
    crossSectionBackgroundColor: '#0b0c0e',
    projectionBackgroundColor: '#0b0c0e',
  };
}
