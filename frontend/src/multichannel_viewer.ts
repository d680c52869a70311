// Fluorescence, 2D and 3D: channels blended additively on a 2D canvas, straight from OME-Zarr. No WebGL.
import { blend } from './blend';
import { channelControls } from './channel_controls';
import { bar, button, checkbox, group, newestOnly, painted, readout, slider, stage, tellKeys } from './controls';
import type { MultichannelDescriptor, Viewer } from './descriptor';
import { openImage, readPlane, type OmeImage, type Region } from './ome_zarr';
import { ScaleBar } from './scale_bar';

export interface MultichannelViewer extends Viewer {
  /** Where the centre of a level-0 pixel is on the screen, px from the stage's corner. */
  place(x: number, y: number): { x: number; y: number };
}

export async function mount(element: HTMLElement, descriptor: MultichannelDescriptor): Promise<MultichannelViewer> {
  const image = await openImage(descriptor.zarr);
  const state: Shown = { at: { z: Math.floor((image.sizes.z ?? 1) / 2), t: 0 }, projected: false };
  const field = new FieldCanvas(stage(element), image, state);
  const redraw = newestOnly(() => field.draw());
  const update = () => void redraw(undefined).catch(() => undefined); // the next change asks again
  const steps = bar(element);
  const sliders = ['t', 'z'].filter((axis) => (image.sizes[axis] ?? 1) > 1).map((axis) => axisSlider(steps, image, state, axis, update));
  if ((image.sizes.z ?? 1) > 1) {
    checkbox(steps, 'Maximum over z', false, (on) => {
      state.projected = on;
      update();
    });
  }
  const zooms = group(steps, 'Zoom');
  zooms.classList.add('tight');
  button(zooms, '+', () => field.zoom(1.5), 'Zoom in');
  button(zooms, '−', () => field.zoom(1 / 1.5), 'Zoom out');
  button(zooms, 'Fit', () => field.fit());
  const channels = bar(element);
  for (const channel of image.channels) channelControls(channels, channel, update);
  field.canvas.addEventListener('keydown', (event) => {
    const by = { PageUp: 1, PageDown: -1, ']': 1, '[': -1, '.': 1, ',': -1 }[event.key];
    const moved = by && sliders.at(-1); // z where there is one
    if (!moved) return;
    event.preventDefault();
    moved.value = String(moved.valueAsNumber + by);
    moved.dispatchEvent(new Event('input'));
  });
  tellKeys(element, field.canvas, 'Image in channels', `Drag or arrow keys move, the wheel, two fingers or + and − zoom, 0 fits${sliders.length ? '; , and . step through' : ''}.`);
  field.fit();
  await field.draw();
  await painted();
  return {
    place: (x, y) => field.place(x, y),
    dispose() {
      field.dispose();
      element.replaceChildren();
    },
  };
}

interface Shown {
  at: Record<string, number>;
  projected: boolean;
}

function axisSlider(controls: HTMLElement, image: OmeImage, state: Shown, axis: string, update: () => void): HTMLInputElement {
  const count = image.sizes[axis];
  const label = axis === 't' ? 'Time' : 'z';
  const input = slider(controls, label, { min: 0, max: count - 1, step: 1, value: state.at[axis] }, (index) => {
    state.at[axis] = index;
    number.value = `${index + 1} of ${count}`;
    update();
  });
  input.parentElement!.classList.add('grow');
  const number = readout(controls);
  number.value = `${state.at[axis] + 1} of ${count}`;
  return input;
}

interface Painted {
  bitmap: HTMLCanvasElement;
  region: Region;
  factor: number;
}

/** Pan, zoom and paint one image; reads only what is visible, at the level that the screen needs. */
class FieldCanvas {
  readonly canvas = document.createElement('canvas');
  private readonly scale: ScaleBar;
  private readonly observer: ResizeObserver;
  private view = { x: 0, y: 0, zoom: 1 }; // level-0 pixel at the centre, screen pixels per level-0 pixel
  private painted?: Painted;
  private cached?: { key: string; planes: Map<number, Promise<ArrayLike<number>>> };
  private readonly refine = newestOnly(() => this.draw());

  constructor(private readonly target: HTMLElement, private readonly image: OmeImage, private readonly shown: Shown) {
    target.append(this.canvas);
    this.scale = new ScaleBar(target);
    this.listen();
    this.observer = new ResizeObserver(() => this.moved());
    this.observer.observe(target);
  }

  fit(): void {
    const { x: width, y: height } = this.image.sizes;
    this.view = { x: width / 2, y: height / 2, zoom: Math.min(this.target.clientWidth / width, this.target.clientHeight / height) };
    this.moved();
  }

  zoom(by: number): void {
    this.zoomAt(this.target.clientWidth / 2, this.target.clientHeight / 2, by);
  }

  place(x: number, y: number): { x: number; y: number } {
    const { clientWidth, clientHeight } = this.target;
    return { x: clientWidth / 2 + (x + 0.5 - this.view.x) * this.view.zoom, y: clientHeight / 2 + (y + 0.5 - this.view.y) * this.view.zoom };
  }

  /** Fetch the visible region where it changed, blend, paint. */
  async draw(): Promise<void> {
    const { channels, levels } = this.image;
    const region = this.visibleRegion();
    const key = JSON.stringify(region);
    if (this.cached?.key !== key) this.cached = { key, planes: new Map() };
    const { planes } = this.cached;
    const active = channels.map((_, n) => n).filter((n) => channels[n].active);
    for (const n of active) if (!planes.has(n)) planes.set(n, readPlane(this.image, n, region));
    const values = await Promise.all(active.map((n) => planes.get(n)!));
    const bitmap = document.createElement('canvas');
    bitmap.width = region.x[1] - region.x[0];
    bitmap.height = region.y[1] - region.y[0];
    const context = bitmap.getContext('2d')!;
    const pixels = context.createImageData(bitmap.width, bitmap.height);
    blend(pixels.data, values, active.map((n) => channels[n]));
    context.putImageData(pixels, 0, 0);
    this.painted = { bitmap, region, factor: levels[region.level].factor };
    this.paint();
  }

  dispose(): void {
    this.observer.disconnect();
  }

  private moved(): void {
    this.paint();
    void this.refine(undefined).catch(() => undefined); // the next move asks again
  }

  private visibleRegion(): Region {
    const { levels } = this.image;
    const wanted = 1 / (this.view.zoom * devicePixelRatio);
    const level = levels.reduce((best, { factor }, n) => (factor <= wanted * 1.01 && factor > levels[best].factor ? n : best), 0);
    const { array, factor } = levels[level];
    const range = (centre: number, screen: number, size: number): [number, number] => {
      const half = screen / this.view.zoom / 2;
      const from = Math.max(0, Math.min(size - 1, Math.floor((centre - half) / factor)));
      return [from, Math.max(from + 1, Math.min(size, Math.ceil((centre + half) / factor)))];
    };
    const [height, width] = array.shape.slice(-2);
    return {
      level,
      at: { ...this.shown.at },
      projected: this.shown.projected,
      y: range(this.view.y, this.target.clientHeight, height),
      x: range(this.view.x, this.target.clientWidth, width),
    };
  }

  private paint(): void {
    const { clientWidth: width, clientHeight: height } = this.target;
    const ratio = devicePixelRatio;
    this.canvas.width = width * ratio;
    this.canvas.height = height * ratio;
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${height}px`;
    const { x, y, zoom } = this.view;
    this.scale.draw(this.image.pixelSizeA && this.image.pixelSizeA / zoom);
    if (!this.painted) return;
    const { bitmap, region, factor } = this.painted;
    const context = this.canvas.getContext('2d')!;
    context.scale(ratio, ratio);
    context.imageSmoothingEnabled = zoom * factor < 1;
    const left = width / 2 + (region.x[0] * factor - x) * zoom;
    const top = height / 2 + (region.y[0] * factor - y) * zoom;
    context.drawImage(bitmap, left, top, bitmap.width * factor * zoom, bitmap.height * factor * zoom);
  }

  private zoomAt(screenX: number, screenY: number, by: number): void {
    const { view, target } = this;
    view.x += ((screenX - target.clientWidth / 2) / view.zoom) * (1 - 1 / by);
    view.y += ((screenY - target.clientHeight / 2) / view.zoom) * (1 - 1 / by);
    view.zoom *= by;
    this.moved();
  }

  private pan(dx: number, dy: number): void {
    this.view.x -= dx / this.view.zoom;
    this.view.y -= dy / this.view.zoom;
    this.moved();
  }

  private listen(): void {
    const { canvas } = this;
    canvas.addEventListener('wheel', (event) => {
      event.preventDefault();
      this.zoomAt(event.offsetX, event.offsetY, 1.002 ** -event.deltaY);
    }, { passive: false });
    this.listenToFingers();
    canvas.addEventListener('keydown', (event) => {
      const step = 60;
      const keys: Record<string, () => void> = {
        ArrowLeft: () => this.pan(step, 0),
        ArrowRight: () => this.pan(-step, 0),
        ArrowUp: () => this.pan(0, step),
        ArrowDown: () => this.pan(0, -step),
        '+': () => this.zoom(1.25),
        '-': () => this.zoom(0.8),
        '0': () => this.fit(),
      };
      if (!keys[event.key]) return;
      event.preventDefault();
      keys[event.key]();
    });
  }

  /** One finger (or the mouse) moves the image, two zoom. */
  private listenToFingers(): void {
    const { canvas } = this;
    const at = (event: MouseEvent) => [event.offsetX, event.offsetY] as const;
    const fingers = new Map<number, readonly [number, number]>();
    const distance = () => {
      const [a, b] = [...fingers.values()];
      return Math.hypot(a[0] - b[0], a[1] - b[1]);
    };
    canvas.addEventListener('pointerdown', (event) => {
      canvas.setPointerCapture(event.pointerId);
      fingers.set(event.pointerId, at(event));
    });
    canvas.addEventListener('pointermove', (event) => {
      const before = fingers.get(event.pointerId);
      if (!before) return;
      const now = at(event);
      const apart = fingers.size === 2 ? distance() : 0;
      fingers.set(event.pointerId, now);
      if (apart > 0) this.zoomAt(...now, distance() / apart);
      else this.pan(now[0] - before[0], now[1] - before[1]);
    });
    for (const end of ['pointerup', 'pointercancel'] as const) canvas.addEventListener(end, (event) => fingers.delete(event.pointerId));
  }
}
