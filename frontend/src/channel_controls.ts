// The controls of one channel: on and off, its colour, which values are black and which in full colour.
import { checkbox, group, readout, short, slider } from './controls';
import type { Channel } from './ome_zarr';

export function channelControls(controls: HTMLElement, channel: Channel, update: () => void): void {
  const own = group(controls, `Channel ${channel.label}`);
  own.style.setProperty('--tint', `rgb(${channel.rgb.join(' ')})`);
  checkbox(own, channel.label, channel.active, (on) => {
    channel.active = on;
    update();
  });
  const colour = document.createElement('input');
  colour.type = 'color';
  colour.value = `#${channel.rgb.map((part) => part.toString(16).padStart(2, '0')).join('')}`;
  colour.setAttribute('aria-label', `Colour of ${channel.label}`);
  colour.addEventListener('input', () => {
    channel.rgb = [1, 3, 5].map((at) => parseInt(colour.value.slice(at, at + 2), 16)) as Channel['rgb'];
    own.style.setProperty('--tint', colour.value);
    update();
  });
  own.append(colour);
  const step = Math.max((channel.max - channel.min) / 1000, 1e-9);
  for (const end of ['low', 'high'] as const) {
    const input = slider(own, '', { min: channel.min, max: channel.max, step, value: channel[end] }, (value) => {
      channel[end] = value;
      numbers.value = `${short(channel.low)} to ${short(channel.high)}`;
      update();
    });
    input.setAttribute('aria-label', `${channel.label}: ${end === 'low' ? 'black' : 'full colour'} at`);
  }
  const numbers = readout(own);
  numbers.value = `${short(channel.low)} to ${short(channel.high)}`;
}
