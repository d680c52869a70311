// The controls below a volume: position, zoom, layout, contrast or channels, overlays, a walk from point to point.
import { bar, button, checkbox, group, readout, short, slider } from './controls';
import { channelControls } from './channel_controls';
import type { VolumeDescriptor } from './descriptor';
import type { OmeImage } from './ome_zarr';
import type { Neuroglancer } from './volume_viewer';
import { beginsWithOnePlane, fittingScale, hexOf, layerOf, overlays } from './volume_state';

const LAYOUTS = [['4panel', 'Planes and 3D'], ['xy', 'xy'], ['xz', 'xz'], ['yz', 'yz'], ['3d', '3D']] as const;

export function addControls(element: HTMLElement, viewer: Neuroglancer, descriptor: VolumeDescriptor, image: OmeImage): void {
  position(bar(element), viewer, descriptor);
  const controls = bar(element);
  layoutAndZoom(controls, element, viewer, descriptor);
  if (image.channels.length > 1 && !descriptor.image.isSegmentation) {
    const own = bar(element);
    image.channels.forEach((channel, n) => {
      channelControls(own, channel, () => {
        const layer = viewer.layerManager.getLayerByName(layerOf(n));
        layer?.setVisible(channel.active);
        setShader(viewer, n, { contrast: { range: [channel.low, channel.high] }, colour: hexOf(channel) });
      });
    });
  } else if (!descriptor.image.isSegmentation) contrast(controls, viewer, descriptor);
  for (const { name } of overlays(descriptor)) {
    checkbox(controls, name, true, (on) => viewer.layerManager.getLayerByName(name)?.setVisible(on));
  }
  for (const points of descriptor.points) walk(bar(element), viewer, points);
}

/** Sliders along z, y, x, and what lies at the position: neuroglancer tells neither to people who do not see its panels. */
function position(controls: HTMLElement, viewer: Neuroglancer, { sizeZyx }: VolumeDescriptor): void {
  const inputs = (['z', 'y', 'x'] as const).map((axis, n) => {
    const along = 2 - n; // neuroglancer: x, y, z
    const input = slider(controls, axis, { min: 0, max: sizeZyx[n] - 1, step: 1, value: 0 }, (index) => moveTo(viewer, along, index));
    if (axis === 'z') input.parentElement!.classList.add('grow');
    return { input, along };
  });
  const where = readout(controls);
  const say = () => {
    const at = viewer.position.value;
    for (const { input, along } of inputs) input.value = String(Math.round(at[along]));
    const pointed = viewer.mouseState.active;
    const place = pointed ? viewer.mouseState.position : at;
    const [x, y, z] = Array.from(place, (value) => Math.round(value));
    const values = viewer.layerManager.managedLayers.filter((layer) => layer.visible && layer.layer?.type !== 'annotation').map((layer) => {
      const value = layer.layer?.getValueAt(Float32Array.from(place), viewer.mouseState) as { value?: unknown } | unknown;
      return value === null || value === undefined ? '' : String((value as { value?: unknown }).value ?? value);
    });
    where.value = `x ${x}  y ${y}  z ${z}  value ${values.filter(Boolean).join(' · ')}`;
  };
  // pictures arrive after the position has changed
  for (const signal of [viewer.position.changed, viewer.mouseState.changed, viewer.chunkQueueManager.visibleChunksChanged]) viewer.registerDisposer(signal.add(say));
  say();
}

function moveTo(viewer: Neuroglancer, along: number, index: number): void {
  const position = Float32Array.from(viewer.position.value);
  position[along] = index;
  viewer.position.value = position;
}

function layoutAndZoom(controls: HTMLElement, element: HTMLElement, viewer: Neuroglancer, descriptor: VolumeDescriptor): void {
  const layouts = group(controls, 'Layout');
  layouts.classList.add('tight');
  const now = () => {
    const shown: unknown = viewer.layout.toJSON();
    return typeof shown === 'string' ? shown : '4panel';
  };
  const press = () => LAYOUTS.forEach(([name], n) => layouts.children[n].setAttribute('aria-pressed', String(name === now())));
  for (const [name, words] of LAYOUTS) button(layouts, words, () => viewer.layout.restoreState(name));
  viewer.registerDisposer(viewer.layout.changed.add(press));
  press();
  const zooms = group(controls, 'Zoom');
  zooms.classList.add('tight');
  const zoom = (by: number) => {
    viewer.crossSectionScale.value /= by;
    viewer.projectionScale.value /= by;
  };
  button(zooms, '+', () => zoom(1.5), 'Zoom in');
  button(zooms, '−', () => zoom(1 / 1.5), 'Zoom out');
  button(zooms, 'Fit', () => {
    const { clientWidth, clientHeight } = element.querySelector('.viewer-stage')!;
    const panels = now() === '4panel' && !beginsWithOnePlane(clientWidth) ? 2 : 1;
    viewer.crossSectionScale.value = fittingScale(descriptor, clientWidth, clientHeight, panels);
    descriptor.sizeZyx.forEach((length, n) => moveTo(viewer, 2 - n, Math.floor(length / 2)));
  });
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
      setShader(viewer, 0, { contrast: { range: [chosen.low, chosen.high] } });
    });
  }
  const numbers = readout(own);
  numbers.value = `${short(low)} to ${short(high)}`;
}

function setShader(viewer: Neuroglancer, channel: number, state: object): void {
  const layer = viewer.layerManager.getLayerByName(layerOf(channel))?.layer as unknown as { shaderControlState: { restoreState(state: object): void } };
  layer?.shaderControlState.restoreState(state);
}

/** Buttons from point to point: without a mouse nobody could find one among the others. */
function walk(controls: HTMLElement, viewer: Neuroglancer, { label, positionsXyz }: VolumeDescriptor['points'][number]): void {
  const own = group(controls, label);
  own.classList.add('tight');
  const count = positionsXyz.length;
  let at = -1;
  const step = (by: number) => {
    at = (Math.max(at, by > 0 ? -1 : 0) + by + count) % count;
    positionsXyz[at].forEach((index, along) => moveTo(viewer, along, index));
    say();
  };
  button(own, '‹', () => step(-1), `Previous of ${label}`);
  button(own, '›', () => step(1), `Next of ${label}`);
  const where = readout(own);
  const say = () => (where.value = at < 0 ? `${count} ${label}` : `${label} ${at + 1} of ${count}`);
  say();
}
