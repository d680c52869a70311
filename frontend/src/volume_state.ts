// neuroglancer's JSON state for a descriptor: layers, dimensions, where the view begins.
import type { VolumeDescriptor } from './descriptor';
import type { Channel } from './ome_zarr';

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

export const beginsWithOnePlane = (width: number) => width < NARROW;

interface Layer {
  name: string;
  [key: string]: unknown;
}

/** Layer of a channel; the first is also that of an image without channels. */
export const layerOf = (channel: number) => (channel ? `image ${channel + 1}` : 'image');

export const hexOf = ({ rgb }: Channel) => `#${rgb.map((part) => part.toString(16).padStart(2, '0')).join('')}`;

function source(address: string): string {
  return `${new URL(address, location.href).href.replace(/\/?$/, '/')}|zarr3:`;
}

/** Layers over the image that can be switched on and off: segmentations, points. */
export function overlays({ segmentations, points, voxelSizeM }: VolumeDescriptor): Layer[] {
  const given = [...segmentations, ...points].map(({ label }) => label);
  const labels = segmentations.map(({ zarr, label }) => ({ type: 'segmentation', name: label, source: source(zarr), selectedAlpha: 0.4, notSelectedAlpha: 0.3 }));
  const sets = points.map(({ label, positionsXyz }, n) => ({
    type: 'annotation',
    name: label,
    source: { url: 'local://annotations', transform: { outputDimensions: dimensions(voxelSizeM) } },
    // Of OME-Zarr, neuroglancer puts the centre of voxel i at i.
    annotations: positionsXyz.map((point, id) => ({ type: 'point', id: String(id), point })),
    annotationColor: POINT_COLOURS[n % POINT_COLOURS.length],
    shader: POINT_SHADER,
  }));
  // Two layers of one name would be one to every control.
  return [...labels, ...sets].map((layer, n) => ({ ...layer, name: given.indexOf(layer.name) < n || layer.name.startsWith('image') ? `${layer.name} (${n + 1})` : layer.name }));
}

function dimensions(voxelSizeM: VolumeDescriptor['voxelSizeM']): Record<string, [number, string]> {
  const size = (n: number): [number, string] => (voxelSizeM ? [voxelSizeM[n], 'm'] : [1, '']);
  return { x: size(2), y: size(1), z: size(0) };
}

function imageLayers({ image }: VolumeDescriptor, channels: Channel[]): Layer[] {
  if (image.isSegmentation) return [{ type: 'segmentation', name: 'image', source: source(image.zarr), notSelectedAlpha: 0.7 }];
  const { low, high, minimum, maximum } = image.limits;
  if (channels.length < 2) {
    const shader = `#uicontrol invlerp contrast(range=[${low}, ${high}], window=[${minimum}, ${maximum}])\nvoid main() { emitGrayscale(contrast()); }\n`;
    return [{ type: 'image', name: 'image', source: source(image.zarr), shader, opacity: 1 }];
  }
  return channels.map((channel, n) => ({
    type: 'image',
    name: layerOf(n),
    source: source(image.zarr),
    localPosition: [n],
    visible: channel.active,
    blend: 'additive',
    opacity: 1,
    shader: `#uicontrol invlerp contrast(range=[${channel.low}, ${channel.high}], window=[${channel.min}, ${channel.max}])
#uicontrol vec3 colour color(default="${hexOf(channel)}")
void main() { emitRGB(colour * contrast()); }
`,
  }));
}

/** How many voxels along x a screen pixel shows, so that every plane fits its part of the stage. */
export function fittingScale({ sizeZyx: [z, y, x], voxelSizeM }: VolumeDescriptor, width: number, height: number, panels: number): number {
  const [tall, deep] = voxelSizeM ? [(y * voxelSizeM[1]) / voxelSizeM[2], (z * voxelSizeM[0]) / voxelSizeM[2]] : [y, z];
  const [across, down] = panels > 1 ? [Math.max(x, deep), Math.max(tall, deep)] : [x, tall];
  return Math.max(across / (width / panels - 16), down / (height / panels - 16));
}

/** Without dimensions and position it would open at voxel 0, 0, 0 with z to the right. */
export function stateOf(descriptor: VolumeDescriptor, channels: Channel[], width: number, height: number): object {
  const { sizeZyx: [z, y, x], voxelSizeM } = descriptor;
  const [tall, deep] = voxelSizeM ? [(y * voxelSizeM[1]) / voxelSizeM[2], (z * voxelSizeM[0]) / voxelSizeM[2]] : [y, z];
  const onePlane = beginsWithOnePlane(width);
  return {
    layers: [...imageLayers(descriptor, channels), ...overlays(descriptor)],
    dimensions: dimensions(voxelSizeM),
    displayDimensions: ['x', 'y', 'z'],
    position: [x, y, z].map((length) => Math.floor(length / 2)),
    crossSectionScale: fittingScale(descriptor, width, height, onePlane ? 1 : 2),
    projectionScale: 1.15 * Math.hypot(x, tall, deep), // voxels across the 3D panel
    projectionOrientation: [0.4, 0.25, 0.1, 0.87],
    layout: onePlane ? 'xy' : '4panel',
    showSlices: true,
    showAxisLines: true,
    showDefaultAnnotations: false,
    hideCrossSectionBackground3D: true,
    crossSectionBackgroundColor: '#0b0c0e',
    projectionBackgroundColor: '#0b0c0e',
  };
}
