// The few form controls the viewers share. Native elements: keyboard, touch and screen readers come free.

export interface Range {
  min: number;
  max: number;
  step: number;
  value: number;
}

/** The stage that a viewer draws on. */
export function stage(parent: HTMLElement): HTMLElement {
  const element = document.createElement('div');
  element.className = 'viewer-stage';
  parent.append(element);
  return element;
}

/** A row of controls below the stage. */
export function bar(parent: HTMLElement): HTMLElement {
  const element = document.createElement('div');
  element.className = 'viewer-bar';
  parent.append(element);
  return element;
}

let told = 0;

/** Make what a viewer draws on reachable with the keyboard, and say below it, to everybody, what keys and fingers do. */
export function tellKeys(parent: HTMLElement, target: HTMLElement, label: string, keys: string): void {
  const hint = document.createElement('p');
  hint.className = 'viewer-hint';
  hint.id = `viewer-keys-${++told}`;
  hint.textContent = keys;
  parent.append(hint);
  target.tabIndex = 0;
  target.setAttribute('role', 'application'); // screen readers pass the keys on
  target.setAttribute('aria-label', label);
  target.setAttribute('aria-describedby', hint.id);
}

export function group(parent: HTMLElement, label: string): HTMLElement {
  const element = document.createElement('div');
  element.className = 'viewer-group';
  element.setAttribute('role', 'group');
  element.setAttribute('aria-label', label);
  parent.append(element);
  return element;
}

export function slider(parent: HTMLElement, label: string, range: Range, onInput: (value: number) => void): HTMLInputElement {
  const wrap = document.createElement('label');
  const input = document.createElement('input');
  input.type = 'range';
  for (const key of ['min', 'max', 'step', 'value'] as const) input[key] = String(range[key]);
  input.addEventListener('input', () => onInput(input.valueAsNumber));
  wrap.append(words(label), input);
  parent.append(wrap);
  return input;
}

export function checkbox(parent: HTMLElement, label: string, checked: boolean, onChange: (on: boolean) => void): HTMLInputElement {
  const wrap = document.createElement('label');
  const input = document.createElement('input');
  input.type = 'checkbox';
  input.checked = checked;
  input.addEventListener('change', () => onChange(input.checked));
  wrap.append(input, words(label));
  parent.append(wrap);
  return input;
}

export function button(parent: HTMLElement, label: string, onClick: () => void, title = ''): HTMLButtonElement {
  const element = document.createElement('button');
  element.type = 'button';
  element.textContent = label;
  if (title) {
    element.title = title;
    element.setAttribute('aria-label', title);
  }
  element.addEventListener('click', onClick);
  parent.append(element);
  return element;
}

export function readout(parent: HTMLElement): HTMLOutputElement {
  const element = document.createElement('output');
  parent.append(element);
  return element;
}

function words(text: string): HTMLSpanElement {
  const element = document.createElement('span');
  element.textContent = text;
  return element;
}

/** `work`, at most one at a time; calls made meanwhile end in one more run with the newest argument. */
export function newestOnly<T>(work: (value: T) => Promise<void>): (value: T) => Promise<void> {
  let waiting: { value: T } | undefined;
  let running: Promise<void> | undefined;
  return (value) => {
    waiting = { value };
    running ??= (async () => {
      while (waiting) {
        const next: { value: T } = waiting;
        waiting = undefined;
        await work(next.value);
      }
    })().finally(() => (running = undefined));
    return running;
  };
}

/** Resolves when what was drawn before the call is on the screen. */
export const painted = () => new Promise<void>((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())));

/** A number in as few digits as tell neighbours on a slider apart. */
export function short(value: number): string {
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(4)));
}
