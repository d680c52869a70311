// Pictures to zoom into: one exposure over IIIF, or the frames of a movie, a tilt series, a stack of particles one by one.
import OpenSeadragon from 'openseadragon';
import { bar, button, checkbox, group, newestOnly, painted, readout, short, slider, stage, tellKeys } from './controls';
import type { Frames, Limits, MicrographDescriptor, Viewer } from './descriptor';
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

  const tiles = { loaded: 0, failed: 0 };
  osd.addHandler('tile-loaded', () => tiles.loaded++);
  osd.addHandler('tile-load-failed', () => tiles.failed++);
  let frame = descriptor.frames?.start ?? 0;
  const chosen: Window = { low: descriptor.limits.low, high: descriptor.limits.high };
  let image = await show(osd, sourceOf(descriptor, frame, chosen));
  osd.viewport.goHome(true);

  const picks = descriptor.picks.map((set, n) => ({ ...set, colour: PICK_COLOURS[n % PICK_COLOURS.length], shown: true }));
  const toScreen = (x: number, y: number) => image.imageToViewerElementCoordinates(new OpenSeadragon.Point(x, y));
  const draw = () => {
    const origin = toScreen(0, 0);
    const zoom = toScreen(1, 0).x - origin.x; // screen pixels per image pixel
    drawPicks(overlay, picks.filter((set) => set.shown), frame, descriptor.pixelSizeA, origin, zoom);
    scale.draw(descriptor.pixelSizeA && descriptor.pixelSizeA / zoom);
  };
  for (const event of ['update-viewport', 'resize'] as const) osd.addHandler(event, draw);

  const setFilter = windowFilter(target, osd.drawer.canvas as HTMLElement);
  let drawnWith = { ...chosen };
  /** A picture on top of the present one, which goes when the new one is all there. */
  const redraw = newestOnly(async (index: number) => {
    const [before, limits, counts] = [image, { ...chosen }, { ...tiles }];
    const next = await show(osd, sourceOf(descriptor, index, limits), false);
    const isEmpty = tiles.failed > counts.failed && tiles.loaded === counts.loaded;
    osd.world.removeItem(isEmpty ? next : before);
    if (isEmpty) return; // what is there stays
    image = next;
    frame = index;
    drawnWith = limits;
    setFilter(chosen, drawnWith);
    draw();
  });
  const step =
    descriptor.frames && descriptor.frames.captions.length > 1 ? scrubber(bar(element), descriptor.frames, redraw, reduced) : undefined;
  const controls = bar(element);
  if (descriptor.windowed) {
    // While a slider moves, the 8 bits that are there are stretched; then the server draws anew from the deposited values.
    contrast(controls, descriptor.limits, chosen, () => setFilter(chosen, drawnWith), () => void redraw(frame).catch(() => undefined));
  }
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
  listenToKeys(osd, step);
  tellKeys(
    element,
    osd.canvas,
    descriptor.frames ? `${descriptor.frames.word}s, one at a time` : 'Picture',
    `Drag or arrow keys move, the wheel, two fingers or + and − zoom, 0 fits${step ? '; , and . step through, and so do ← and → while the whole picture is in view' : ''}.`,
  );

  const values = descriptor.zarr ? await openImage(descriptor.zarr).catch(() => undefined) : undefined; // the picture is worth showing without
  const read = values && pixelReader(values);
  const here = () => place(values, descriptor, frame);
  const valueAt = async (x: number, y: number) => read?.({ ...here(), y, x });
  if (values) {
    offerPowerSpectrum(controls, target, values, descriptor.pixelSizeA, here);
    followPointer(controls, osd, (point) => image.viewerElementToImageCoordinates(point), valueAt);
  }
  await drawn(image);
  if (!tiles.loaded) throw new Error('its picture cannot be loaded.');
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

interface Window {
  low: number;
  high: number;
}

function sourceOf(descriptor: MicrographDescriptor, frame: number, limits: Window): string | OpenSeadragon.TileSourceOptions {
  if (!descriptor.frames) {
    const { href } = new URL(descriptor.iiif ?? '', location.href);
    return `${href}${descriptor.windowed ? `:min=${Number(limits.low.toPrecision(9))},max=${Number(limits.high.toPrecision(9))}` : ''}/info.json`;
  }
  const { columns, rows, frames } = descriptor;
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

/** Add a picture on top; resolved when it is there to be drawn: the first at once, others with all their tiles in view. */
function show(osd: OpenSeadragon.Viewer, tileSource: string | OpenSeadragon.TileSourceOptions, isFirst = true): Promise<OpenSeadragon.TiledImage> {
  return new Promise((done, failed) => {
    osd.addTiledImage({
      tileSource,
      success: (event: unknown) => {
        const { item } = event as { item: OpenSeadragon.TiledImage };
        if (isFirst) done(item);
        else void drawn(item).then(() => done(item));
      },
      error: () => failed(new Error('its picture cannot be reached now.')),
    });
  });
}

/** Resolved when all tiles of the view are there or will not come. */
function drawn(image: OpenSeadragon.TiledImage): Promise<void> {
  return new Promise((done) => {
    if (image.getFullyLoaded()) done();
    else image.addOnceHandler('fully-loaded-change', () => done());
  });
}

/** Slider, caption and play button of the frames; returns what steps through them. */
function scrubber(controls: HTMLElement, frames: Frames, goTo: (index: number) => Promise<void>, reduced: boolean): (by: number) => void {
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
  return (by) => void to(input.valueAsNumber + by).catch(() => undefined);
}

/** Keys beside OpenSeadragon's own; those that turn and flip the picture are none, as picks and scale would stay behind. */
function listenToKeys(osd: OpenSeadragon.Viewer, step?: (by: number) => void): void {
  osd.addHandler('canvas-key', (event) => {
    const pressed = event.originalEvent as KeyboardEvent;
    const isWhole = osd.viewport.getZoom() <= osd.viewport.getHomeZoom() * 1.01;
    const by = { PageUp: 1, PageDown: -1, ']': 1, '[': -1, '.': 1, ',': -1, ...(isWhole ? { ArrowRight: 1, ArrowLeft: -1 } : {}) }[pressed.key];
    if (step && by && !pressed.shiftKey) {
      event.preventDefaultAction = true;
      pressed.preventDefault();
      step(by);
    } else if ('rRfF'.includes(pressed.key)) event.preventDefaultAction = true;
    else if (pressed.key === '0') osd.viewport.goHome();
  });
}

function contrast(controls: HTMLElement, limits: Limits, chosen: Window, onInput: () => void, onChange: () => void): void {
  const { minimum, maximum } = limits;
  if (!(maximum > minimum)) return;
  const shown = group(controls, 'Contrast');
  for (const end of ['low', 'high'] as const) {
    const input = slider(shown, end === 'low' ? 'Black' : 'White', { min: minimum, max: maximum, step: (maximum - minimum) / 500, value: chosen[end] }, (value) => {
      const gap = (maximum - minimum) / 500;
      chosen[end] = end === 'low' ? Math.min(value, chosen.high - gap) : Math.max(value, chosen.low + gap);
      say();
      onInput();
    });
    input.addEventListener('change', onChange);
  }
  const numbers = readout(shown);
  const say = () => (numbers.value = `${short(chosen.low)} to ${short(chosen.high)}`);
  say();
}

/** An exact linear window over tiles that were drawn with another one, as an SVG filter. */
function windowFilter(target: HTMLElement, canvas: HTMLElement): (chosen: Window, drawn: Window) => void {
  const id = `window-${document.querySelectorAll('.viewer-filter').length}`;
  target.insertAdjacentHTML('beforeend', `<svg class="viewer-filter" aria-hidden="true"><filter id="${id}" color-interpolation-filters="sRGB">
    <feComponentTransfer>${['R', 'G', 'B'].map((c) => `<feFunc${c} type="linear"/>`).join('')}</feComponentTransfer></filter></svg>`);
  const functions = target.querySelectorAll(`#${id} feComponentTransfer > *`);
  return (chosen, drawn) => {
    const slope = (drawn.high - drawn.low) / (chosen.high - chosen.low);
    for (const f of functions) {
      f.setAttribute('slope', String(slope));
      f.setAttribute('intercept', String((drawn.low - chosen.low) / (chosen.high - chosen.low)));
    }
    canvas.style.filter = chosen.low === drawn.low && chosen.high === drawn.high ? '' : `url(#${id})`;
  };
}

/** The value under the pointer or, with the keyboard, in the middle of the view. */
function followPointer(
  controls: HTMLElement,
  osd: OpenSeadragon.Viewer,
  toImage: (point: OpenSeadragon.Point) => OpenSeadragon.Point,
  valueAt: MicrographViewer['valueAt'],
): void {
  const under = readout(controls);
  under.className = 'viewer-value';
  under.setAttribute('aria-live', 'off'); // else a screen reader would follow every twitch of the mouse
  const say = newestOnly(async ([left, top]: [number, number]) => {
    const point = toImage(new OpenSeadragon.Point(left, top));
    const [x, y] = [Math.floor(point.x), Math.floor(point.y)];
    const value = await valueAt(x, y).catch(() => undefined);
    under.value = value === undefined ? '' : `x ${x}  y ${y}  value ${Number(value.toPrecision(7))}`;
  });
  const target = osd.element;
  for (const kind of ['pointermove', 'pointerdown'] as const) {
    target.addEventListener(kind, (event) => {
      const box = target.getBoundingClientRect();
      void say([event.clientX - box.x, event.clientY - box.y]);
    });
  }
  target.addEventListener('keyup', () => void say([target.clientWidth / 2, target.clientHeight / 2]));
}

type ShownPicks = MicrographDescriptor['picks'][number] & { colour: string };

/** A canvas and not SVG: 100,000 circles redraw in milliseconds. */
function drawPicks(canvas: HTMLCanvasElement, sets: ShownPicks[], frame: number, pixelSizeA: number | null, origin: { x: number; y: number }, zoom: number): void {
  const { clientWidth: width, clientHeight: height } = canvas.parentElement!;
  canvas.width = width * devicePixelRatio;
  canvas.height = height * devicePixelRatio;
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const context = canvas.getContext('2d')!;
  context.scale(devicePixelRatio, devicePixelRatio);
  context.lineWidth = 1.75;
  for (const { points, frames, diameterA, colour } of sets) {
    context.strokeStyle = colour;
    const radius = diameterA && pixelSizeA ? Math.max(1.5, (diameterA / pixelSizeA / 2) * zoom) : 6;
    context.beginPath();
    for (const [n, [x, y]] of points.entries()) {
      if (frames && frames[n] >= 0 && frames[n] !== frame) continue;
      const [cx, cy] = [origin.x + (x + 0.5) * zoom, origin.y + (y + 0.5) * zoom]; // centre of the pixel
      if (cx < -radius || cy < -radius || cx > width + radius || cy > height + radius) continue;
      context.moveTo(cx + radius, cy);
      context.arc(cx, cy, radius, 0, 2 * Math.PI);
    }
    context.stroke();
  }
}
