// Volumes (tomograms, volume EM, light-sheet): three planes and 3D, segmentations, points, in neuroglancer.
// main_module registers the data sources and layer types; default_viewer must not be imported: its CSS takes the whole page.
import 'neuroglancer';
import { setDefaultInputEventBindings } from 'neuroglancer/unstable/ui/default_input_event_bindings.js';
import { makeMinimalViewer } from 'neuroglancer/unstable/ui/minimal_viewer.js';
import { UrlHashBinding } from 'neuroglancer/unstable/ui/url_hash_binding.js';
import { painted, stage, tellKeys } from './controls';
import type { Viewer, VolumeDescriptor } from './descriptor';
import { openImage, readOneChunk } from './ome_zarr';
import { addControls } from './volume_controls';
import { stateOf } from './volume_state';

const PATIENCE_MS = 60_000;
/** After this a view that is still filling counts as drawn, where some of it is there. */
const FIRST_DATA_MS = 5_000;

export type Neuroglancer = ReturnType<typeof makeMinimalViewer>;

export interface VolumeViewer extends Viewer {
  neuroglancer: Neuroglancer; // for tests and the console; its API is unstable
  /** Where the centre of a voxel of the shown section is on the screen, px from the stage's corner; in the layout of one plane, xy. */
  place(x: number, y: number): { x: number; y: number };
}

export async function mount(element: HTMLElement, descriptor: VolumeDescriptor): Promise<VolumeViewer> {
  const image = await openImage(descriptor.image.zarr);
  await readOneChunk(image); // neuroglancer's workers would fail in silence
  const target = stage(element);
  target.classList.add('viewer-neuroglancer');
  const viewer = makeMinimalViewer({
    target,
    showLayerDialog: false,
    resetStateWhenEmpty: false,
    showHelpButton: false,
    showSettingsButton: false,
    showEditStateButton: false,
    showLocation: false,
    showLayerPanel: false,
    showUIControls: false,
    showPanelBorders: true,
  });
  bindKeys(viewer);
  const initial = stateOf(descriptor, image.channels, target.clientWidth, target.clientHeight);
  const link = viewer.registerDisposer(new UrlHashBinding(viewer.state, viewer.dataSourceProvider.sharedKvStoreContext));
  restore(viewer, link, initial);
  await dataDrawn(viewer);
  addControls(element, viewer, descriptor, image);
  tellKeys(
    element,
    target,
    'Volume in sections',
    'Drag moves, the wheel steps through, Ctrl and wheel zoom, right click centres. On a touch screen one finger steps through, two move and zoom. ' +
      'Keys: arrows and , . move, + and − zoom, Shift and arrows turn, space changes the layout. The address keeps the view.',
  );
  openPanels(viewer, target);
  await painted();
  return {
    neuroglancer: viewer,
    place(x, y) {
      const [atX, atY] = viewer.position.value;
      const voxels = viewer.crossSectionScale.value; // along x, a screen pixel
      return { x: target.clientWidth / 2 + (x - atX) / voxels, y: target.clientHeight / 2 + (y - atY) / voxels };
    },
    dispose() {
      viewer.dispose();
      element.replaceChildren();
    },
  };
}

/** neuroglancer's own keys, less those that open its tools for builders of views, and with + and − for everybody. */
function bindKeys(viewer: Neuroglancer): void {
  const { inputEventBindings } = viewer;
  setDefaultInputEventBindings(inputEventBindings);
  for (const key of ['keyn', 'keyh', 'backslash', 'keyl']) inputEventBindings.global.delete(key);
  for (const map of [inputEventBindings.sliceView, inputEventBindings.perspectiveView]) {
    for (const key of ['equal', 'shift+equal', 'numpadadd']) map.set(key, 'zoom-in');
    for (const key of ['minus', 'numpadsubtract']) map.set(key, 'zoom-out');
  }
}

/** Each panel listens to keys by itself, but says tabindex −1 and has no name: nobody would get in with a keyboard. */
function openPanels(viewer: Neuroglancer, target: HTMLElement): void {
  target.removeAttribute('tabindex');
  target.setAttribute('role', 'group');
  const open = () => {
    const panels = [...target.querySelectorAll<HTMLElement>('.neuroglancer-rendered-data-panel')];
    const names = panels.length === 4 ? ['xy', 'xz', '3D', 'yz'] : [String(viewer.layout.toJSON())];
    panels.forEach((panel, n) => {
      panel.tabIndex = 0;
      panel.setAttribute('role', 'application');
      panel.setAttribute('aria-label', `Volume, ${names[n] ?? ''}`);
      panel.setAttribute('aria-describedby', target.getAttribute('aria-describedby')!);
    });
  };
  const observer = new MutationObserver(open);
  observer.observe(target, { childList: true, subtree: true });
  viewer.registerDisposer(() => observer.disconnect());
  open();
}

/** The link keeps the view: the state lives in the address after #!. One that cannot be understood is passed over. */
function restore(viewer: Neuroglancer, link: UrlHashBinding, initial: object): void {
  if (/^#!(\{|%7B)/i.test(location.hash)) {
    link.updateFromUrlHash();
    if (!link.parseError.value && viewer.layerManager.getLayerByName('image')) return;
    viewer.state.reset();
  }
  viewer.state.restoreState(initial);
}

/** Resolved when every chunk of the view is there, or some after a while; an Error with a sentence where the source fails. */
function dataDrawn(viewer: Neuroglancer): Promise<void> {
  return new Promise((done, failed) => {
    const started = performance.now();
    let hasSome = false;
    const stop = viewer.chunkQueueManager.visibleChunksChanged.add(() => (hasSome = true));
    const poll = setInterval(() => {
      const layers = viewer.layerManager.managedLayers;
      const failure = layers.flatMap((l) => l.layer?.dataSources ?? []).find((s) => s.loadState?.error);
      const waited = performance.now() - started;
      const isDrawn = layers.length > 0 && (viewer.isReady() || (hasSome && waited > FIRST_DATA_MS));
      if (!failure && !isDrawn && waited < PATIENCE_MS) return;
      clearInterval(poll);
      stop();
      if (failure) failed(new Error('its pixels cannot be reached now.'));
      else if (isDrawn) done();
      else failed(new Error('its pixels did not come within a minute.'));
    }, 50);
  });
}
