// Voxels of a map as Mol* wants them: a box in space, never a crystal.
import { CustomProperties } from 'molstar/lib/mol-model/custom-property.js';
import type { Volume } from 'molstar/lib/mol-model/volume.js';
import { Mat4, Tensor, Vec3 } from 'molstar/lib/mol-math/linear-algebra.js';
import { PluginStateObject } from 'molstar/lib/mol-plugin-state/objects.js';
import { StateTransformer } from 'molstar/lib/mol-state/index.js';
import { ParamDefinition as PD } from 'molstar/lib/mol-util/param-definition.js';
import type { MapSource } from './descriptor';
import { openImage, readLevel } from './ome_zarr';

/** Voxels of the map that is drawn: above, a coarser level is taken (256³ is 67 MB and some 350 MB of heap). */
const WANTED_VOXELS = 256 ** 3;
/** Voxels that are still tried where no coarser level is there yet. */
const MOST_VOXELS = 420 ** 3;

export const AXES = ['x', 'y', 'z'] as const;

/**
 * Shift of a slice's grid, voxels: Mol* draws pixel i of a slice over [i, i + 1] but vertices of the surface at i,
 * so the two differ by half a voxel in the plane.
 */
export const SLICE_SHIFT = { x: Vec3.create(0, -0.5, -0.5), y: Vec3.create(-0.5, 0, -0.5), z: Vec3.create(-0.5, -0.5, 0) };

export interface Voxels {
  data: Float32Array<ArrayBuffer>; // x fastest
  sizeXyz: [number, number, number];
  factors: [number, number, number]; // level-0 voxels per voxel: x, y, z
}

/** The finest level that a browser holds well. */
export async function fetchVoxels(source: MapSource): Promise<Voxels> {
  const image = await openImage(source.zarr);
  const count = (shape: readonly number[]) => shape.reduce((product, n) => product * n, 1);
  const fitting = image.levels.filter(({ array }) => count(array.shape) <= WANTED_VOXELS);
  const level = fitting[0] ?? image.levels[image.levels.length - 1];
  if (count(level.array.shape) > MOST_VOXELS) throw new Error('it is too large for a browser until its smaller versions are made; its sections are below.');
  const [z, y, x] = level.array.shape.slice(-3);
  const [fz, fy, fx] = level.factors.slice(-3);
  return { data: await readLevel(level), sizeXyz: [x, y, z], factors: [fx, fy, fz] };
}

/** The map in the common frame, in Å. */
export function placed(source: MapSource, { data, sizeXyz, factors }: Voxels, shift = Vec3.create(0, 0, 0)): Volume {
  const [vz, vy, vx] = source.voxelSizeA;
  const [oz, oy, ox] = source.originA;
  const scale = Mat4.fromScaling(Mat4(), Vec3.create(vx * factors[0], vy * factors[1], vz * factors[2]));
  // The mean of f voxels lies at their middle: (f − 1) / 2 voxels of level 0 from the first one's centre.
  const [mx, my, mz] = factors.map((f) => (f - 1) / (2 * f));
  const grid = Mat4.fromTranslation(Mat4(), Vec3.create(mx + shift[0], my + shift[1], mz + shift[2]));
  const origin = Mat4.fromTranslation(Mat4(), Vec3.create(ox, oy, oz));
  const common = source.transform ? Mat4.fromArray(Mat4(), source.transform, 0) : Mat4.identity();
  const matrix = Mat4.mul(Mat4(), common, Mat4.mul3(Mat4(), origin, scale, grid));
  const { minimum, maximum, mean, sigma } = source.statistics;
  const space = Tensor.Space([...sizeXyz], [2, 1, 0], Float32Array);
  return {
    label: source.label,
    grid: {
      cells: Tensor.create(space, Tensor.Data1(data)),
      stats: { min: minimum, max: maximum, mean, sigma },
      // Mol* repeats what it takes for a crystal, and its slices then lose origin and transform.
      periodicity: 'none',
      transform: { kind: 'matrix', matrix },
    },
    instances: [{ transform: Mat4.identity() }],
    sourceData: { kind: 'zarr', name: source.label, data: source.zarr },
    customProperties: new CustomProperties(),
    _propertyData: Object.create(null),
    _localPropertyData: Object.create(null),
  };
}

/** Puts a volume that we made into Mol*'s state. */
export const PlacedMap = StateTransformer.builderFactory('archive')({
  name: 'placed-map',
  from: PluginStateObject.Root,
  to: PluginStateObject.Volume.Data,
  params: { volume: PD.Value<Volume>(undefined as unknown as Volume, { isHidden: true }) },
})({
  apply: ({ params }) => new PluginStateObject.Volume.Data(params.volume, { label: params.volume.label ?? '' }),
});
