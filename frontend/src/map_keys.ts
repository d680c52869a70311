// Mol*'s own keys fly through a scene and need the mouse over it; to look at a map one turns it.
import type { PluginContext } from 'molstar/lib/mol-plugin/context.js';
import { Quat, Vec3 } from 'molstar/lib/mol-math/linear-algebra.js';

const STEP = Math.PI / 18;

/** Arrows turn the map about the axes of the screen, + and − zoom, 0 fits. */
export function turnWithKeys(target: HTMLElement, plugin: PluginContext, fit: () => void): void {
  const actions: Record<string, () => void> = {
    ArrowLeft: () => turn(plugin, 'up', -STEP),
    ArrowRight: () => turn(plugin, 'up', STEP),
    ArrowUp: () => turn(plugin, 'right', -STEP),
    ArrowDown: () => turn(plugin, 'right', STEP),
    '+': () => zoom(plugin, 1 / 1.2),
    '=': () => zoom(plugin, 1 / 1.2),
    '-': () => zoom(plugin, 1.2),
    '0': fit,
  };
  target.addEventListener('keydown', (event) => {
    if (!actions[event.key] || event.shiftKey !== (event.key === '+' && event.shiftKey) || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    actions[event.key]();
  });
}

function turn(plugin: PluginContext, about: 'up' | 'right', angle: number): void {
  const { camera } = plugin.canvas3d!;
  const { position, target, up } = camera.state;
  const away = Vec3.sub(Vec3(), position, target);
  const right = Vec3.normalize(Vec3(), Vec3.cross(Vec3(), up, away));
  // Turning the map to one side is the camera going to the other.
  const rotation = Quat.setAxisAngle(Quat(), about === 'up' ? Vec3.normalize(Vec3(), up) : right, -angle);
  plugin.canvas3d!.requestCameraReset({
    durationMs: 0,
    snapshot: { position: Vec3.add(Vec3(), target, Vec3.transformQuat(Vec3(), away, rotation)), up: Vec3.transformQuat(Vec3(), up, rotation) },
  });
}

function zoom(plugin: PluginContext, by: number): void {
  const { position, target, radius, radiusMax } = plugin.canvas3d!.camera.state;
  const away = Vec3.scale(Vec3(), Vec3.sub(Vec3(), position, target), by);
  plugin.canvas3d!.requestCameraReset({ durationMs: 0, snapshot: { position: Vec3.add(Vec3(), target, away), radius: radius * by, radiusMax } });
}
