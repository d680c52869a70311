// 3D maps: isosurfaces, orthogonal slices, several maps in one frame. Mol* without its React interface, voxels from OME-Zarr.
import { PluginCommands } from 'molstar/lib/mol-plugin/commands.js';
import { PluginConfig } from 'molstar/lib/mol-plugin/config.js';
import { PluginContext } from 'molstar/lib/mol-plugin/context.js';
import { CameraControls } from 'molstar/lib/mol-plugin/behavior/dynamic/camera.js';
import { createVolumeRepresentationParams } from 'molstar/lib/mol-plugin-state/helpers/volume-representation-params.js';
import { VolumeRepresentation3D } from 'molstar/lib/mol-plugin-state/transforms/representation.js';
import { Grid, Volume } from 'molstar/lib/mol-model/volume.js';
import type { Sphere3D } from 'molstar/lib/mol-math/geometry.js';
import { BoundaryHelper } from 'molstar/lib/mol-math/geometry/boundary-helper.js';
import { Vec3 } from 'molstar/lib/mol-math/linear-algebra.js';
import { Color } from 'molstar/lib/mol-util/color/index.js';
import { bar, button, checkbox, group, newestOnly, painted, readout, slider, stage, tellKeys } from './controls';
import { turnWithKeys } from './map_keys';
import type { MapDescriptor, MapSource, Viewer } from './descriptor';
import { AXES, fetchVoxels, PlacedMap, placed, SLICE_SHIFT, type Voxels } from './map_voxels';

/** Voxels. Below, marching cubes on the CPU is as fast and saves the compilation of the shaders (3 s on software WebGL). */
const GPU_FROM = 128 ** 3;

/** Mol*'s palette of n colours is a texture of n texels: with two colours the outer quarters of the range are flat. */
const GREYS = Array.from({ length: 64 }, (_, n) => Color.fromRgb(n * 4 + 1, n * 4 + 1, n * 4 + 1));

export interface MapViewer extends Viewer {
  fit(): void;
  lookAlong(axis: 'x' | 'y' | 'z'): void;
}

export async function mount(element: HTMLElement, descriptor: MapDescriptor): Promise<MapViewer> {
  const target = stage(element);
  const [plugin, first] = await Promise.all([startMolstar(target), fetchVoxels(descriptor.maps[0])]);
  const controls = bar(element);
  const spheres: Sphere3D[] = [];
  for (const source of descriptor.maps) {
    const own = surfaceControls(controls, plugin, source, source === descriptor.maps[0] ? first : undefined);
    if (source.shown) spheres.push(await own.show());
  }
  if (descriptor.slices) offerSlices(plugin, bar(element), descriptor.maps[0], first);
  const viewer = cameraOf(plugin, spheres, () => element.replaceChildren());
  const views = group(controls, 'View');
  views.classList.add('tight');
  button(views, 'Fit', () => viewer.fit());
  for (const axis of AXES) button(views, axis, () => viewer.lookAlong(axis), `View along ${axis}`);
  turnWithKeys(target, plugin, () => viewer.fit());
  tellKeys(
    element,
    target,
    'Map in three dimensions',
    'Drag turns, Ctrl and drag move, the wheel zooms; one finger turns, two move and zoom. Keys: arrows turn, + and − zoom, 0 fits.',
  );
  viewer.fit();
  await painted();
  await painted();
  return viewer;
}

async function startMolstar(target: HTMLElement): Promise<PluginContext> {
  const plugin = new PluginContext({
    actions: [],
    behaviors: [{ transformer: CameraControls }], // plugin/spec.js would bring every default behaviour
    // Mol* refuses software WebGL otherwise (failIfMajorPerformanceCaveat).
    config: [[PluginConfig.General.AllowMajorPerformanceCaveat, true]],
  });
  await plugin.init();
  if (!(await plugin.mountAsync(target))) throw new Error('WebGL could not be started.');
  plugin.canvas3d!.setProps({
    renderer: { backgroundColor: Color(0x0b0c0e) },
    camera: { mode: 'orthographic', helper: { axes: { name: 'off', params: {} } } },
    // Each effect is more shaders to compile before the first picture; none is needed to read a map.
    postprocessing: { occlusion: { name: 'off', params: {} } },
    multiSample: { mode: 'off' },
  });
  return plugin;
}

/** A row of controls for one map; its voxels are fetched when it is first shown. */
function surfaceControls(controls: HTMLElement, plugin: PluginContext, source: MapSource, known?: Voxels): { show(): Promise<Sphere3D> } {
  const own = group(controls, `Map ${source.label}`);
  own.style.setProperty('--tint', source.colour);
  const { mean, sigma, maximum } = source.statistics;
  const inSigma = (absolute: number) => (sigma > 0 ? (absolute - mean) / sigma : 0);
  let surface: Awaited<ReturnType<typeof addSurface>> | undefined;
  let contour = source.contour;
  const visible = checkbox(own, source.label, source.shown, (on) => {
    visible.disabled = true;
    void (async () => {
      if (!surface) await show();
      else await PluginCommands.State.ToggleVisibility(plugin, { state: plugin.state.data, ref: surface.ref });
    })().catch((error: Error) => { visible.checked = !on; numbers.value = error.message; }).finally(() => (visible.disabled = false));
  });
  const [from, to] = [Math.min(0, source.statistics.minimum), maximum];
  const change = newestOnly(async () => surface?.contourAt(contour));
  const input = slider(own, '', { min: from, max: to, step: (to - from) / 1000, value: contour }, (absolute) => {
    contour = absolute;
    say();
    void change(undefined);
  });
  input.setAttribute('aria-label', `Contour of ${source.label}`);
  const numbers = readout(own);
  const say = () => (numbers.value = `${contour.toPrecision(3)} = ${inSigma(contour).toFixed(2)} σ`);
  say();
  const show = async () => {
    const voxels = known ?? (await fetchVoxels(source));
    surface = await addSurface(plugin, source, voxels, contour);
    return surface.sphere;
  };
  return { show };
}

async function addSurface(plugin: PluginContext, source: MapSource, voxels: Voxels, contour: number) {
  const volume = placed(source, voxels);
  const node = await plugin.build().toRoot().apply(PlacedMap, { volume }).commit();
  const shape = (absolute: number) => createVolumeRepresentationParams(plugin, volume, {
    type: 'isosurface',
    // Mol*'s defaults are for crystals: wrap 'auto' joins opposite faces, gpuDataType 'byte' keeps 256 density levels.
    typeParams: { isoValue: Volume.IsoValue.absolute(absolute), wrap: 'off', gpuDataType: 'float', tryUseGpu: volume.grid.cells.data.length > GPU_FROM, alpha: source.opacity ?? 1 },
    color: 'uniform',
    colorParams: { value: Color.fromHexStyle(source.colour) },
  });
  const surface = await plugin.build().to(node).apply(VolumeRepresentation3D, shape(contour)).commit();
  return {
    ref: surface.ref,
    sphere: Grid.getIsosurfaceBoundingSphere(volume.grid, contour),
    contourAt: async (absolute: number) => void (await plugin.build().to(surface).update(shape(absolute)).commit()),
  };
}

/** Three planes through the map, made when a person asks for them: they hide much of the surface. */
function offerSlices(plugin: PluginContext, controls: HTMLElement, source: MapSource, voxels: Voxels): void {
  let planes: { axis: 'x' | 'y' | 'z'; ref: string; goTo(index: number): Promise<void> }[] = [];
  const { sizeXyz } = voxels;
  const indices = sizeXyz.map((count) => count >> 1);
  const toggle = checkbox(controls, 'Slices', false, (on) => {
    toggle.disabled = true;
    void (async () => {
      if (!planes.length) for (const [n, axis] of AXES.entries()) planes = [...planes, await addSlice(plugin, source, voxels, axis, indices[n])];
      else for (const { ref } of planes) await PluginCommands.State.ToggleVisibility(plugin, { state: plugin.state.data, ref });
      for (const input of inputs) input.disabled = !on;
    })().finally(() => (toggle.disabled = false));
  });
  const inputs = AXES.map((axis, n) => {
    const show = newestOnly(async (index: number) => planes[n]?.goTo(index));
    const input = slider(controls, axis, { min: 0, max: sizeXyz[n] - 1, step: 1, value: indices[n] }, (index) => void show(index));
    input.setAttribute('aria-label', `Slice across ${axis}`);
    input.disabled = true;
    return input;
  });
}

async function addSlice(plugin: PluginContext, source: MapSource, voxels: Voxels, axis: 'x' | 'y' | 'z', start: number) {
  const { minimum, maximum, mean, sigma } = source.statistics;
  const domain: [number, number] = [Math.max(minimum, mean - 3 * sigma), Math.min(maximum, mean + 8 * sigma)];
  const volume = placed(source, voxels, SLICE_SHIFT[axis]);
  const node = await plugin.build().toRoot().apply(PlacedMap, { volume }).commit();
  const shape = (index: number) => createVolumeRepresentationParams(plugin, volume, {
    type: 'slice',
    typeParams: { mode: 'grid', dimension: { name: axis, params: index }, quality: 'custom' },
    color: 'volume-value',
    colorParams: { colorList: { kind: 'interpolate', colors: GREYS }, domain: { name: 'custom', params: domain } },
  });
  const slice = await plugin.build().to(node).apply(VolumeRepresentation3D, shape(start)).commit();
  return { axis, ref: slice.ref, goTo: async (index: number) => void (await plugin.build().to(slice).update(shape(index)).commit()) };
}

function cameraOf(plugin: PluginContext, spheres: Sphere3D[], emptied: () => void): MapViewer {
  const whole = new BoundaryHelper('14');
  for (const sphere of spheres) whole.includeSphere(sphere);
  whole.finishedIncludeStep();
  for (const sphere of spheres) whole.radiusSphere(sphere);
  const { center, radius } = whole.getSphere();
  const look = (up: Vec3, direction: Vec3) => {
    const snapshot = plugin.canvas3d!.camera.getFocus(center, radius, up, direction);
    plugin.canvas3d!.requestCameraReset({ durationMs: 0, snapshot });
  };
  return {
    fit: () => look(Vec3.create(0, 1, 0), Vec3.create(-0.5, -0.45, -0.75)),
    lookAlong(axis) {
      const direction = Vec3.create(axis === 'x' ? -1 : 0, axis === 'y' ? -1 : 0, axis === 'z' ? -1 : 0);
      look(axis === 'y' ? Vec3.create(0, 0, 1) : Vec3.create(0, 1, 0), direction);
    },
    dispose() {
      plugin.dispose();
      emptied();
    },
  };
}
