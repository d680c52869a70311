// The power spectrum of the shown picture, from its own values: Thon rings, drift, ice, without a trip to the server.
import { button } from './controls';
import { readBlock, type OmeImage } from './ome_zarr';

const SIDE = 512;
const MOST_TILES = 9;

/** A button that shows the mean power spectrum of up to 9 tiles of 512² pixels; not offered for smaller pictures. */
export function offerPowerSpectrum(
  controls: HTMLElement,
  target: HTMLElement,
  image: OmeImage,
  pixelSizeA: number | null,
  at: () => Record<string, number>,
): void {
  const { x: columns, y: rows } = image.sizes;
  if (Math.min(columns, rows) < SIDE) return;
  const panel = document.createElement('figure');
  panel.className = 'viewer-spectrum';
  panel.style.margin = '0';
  panel.hidden = true;
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = SIDE;
  canvas.setAttribute('role', 'img');
  canvas.setAttribute('aria-label', 'Power spectrum');
  const words = document.createElement('p');
  panel.append(canvas, words);
  target.append(panel);
  const toggle = button(controls, 'Power spectrum', async () => {
    panel.hidden = !panel.hidden;
    toggle.setAttribute('aria-pressed', String(!panel.hidden));
    if (panel.hidden) return;
    words.textContent = 'Computing…';
    paint(canvas, await meanSpectrum(image, at()));
    words.textContent = `Logarithm of the power${pixelSizeA ? `; the edge is ${(2 * pixelSizeA).toPrecision(3)} Å` : ''}`;
  });
  toggle.setAttribute('aria-pressed', 'false');
}

async function meanSpectrum(image: OmeImage, at: Record<string, number>): Promise<Float64Array> {
  const across = (length: number) => {
    const count = Math.min(Math.round(Math.sqrt(MOST_TILES)), Math.floor(length / SIDE));
    const first = Math.floor((length - count * SIDE) / 2);
    return Array.from({ length: count }, (_, n) => first + n * SIDE);
  };
  const sum = new Float64Array(SIDE * SIDE);
  for (const y of across(image.sizes.y)) {
    for (const x of across(image.sizes.x)) addPower(sum, await readBlock(image, at, [y, y + SIDE], [x, x + SIDE]));
  }
  return sum;
}

/** Add |FFT|² of a block, its mean taken off and its edges tapered (Hann), zero frequency in the centre. */
function addPower(sum: Float64Array, block: ArrayLike<number>): void {
  const re = new Float64Array(SIDE * SIDE);
  const im = new Float64Array(SIDE * SIDE);
  let mean = 0;
  for (let i = 0; i < re.length; i++) mean += block[i] / re.length;
  const taper = Float64Array.from({ length: SIDE }, (_, n) => 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / SIDE));
  for (let i = 0; i < re.length; i++) re[i] = (block[i] - mean) * taper[Math.floor(i / SIDE)] * taper[i % SIDE];
  for (let n = 0; n < SIDE; n++) transform(re, im, n * SIDE, 1);
  for (let n = 0; n < SIDE; n++) transform(re, im, n, SIDE);
  const half = SIDE / 2;
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      const i = y * SIDE + x;
      sum[((y + half) % SIDE) * SIDE + ((x + half) % SIDE)] += re[i] * re[i] + im[i] * im[i];
    }
  }
}

/** Radix-2 FFT in place of SIDE numbers that lie `step` apart. */
function transform(re: Float64Array, im: Float64Array, start: number, step: number): void {
  for (let i = 1, j = 0; i < SIDE; i++) {
    let bit = SIDE >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) {
      const [a, b] = [start + i * step, start + j * step];
      [re[a], re[b], im[a], im[b]] = [re[b], re[a], im[b], im[a]];
    }
  }
  for (let length = 2; length <= SIDE; length *= 2) {
    for (let k = 0; k < length / 2; k++) {
      const angle = (-2 * Math.PI * k) / length;
      const [c, s] = [Math.cos(angle), Math.sin(angle)];
      for (let i = k; i < SIDE; i += length) {
        const [a, b] = [start + i * step, start + (i + length / 2) * step];
        const [tr, ti] = [re[b] * c - im[b] * s, re[b] * s + im[b] * c];
        [re[b], im[b]] = [re[a] - tr, im[a] - ti];
        [re[a], im[a]] = [re[a] + tr, im[a] + ti];
      }
    }
  }
}

function paint(canvas: HTMLCanvasElement, power: Float64Array): void {
  const logs = Float64Array.from(power, (value) => Math.log(value + 1e-30));
  const sorted = Float64Array.from(logs).sort();
  const [low, high] = [sorted[Math.floor(0.01 * sorted.length)], sorted[Math.floor(0.998 * sorted.length)]];
  const context = canvas.getContext('2d')!;
  const pixels = context.createImageData(SIDE, SIDE);
  logs.forEach((value, i) => {
    const grey = (255 * (value - low)) / Math.max(high - low, 1e-12);
    pixels.data.set([grey, grey, grey, 255], 4 * i);
  });
  context.putImageData(pixels, 0, 0);
}
