import type { Channel } from './ome_zarr';

/** Additive blending of planes into RGBA. */
export function blend(out: Uint8ClampedArray, planes: ArrayLike<number>[], channels: Channel[]): void {
  for (let i = 3; i < out.length; i += 4) out[i] = 255;
  planes.forEach((plane, n) => {
    const { low, high, rgb } = channels[n];
    const gain = 1 / Math.max(high - low, 1e-12);
    for (let i = 0, o = 0; o < out.length; i++, o += 4) {
      const share = Math.min(1, Math.max(0, (plane[i] - low) * gain));
      if (!(share > 0)) continue; // also NaN
      out[o] += share * rgb[0]; // a clamped array saturates at 255
      out[o + 1] += share * rgb[1];
      out[o + 2] += share * rgb[2];
    }
  });
}
