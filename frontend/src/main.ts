// Mounts every <div data-viewer="…" data-descriptor="…"> of the page; each kind of viewer is its own bundle.
import './viewers.css';
import type { Mount, Viewer } from './descriptor';

const kinds: Record<string, { needsWebGl: boolean; load: () => Promise<{ mount: Mount<never> }> }> = {
  map: { needsWebGl: true, load: () => import('./map_viewer') },
  volume: { needsWebGl: true, load: () => import('./volume_viewer') },
  multichannel: { needsWebGl: false, load: () => import('./multichannel_viewer') },
  micrograph: { needsWebGl: false, load: () => import('./micrograph_viewer') },
};

function hasWebGl2(): boolean {
  const context = document.createElement('canvas').getContext('webgl2');
  context?.getExtension('WEBGL_lose_context')?.loseContext();
  return context !== null;
}

/** On failure the server's still picture stays, with the reason under it. */
async function mountOne(element: HTMLElement): Promise<Viewer | undefined> {
  const kind = kinds[element.dataset.viewer ?? ''];
  if (!kind || element.dataset.state === 'failed') return undefined; // another script's; the server says why nothing can be drawn
  const room = document.createElement('div');
  room.className = 'viewer-room';
  try {
    element.dataset.state = 'loading';
    openFallback(false);
    if (kind.needsWebGl && !hasWebGl2()) throw new Error('this browser has no WebGL 2.');
    element.append(room);
    const { mount } = await kind.load();
    const viewer = await mount(room, JSON.parse(element.dataset.descriptor ?? '{}') as never);
    offerFullScreen(element, room);
    element.dataset.state = 'ready';
    return viewer;
  } catch (error) {
    room.remove();
    element.dataset.state = 'failed';
    const note = document.createElement('p');
    note.className = 'viewer-failure';
    note.setAttribute('role', 'status');
    note.textContent = `Shown as a still picture: ${(error as Error).message}`;
    element.append(note);
    openFallback(true);
    console.info(error);
    return undefined;
  }
}

/** The page's still sections: open where the viewer fails. */
function openFallback(open: boolean): void {
  for (const more of document.querySelectorAll<HTMLDetailsElement>('details[data-viewer-fallback]')) more.open = open;
}

function offerFullScreen(element: HTMLElement, room: HTMLElement): void {
  const bar = room.querySelector('.viewer-bar');
  if (!bar || !document.fullscreenEnabled) return;
  const toggle = document.createElement('button');
  toggle.type = 'button';
  toggle.className = 'viewer-full';
  toggle.textContent = 'Full screen';
  toggle.addEventListener('click', () => void (document.fullscreenElement ? document.exitFullscreen() : element.requestFullscreen()));
  element.addEventListener('fullscreenchange', () => {
    toggle.textContent = document.fullscreenElement === element ? 'Leave full screen' : 'Full screen';
  });
  bar.append(toggle);
}

declare global {
  interface Window {
    viewersReady: Promise<(Viewer | undefined)[]>; // settled when every viewer of the page is ready or failed
  }
}
window.viewersReady = Promise.all([...document.querySelectorAll<HTMLElement>('[data-viewer]')].map(mountOne));
