// OME-Zarr 0.5 over HTTP: the metadata the viewers need, and parts of it as typed arrays.
import * as zarr from 'zarrita';

export interface Channel {
  label: string;
  rgb: [number, number, number];
  active: boolean;
  low: number;
  high: number;
  min: number;
  max: number;
}

export interface Level {
  array: zarr.Array<zarr.NumberDataType, zarr.Readable>;
  factor: number; // level-0 pixels per pixel of this level, y and x
  factors: number[]; // the same for every axis
}

export interface OmeImage {
  axes: string;
  levels: Level[];
  channels: Channel[];
  sizes: Record<string, number>; // level 0
  pixelSizeA: number | null;
}

interface OmeAttributes {
  multiscales?: {
    axes: { name: string; unit?: string }[];
    datasets: { path: string; coordinateTransformations: { type: string; scale: number[] }[] }[];
  }[];
  omero?: { channels: { label?: string; color?: string; active?: boolean; window?: { min: number; max: number; start: number; end: number } }[] };
}

const PALETTE = ['00ff00', 'ff00ff', '00ffff', 'ffff00', 'ff5050', '6080ff'];
const ANGSTROM: Record<string, number> = { angstrom: 1, nanometer: 10, micrometer: 1e4, millimeter: 1e7, meter: 1e10 };

/** Open the multiscale image at an address; an Error with a sentence where there is none. */
export async function openImage(address: string): Promise<OmeImage> {
  const root = zarr.root(new zarr.FetchStore(new URL(address, location.href).href.replace(/\/?$/, '/')));
  const group = await zarr.open.v3(root, { kind: 'group' }).catch(() => {
    throw new Error('its pixels cannot be reached now.');
  });
  const ome = (group.attrs.ome ?? {}) as OmeAttributes;
  const multiscale = ome.multiscales?.[0];
  if (!multiscale) throw new Error('its pixels are not offered as OME-Zarr.');
  const axes = multiscale.axes.map((axis) => axis.name).join('');
  const x = axes.indexOf('x');
  const scales = multiscale.datasets.map((d) => d.coordinateTransformations.find((t) => t.type === 'scale')!.scale);
  const arrays = await Promise.all(multiscale.datasets.map((d) => zarr.open.v3(root.resolve(d.path), { kind: 'array' })));
  const sizes = Object.fromEntries([...axes].map((axis, n) => [axis, arrays[0].shape[n]]));
  const unit = ANGSTROM[multiscale.axes[x].unit ?? ''];
  return {
    axes,
    levels: arrays.map((array, n) => ({
      array: array as Level['array'],
      factor: scales[n][x] / scales[0][x],
      factors: scales[n].map((scale, axis) => scale / scales[0][axis]),
    })),
    channels: Array.from({ length: sizes.c ?? 1 }, (_, n) => readChannel(ome, n, sizes.c ?? 1)),
    sizes,
    pixelSizeA: unit ? scales[0][x] * unit : null,
  };
}

function readChannel(ome: OmeAttributes, n: number, count: number): Channel {
  const given = ome.omero?.channels[n];
  const hex = given?.color ?? (count === 1 ? 'ffffff' : PALETTE[n % PALETTE.length]);
  const window = given?.window ?? { min: 0, max: 255, start: 0, end: 255 };
  return {
    label: given?.label || `Channel ${n + 1}`,
    rgb: [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16)) as Channel['rgb'],
    active: given?.active ?? true,
    low: window.start,
    high: window.end,
    min: Math.min(window.min, window.start),
    max: Math.max(window.max, window.end),
  };
}

/** Read one part from the middle of the smallest copy; an Error with a sentence where it cannot be had. */
export async function readOneChunk({ levels }: OmeImage): Promise<void> {
  const { array } = levels[levels.length - 1];
  await array.getChunk(array.shape.map((length, n) => Math.floor(length / 2 / array.chunks[n]))).catch(() => {
    throw new Error('its pixels cannot be read now.');
  });
}

export interface Region {
  level: number;
  at: Record<string, number>; // level-0 index along the axes that are not drawn: t, z
  projected: boolean; // maximum over z
  y: [number, number]; // pixels of the level
  x: [number, number];
}

/** One channel of a region, row by row. */
export async function readPlane(image: OmeImage, channel: number, region: Region): Promise<ArrayLike<number>> {
  const { array, factors } = image.levels[region.level];
  const picked = [...image.axes].map((axis, n) => {
    if (axis === 'y' || axis === 'x') return zarr.slice(...region[axis]);
    if (axis === 'c') return channel;
    if (axis === 'z' && region.projected) return null;
    return Math.min(array.shape[n] - 1, Math.floor((region.at[axis] ?? 0) / factors[n]));
  });
  const { data } = await zarr.get(array, picked);
  const values = numbers(data);
  return region.projected ? maximum(values, (region.y[1] - region.y[0]) * (region.x[1] - region.x[0])) : values;
}

function maximum(values: ArrayLike<number>, count: number): Float32Array {
  const most = new Float32Array(count).fill(-Infinity);
  for (let i = 0; i < values.length; i++) if (values[i] > most[i % count]) most[i % count] = values[i];
  return most;
}

/** All values of a level, whatever their type, as float32 in the array's own order. */
export async function readLevel(level: Level): Promise<Float32Array<ArrayBuffer>> {
  const { data } = await zarr.get(level.array, null);
  return data instanceof Float32Array ? (data as Float32Array<ArrayBuffer>) : Float32Array.from(numbers(data));
}

/** A block of one plane at level 0. */
export async function readBlock(image: OmeImage, at: Record<string, number>, y: [number, number], x: [number, number]): Promise<ArrayLike<number>> {
  return readPlane(image, at.c ?? 0, { level: 0, at, projected: false, y, x });
}

export type PixelReader = (at: Record<string, number>) => Promise<number | undefined>;

/** Reads single pixels of level 0, one chunk at a time, keeping the last 32 chunks. */
export function pixelReader(image: OmeImage): PixelReader {
  const { array } = image.levels[0];
  const chunks = new Map<string, ReturnType<typeof array.getChunk>>();
  return async (at) => {
    const index = [...image.axes].map((axis) => at[axis] ?? 0);
    if (index.some((i, n) => i < 0 || i >= array.shape[n])) return undefined;
    const place = index.map((i, n) => Math.floor(i / array.chunks[n]));
    const key = place.join('/');
    const wanted = chunks.get(key) ?? array.getChunk(place);
    chunks.delete(key);
    chunks.set(key, wanted);
    if (chunks.size > 32) chunks.delete(chunks.keys().next().value!);
    const { data, stride } = await wanted;
    return Number(numbers(data)[index.reduce((sum, i, n) => sum + (i % array.chunks[n]) * stride[n], 0)]);
  };
}

function numbers(data: unknown): ArrayLike<number> {
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) return Float64Array.from(data as Iterable<bigint>, Number);
  return data as ArrayLike<number>;
}
