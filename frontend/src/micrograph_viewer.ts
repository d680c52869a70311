// Pictures to zoom into: one exposure over IIIF, or the frames of a movie, a tilt series, a stack of particles one by one.
import OpenSeadragon from 'openseadragon';
import { bar, button, checkbox, group, newestOnly, painted, readout, short, slider, stage } from './controls';
import type { Frames, MicrographDescriptor, Viewer } from './descriptor';
import { openImage, pixelReader, type OmeImage } from './ome_zarr';
import { offerPowerSpectrum } from './power_spectrum';
import { ScaleBar } from './scale_bar';

const TILE = 512;
const PICK_COLOURS = ['#00e06c', '#ffb000', '#40c4ff', '#ff6ad5'];

export interface MicrographViewer extends Viewer {
  /** The deposited value of a pixel of the shown picture, undefined outside the image. */
  valueAt(x: number, y: number): Promise<number | undefined>;
  /** Where the centre of a pixel is on the screen, px from the stage's corner. */
  place(x: number, y: number): { x: number; y: number };
}

export async function mount(element: HTMLElement, descriptor: MicrographDescriptor): Promise<MicrographViewer> {
  const target = stage(element);
  target.tabIndex = 0;
  target.setAttribute('aria-label', 'Picture; arrows move it, plus and minus zoom, 0 fits');
  forbidStyleElements();
  const reduced = matchMedia('(prefers-reduced-motion: reduce)').matches;
  const osd = OpenSeadragon({
    element: target,
    showNavigationControl: false, // its buttons are images; ours are plain buttons
    drawer: 'canvas', // an exact window over 8-bit tiles needs no WebGL
    maxZoomPixelRatio: 16,
    minZoomImageRatio: 0.8,
    visibilityRatio: 0.3,
    imageSmoothingEnabled: false,
    animationTime: reduced ? 0 : 0.35,
    springStiffness: 10,
    gestureSettingsMouse: { clickToZoom: false },
  });
  const scale = new ScaleBar(target);
  const overlay = document.createElement('canvas');
  overlay.className = 'viewer-overlay';
  target.append(overlay);

  let frame = descriptor.frames?.start ?? 0;
  let image = await show(osd, sourceOf(descriptor, frame));
  osd.viewport.goHome(true);

  const picks = descriptor.picks.map((set, n) => ({ ...set, colour: PICK_COLOURS[n % PICK_COLOURS.length], shown: true }));
  const toScreen = (x: number, y: number) => image.imageToViewerElementCoordinates(new OpenSeadragon.Point(x, y));
  const draw = () => {
    const origin = toScreen(0, 0);
    const zoom = toScreen(1, 0).x - origin.x; // screen pixels per image pixel
    drawPicks(overlay, picks.filter((set) => set.shown), descriptor.pixelSizeA, origin, zoom);
    scale.draw(descriptor.pixelSizeA && descriptor.pixelSizeA / zoom);
  };
  for (const event of ['update-viewport', 'resize'] as const) osd.addHandler(event, draw);

  if (descriptor.frames && descriptor.frames.captions.length > 1) {
    const goTo = newestOnly(async (index: number) => {
      const before = image;
      image = await show(osd, sourceOf(descriptor, index), false);
      osd.world.removeItem(before);
      frame = index;
      draw();
    });
    scrubber(bar(element), target, descriptor.frames, goTo, reduced);
  }
  const controls = bar(element);
  const setWindow = windowFilter(target, osd.drawer.canvas as HTMLElement, descriptor.limits);
  contrast(controls, descriptor, setWindow);
  for (const set of picks) {
    const box = checkbox(controls, `${set.points.length} ${set.label}`, true, (on) => {
      set.shown = on;
      draw();
    });
    box.parentElement!.style.setProperty('--tint', set.colour);
  }
  const zooms = group(controls, 'Zoom');
  zooms.classList.add('tight');
  button(zooms, '+', () => osd.viewport.zoomBy(1.5), 'Zoom in');
  button(zooms, '−', () => osd.viewport.zoomBy(1 / 1.5), 'Zoom out');
  button(zooms, 'Fit', () => osd.viewport.goHome());
  button(zooms, '1:1', () => osd.viewport.zoomTo(osd.viewport.imageToViewportZoom(1)), 'One image pixel a screen pixel');
  target.addEventListener('keydown', (event) => {
    if (event.key === '0') osd.viewport.goHome();
  });

  const values = descriptor.zarr ? await openImage(descriptor.zarr).catch(() => undefined) : undefined; // the picture is worth showing without
  const read = values && pixelReader(values);
  const here = () => place(values, descriptor, frame);
  const valueAt = async (x: number, y: number) => read?.({ ...here(), y, x });
  if (values) {
    offerPowerSpectrum(controls, target, values, descriptor.pixelSizeA, here);
    followPointer(controls, target, (point) => image.viewerElementToImageCoordinates(point), valueAt);
  }
  await drawn(image);
  draw();
  await painted();
  return {
    valueAt,
    place: (x, y) => toScreen(x + 0.5, y + 0.5),
    dispose() {
      osd.destroy();
      element.replaceChildren();
    },
  };
}

/** OpenSeadragon would write a <style> into the head, which our pages forbid; it writes none where one is: ours has the name, but no meaning. */
function forbidStyleElements(): void {
  if (document.querySelector('style[data-openseadragon-mobile-css]')) return;
  const empty = document.createElementNS('urn:micrographia', 'style');
  empty.setAttribute('data-openseadragon-mobile-css', '');
  document.head.append(empty);
}

/** Index along the axis of the frames, as the array names it. */
function place(values: OmeImage | undefined, { frames }: MicrographDescriptor, frame: number): Record<string, number> {
  if (!frames || !values) return {};
  return { [values.axes.includes(frames.axis) ? frames.axis : values.axes[0]]: frame };
}

function sourceOf(descriptor: MicrographDescriptor, frame: number): string | OpenSeadragon.TileSourceOptions {
  if (!descriptor.frames) return new URL(descriptor.iiif ?? '', location.href).href;
  const { columns, rows, frames, limits } = descriptor;
  const maxLevel = Math.max(0, Math.ceil(Math.log2(Math.max(columns, rows) / TILE)));
  return {
    width: columns,
    height: rows,
    tileSize: TILE,
    minLevel: 0,
    maxLevel,
    getTileUrl(level: number, x: number, y: number): string {
      const side = TILE * 2 ** (maxLevel - level); // image pixels across a tile
      const region = [x * side, y * side, Math.min(side, columns - x * side), Math.min(side, rows - y * side)];
      const query = { axis: frames.axis, index: frame, region: region.join(','), min: limits.low, max: limits.high, format: 'png' };
      const size = side > TILE ? `&max_size=${TILE}` : '';
      return `${frames.slice}?${new URLSearchParams(Object.entries(query).map(([k, v]) => [k, String(v)]))}${size}`;
    },
  } as OpenSeadragon.TileSourceOptions;
}

/** Add a picture on top; resolved when it is there to be drawn: its first tiles, where `waits` is false all of the view. */
function show(osd: OpenSeadragon.Viewer, tileSource: string | OpenSeadragon.TileSourceOptions, isFirst = true): Promise<OpenSeadragon.TiledImage> {
  return new Promise((done, failed) => {
    osd.addTiledImage({
      tileSource,
      success: (event: unknown) => {
        const { item } = event as { item: OpenSeadragon.TiledImage };
        if (isFirst) done(item);
        else void drawn(item).then(() => done(item), failed);
      },
      error: () => failed(new Error('its picture cannot be reached now.')),
    });
  });
}

/** Resolved when all tiles of the view are there; an Error where none comes. */
function drawn(image: OpenSeadragon.TiledImage): Promise<void> {
  return new Promise((done, failed) => {
    const viewer = (image as unknown as { viewer: OpenSeadragon.Viewer }).viewer;
    const refuse = () => failed(new Error('its picture cannot be loaded.'));
    viewer.addOnceHandler('tile-load-failed', refuse);
    const accept = () => {
      viewer.removeHandler('tile-load-failed', refuse);
      done();
    };
    if (image.getFullyLoaded()) accept();
    else image.addOnceHandler('fully-loaded-change', accept);
  });
}

function scrubber(controls: HTMLElement, target: HTMLElement, frames: Frames, goTo: (index: number) => Promise<void>, reduced: boolean): void {
  const count = frames.captions.length;
  const to = (index: number) => {
    input.value = String(Math.min(count - 1, Math.max(0, index)));
    caption.value = words(input.valueAsNumber);
    return goTo(input.valueAsNumber);
  };
  const words = (index: number) => `${index + 1} of ${count}${frames.captions[index] ? ` · ${frames.captions[index]}` : ''}`;
  const play = button(controls, '▶', () => void (timer ? stop() : start()), 'Play');
  const input = slider(controls, frames.word, { min: 0, max: count - 1, step: 1, value: frames.start }, (index) => void to(index));
  input.parentElement!.classList.add('grow');
  const caption = readout(controls);
  caption.className = 'viewer-caption';
  caption.value = words(frames.start);
  let timer = 0;
  const stop = () => {
    clearTimeout(timer);
    timer = 0;
    play.textContent = '▶';
  };
  const start = () => {
    play.textContent = '❚❚';
    const next = () => {
      timer = window.setTimeout(() => void to((input.valueAsNumber + 1) % count).then(() => timer && next(), stop), reduced ? 1000 : 120);
    };
    next();
  };
  target.addEventListener('keydown', (event) => {
    const by = { PageUp: 1, PageDown: -1, ']': 1, '[': -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    void to(input.valueAsNumber + by);
  });
}

function contrast(controls: HTMLElement, descriptor: MicrographDescriptor, setWindow: (black: number, white: number) => void): void {
  const { low, high } = descriptor.limits;
  if (!(high > low)) return;
  const chosen = { black: low, white: high };
  const shown = group(controls, 'Contrast');
  for (const end of ['black', 'white'] as const) {
    slider(shown, end === 'black' ? 'Black' : 'White', { min: low, max: high, step: (high - low) / 255, value: chosen[end] }, (value) => {
      chosen[end] = value;
      setWindow(chosen.black, chosen.white);
      numbers.value = `${short(chosen.black)} to ${short(chosen.white)}`;
    });
  }
  const numbers = readout(shown);
  numbers.value = `${short(low)} to ${short(high)}`;
}

/** An exact linear window over the drawn 8-bit tiles, as an SVG filter. */
function windowFilter(target: HTMLElement, canvas: HTMLElement, limits: { low: number; high: number }): (black: number, white: number) => void {
  const id = `window-${document.querySelectorAll('.viewer-filter').length}`;
  target.insertAdjacentHTML('beforeend', `<svg class="viewer-filter" aria-hidden="true"><filter id="${id}" color-interpolation-filters="sRGB">
    <feComponentTransfer>${['R', 'G', 'B'].map((c) => `<feFunc${c} type="linear"/>`).join('')}</feComponentTransfer></filter></svg>`);
  const functions = target.querySelectorAll(`#${id} feComponentTransfer > *`);
  const share = (value: number) => (value - limits.low) / (limits.high - limits.low);
  return (black, white) => {
    const slope = 1 / Math.max(1 / 255, share(white) - share(black));
    for (const f of functions) {
      f.setAttribute('slope', String(slope));
      f.setAttribute('intercept', String(-share(black) * slope));
    }
    canvas.style.filter = black === limits.low && white === limits.high ? '' : `url(#${id})`;
  };
}

function followPointer(
  controls: HTMLElement,
  target: HTMLElement,
  toImage: (point: OpenSeadragon.Point) => OpenSeadragon.Point,
  valueAt: MicrographViewer['valueAt'],
): void {
  const under = readout(controls);
  under.className = 'viewer-value';
  const say = newestOnly(async (event: PointerEvent) => {
    const box = target.getBoundingClientRect();
    const point = toImage(new OpenSeadragon.Point(event.clientX - box.x, event.clientY - box.y));
    const [x, y] = [Math.floor(point.x), Math.floor(point.y)];
    const value = await valueAt(x, y).catch(() => undefined);
    under.value = value === undefined ? '' : `x ${x}  y ${y}  value ${Number(value.toPrecision(7))}`;
  });
  for (const kind of ['pointermove', 'pointerdown'] as const) target.addEventListener(kind, (event) => void say(event));
}

type ShownPicks = MicrographDescriptor['picks'][number] & { colour: string };

/** A canvas and not SVG: 100,000 circles redraw in milliseconds. */
function drawPicks(canvas: HTMLCanvasElement, sets: ShownPicks[], pixelSizeA: number | null, origin: { x: number; y: number }, zoom: number): void {
  const { clientWidth: width, clientHeight: height } = canvas.parentElement!;
  canvas.width = width * devicePixelRatio;
  canvas.height = height * devicePixelRatio;
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const context = canvas.getContext('2d')!;
  context.scale(devicePixelRatio, devicePixelRatio);
  context.lineWidth = 1.75;
  for (const { points, diameterA, colour } of sets) {
    context.strokeStyle = colour;
    const radius = diameterA && pixelSizeA ? Math.max(1.5, (diameterA / pixelSizeA / 2) * zoom) : 6;
    context.beginPath();
    for (const [x, y] of points) {
      const [cx, cy] = [origin.x + (x + 0.5) * zoom, origin.y + (y + 0.5) * zoom]; // centre of the pixel
      if (cx < -radius || cy < -radius || cx > width + radius || cy > height + radius) continue;
      context.moveTo(cx + radius, cy);
      context.arc(cx, cy, radius, 0, 2 * Math.PI);
    }
    context.stroke();
  }
}
