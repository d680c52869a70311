// What a page tells a viewer. The server writes one of these as JSON into data-descriptor.

export interface Viewer {
  dispose(): void;
}

export type Mount<D> = (element: HTMLElement, descriptor: D) => Promise<Viewer>;

/** Values that are drawn black and white, and the ends of the sliders that move them. */
export interface Limits {
  low: number;
  high: number;
  minimum: number;
  maximum: number;
}

export interface MapSource {
  zarr: string; // OME-Zarr of the map
  label: string;
  colour: string; // #rrggbb
  contour: number; // absolute density: the author's recommended level where there is one
  opacity?: number; // 0 to 1; a mask would hide what it covers
  shown: boolean; // false: fetched when a person asks for it
  voxelSizeA: [number, number, number]; // z, y, x
  originA: [number, number, number]; // position of voxel 0, 0, 0: z, y, x
  transform?: number[]; // 4×4, column-major, Å: map → common frame; identity when absent
  statistics: { minimum: number; maximum: number; mean: number; sigma: number };
}

export interface MapDescriptor {
  maps: MapSource[];
  slices: boolean; // orthogonal slices through the first map
}

export interface VolumeDescriptor {
  image: { zarr: string; limits: Limits; isSegmentation: boolean };
  segmentations: { zarr: string; label: string }[];
  points: { label: string; diameterA: number | null; positionsXyz: [number, number, number][] }[]; // voxels
  sizeZyx: [number, number, number]; // voxels
  voxelSizeM: [number, number, number] | null; // z, y, x
}

export interface MultichannelDescriptor {
  zarr: string; // channel names, colours and limits come from its omero block
}

export interface MicrographDescriptor {
  columns: number;
  rows: number;
  iiif: string | null; // IIIF address of a single picture
  windowed: boolean; // false: colours as they are, which no limits change
  frames: Frames | null; // several pictures: frames of a movie, tilts, particles
  zarr: string | null; // the same pixels as numbers
  axes: string; // of the zarr array: yx, zyx, …
  limits: Limits; // of the pictures
  pixelSizeA: number | null;
  picks: { label: string; diameterA: number | null; points: [number, number][]; frames: number[] | null }[]; // x, y in pixels; the frame of each, −1: of all
}

export interface Frames {
  axis: string;
  word: string; // Frame, Tilt, Particle
  start: number;
  captions: string[]; // one a frame: −60.0° · 3.1 e⁻/Å²
  slice: string; // address of sections as pictures
}
