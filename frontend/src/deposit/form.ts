/** The sheet as a form, made from its schema: what is blank is asked for first, what is known can be corrected, the rest is folded away. */

import type { Finding, Sheet, Suggestions } from './archive';
import { control, isEmpty, type Setter, type Surroundings, type Values } from './controls';
import { make } from './elements';
import { same } from './same';
import { labelOf, plain, type Schema } from './schema';

const SECTIONS: [string, string, string[]][] = [
  ['about', 'What it is', ['title', 'authors', 'abstract', 'keywords', 'experiment', 'licence', 'funding', 'publications', 'related']],
  ['imaged', 'What was imaged', ['biosamples', 'specimens']],
  ['how', 'How it was imaged', ['acquisitions']],
  ['deposited', 'What is deposited', ['image_sets', 'maps', 'annotations', 'screens', 'other_files']],
  ['made', 'How one was made from another', ['processes']],
];
const ALWAYS = new Set(['title', 'authors', 'abstract', 'keywords', 'biosamples', 'specimens', 'acquisitions', 'name', 'orcid', 'affiliation', 'organism', 'preparation', 'kind', 'files', 'file', 'resolution_a', 'contour_level', 'voltage_kv', 'experiment', 'pixel_size_a', 'microscope', 'detector', 'description', 'doi', 'funder', 'grant', 'to', 'relation', 'uniprot', 'software', 'symmetry', 'half_maps']);
const WAITING = new Set(['authors', 'biosamples', 'specimens']); // where an empty item waits, as hardly any entry lacks one
const FOLDED_CARDS = 3;

/** entry.yaml:authors[0].name → authors.0.name */
export function pathOf(place: string): string {
  return place.replace(/^entry\.yaml:?\s*/, '').replace(/\[(\d+)\]/g, '.$1');
}

export class SheetForm {
  private sheet: Sheet = {};
  private blanks = new Map<string, string>();
  private comments = new Map<string, string>();
  private number = 0;
  private readonly drawn = new Map<string, Set<string>>();
  private readonly around: Surroundings;

  constructor(
    private readonly place: HTMLElement,
    private readonly schema: Schema,
    private readonly changed: (key: string, value: unknown) => void,
    lookUp: Surroundings['lookUp'],
  ) {
    const idsOf = (list: string): string[] => ((this.sheet[list] as Values[] | undefined) ?? []).map((item) => String(item.id ?? '')).filter(Boolean);
    this.around = { lookUp, idsOf };
    this.place.replaceChildren(...SECTIONS.map(([id, heading]) => make('section', { class: 'form-part', id: `part-${id}`, 'aria-label': heading })));
  }

  /** Show a sheet, and the places that are asked for. A part where somebody is at work stays as it is; its fields are returned. */
  show(sheet: Sheet, { blanks, comments }: Suggestions): string[] {
    this.blanks = new Map(blanks.map(({ place, wanted }) => [pathOf(place), wanted]));
    this.comments = new Map(Object.entries(comments).map(([place, words]) => [pathOf(place), words]));
    const left: string[] = [];
    for (const [id, heading, keys] of SECTIONS) {
      const part = this.place.querySelector<HTMLElement>(`#part-${id}`)!;
      const about = [...this.blanks.keys(), ...this.comments.keys()].filter((path) => keys.includes(path.split('.')[0]));
      const drawn = this.drawn.get(id);
      // what was written here, and is asked for no more, stays where it is
      if (drawn && keys.every((key) => same(this.sheet[key], sheet[key])) && about.every((path) => drawn.has(path))) continue;
      if (part.contains(document.activeElement)) {
        left.push(...keys);
        continue;
      }
      for (const key of keys) this.sheet[key] = structuredClone(sheet[key]);
      this.drawn.set(id, new Set(about));
      this.draw(part, heading, keys);
    }
    return left;
  }

  /** Say beside the fields what the checks found wrong with them. */
  mark(findings: Finding[]): void {
    for (const said of this.place.querySelectorAll('.field-finding:not(.own)')) said.remove();
    for (const field of this.place.querySelectorAll<HTMLElement>('[data-marked]')) field.removeAttribute('aria-invalid');
    for (const finding of findings) {
      if (finding.severity !== 'error' && isOnlyUnsaid(finding)) continue; // the field says itself that it is asked for
      const field = this.fieldAt(pathOf(finding.path));
      if (!field) continue;
      const input = field.querySelector<HTMLElement>('input,select,textarea');
      const said = make('p', { class: `field-finding ${finding.severity}`, id: `finding-${(this.number += 1)}` }, sentence(finding.message));
      field.append(said);
      unfold(field, this.place);
      if (!input || field.classList.contains('many')) continue;
      if (finding.severity === 'error') for (const [name, value] of [['aria-invalid', 'true'], ['data-marked', '']]) input.setAttribute(name, value);
      input.setAttribute('aria-describedby', `${input.id}-help ${said.id}`);
    }
  }

  /** Bring the field of a finding into view; false where it has none. */
  showField(place: string): boolean {
    const field = this.fieldAt(pathOf(place));
    if (!field) return false;
    unfold(field, this.place);
    field.scrollIntoView({ block: 'center' });
    field.querySelector<HTMLElement>('input,select,textarea,button')?.focus({ preventScroll: true });
    return true;
  }

  /** The field at a path, else the nearest one that holds it. */
  private fieldAt(path: string): HTMLElement | null {
    for (let at = path; at; at = at.includes('.') ? at.slice(0, at.lastIndexOf('.')) : '') {
      const field = this.place.querySelector<HTMLElement>(`[data-path="${CSS.escape(at)}"]`);
      if (field) return field;
    }
    return null;
  }

  private draw(part: HTMLElement, heading: string, keys: string[]): void {
    const open = new Map([...part.querySelectorAll('details')].map((details) => [foldName(details), details.open]));
    const fields = keys.map((key) => {
      const schema = plain(this.schema.properties?.[key] ?? {}, this.schema);
      return this.field(key, schema, this.sheet[key], key, (value) => {
        this.sheet[key] = value;
        this.changed(key, value);
      });
    });
    part.replaceChildren(make('h3', {}, heading), ...this.parted(keys, fields, this.sheet, ''));
    for (const details of part.querySelectorAll('details')) details.open = open.get(foldName(details)) ?? details.open;
  }

  /** What is asked for stands open; inside an item what is known, and everywhere what is seldom said, is folded away. */
  private parted(keys: string[], fields: HTMLElement[], values: Values, prefix: string): HTMLElement[] {
    const parts = { open: [] as HTMLElement[], known: [] as HTMLElement[], more: [] as HTMLElement[] };
    const isNew = keys.every((key) => key === 'id' || isEmpty(values[key]));
    const known: string[] = [];
    keys.forEach((key, i) => {
      const isAsked = this.isAsked(prefix ? `${prefix}.${key}` : key);
      const part = key === 'id' ? 'more' : isAsked || (ALWAYS.has(key) && (!prefix || isNew)) ? 'open' : !isEmpty(values[key]) ? (prefix ? 'known' : 'open') : 'more';
      parts[part].push(fields[i]);
      if (part === 'known') known.push(labelOf(key).replace(/ \(.*/, '').toLowerCase());
    });
    const folded = (words: string, inside: HTMLElement[]): HTMLElement[] => (inside.length ? [make('details', { class: 'more' }, make('summary', {}, words), ...inside)] : []);
    return [...parts.open, ...folded(`Known: ${known.slice(0, 4).join(', ')}${known.length > 4 ? `, and ${known.length - 4} more` : ''}`, parts.known), ...folded('More', parts.more)];
  }

  private isAsked(path: string): boolean {
    return [...this.blanks.keys()].some((blank) => blank === path || blank.startsWith(`${path}.`));
  }

  private field(name: string, schema: Schema, value: unknown, path: string, set: Setter): HTMLElement {
    if (schema.type === 'array' && schema.items && plain(schema.items, this.schema).properties) return this.cards(name, schema, value, path, set);
    if (schema.properties) return this.group(name, schema, value, path, set);
    return this.input(name, schema, value, path, set);
  }

  private group(name: string, schema: Schema, value: unknown, path: string, set: Setter): HTMLElement {
    const values: Values = { ...(value as Values | null) };
    const inside = this.properties(schema, values, path, () => set(isEmpty(values) ? null : { ...values }));
    return make('fieldset', { class: 'group', 'data-path': path }, make('legend', {}, labelOf(name)), ...inside);
  }

  private properties(schema: Schema, values: Values, path: string, changed: () => void): HTMLElement[] {
    const keys = Object.keys(schema.properties ?? {}).filter((key) => key !== 'schema');
    const fields = keys.map((key) =>
      this.field(key, plain(schema.properties?.[key] ?? {}, this.schema), values[key], `${path}.${key}`, (value) => {
        if (isEmpty(value)) delete values[key];
        else values[key] = value;
        changed();
      }),
    );
    return this.parted(keys, fields, values, path);
  }

  private cards(name: string, schema: Schema, value: unknown, path: string, set: Setter): HTMLElement {
    const one = plain(schema.items ?? {}, this.schema);
    const items = (Array.isArray(value) ? value : []).map((item) => ({ ...(item as Values) }));
    // where something is asked for, an empty item waits; it is part of the sheet once somebody writes into it
    if (!items.length && WAITING.has(path) && this.isAsked(`${path}.0`)) items.push(this.newItem(name, one, items));
    const list = make('div', { class: 'items' });
    const tell = (): void => set(items.filter((item) => !isBare(item)).map((item) => ({ ...item })));
    const draw = (): void => list.replaceChildren(...items.map((item, i) => card(item, i)));
    const card = (item: Values, i: number): HTMLElement => {
      const heading = make('summary', {}, titleOf(item, name, i));
      const comment = this.comments.get(`${path}.${i}`);
      const fields = this.properties(one, item, `${path}.${i}`, () => {
        heading.textContent = titleOf(item, name, i);
        tell();
      });
      const remove = make('button', { type: 'button', class: 'quiet', 'aria-label': `Remove ${titleOf(item, name, i)}`, click: () => { items.splice(i, 1); tell(); draw(); add.focus(); } }, 'Remove');
      const isOpen = items.length <= FOLDED_CARDS || this.isAsked(`${path}.${i}`);
      return make('details', { class: 'item', open: isOpen, 'data-path': `${path}.${i}` }, heading, ...(comment ? [make('p', { class: 'help from' }, comment)] : []), ...fields, remove);
    };
    const add = make('button', { type: 'button', class: 'quiet', click: () => {
      items.push(this.newItem(name, one, items));
      draw();
      list.lastElementChild?.querySelector<HTMLElement>('input,select,textarea')?.focus();
    } }, `Add ${singular(name)}`);
    draw();
    return make('div', { class: 'many', 'data-path': path }, make('h4', {}, labelOf(name)), make('p', { class: 'help' }, schema.description ?? ''), list, add);
  }

  private newItem(name: string, schema: Schema, items: Values[]): Values {
    const item: Values = schema.properties?.id ? { id: this.freeName(name, items) } : {};
    const samples = this.around.idsOf('biosamples');
    if (name === 'specimens' && samples.length === 1) item.biosample = samples[0];
    return item;
  }

  private freeName(name: string, items: Values[]): string {
    for (let n = items.length + 1; ; n += 1) {
      const id = `${singular(name).replaceAll(' ', '-')}-${n}`;
      if (!items.some((item) => item.id === id)) return id;
    }
  }

  private input(name: string, schema: Schema, value: unknown, path: string, set: Setter): HTMLElement {
    const id = `field-${(this.number += 1)}`;
    const made = control(name, schema, value, id, set, this.around);
    const asked = isEmpty(value) ? (this.blanks.get(path) ?? this.blanks.get(`${path}.0`)) : undefined;
    const help = make('p', { class: 'help', id: `${id}-help` }, asked ? `${asked.charAt(0).toUpperCase()}${asked.slice(1)}.` : (schema.description ?? ''));
    made.setAttribute('aria-describedby', help.id);
    const label = make('label', { for: id }, labelOf(name), ...(asked ? [make('span', { class: 'asked' }, 'asked for')] : []));
    return make('div', { class: `entry-field${made instanceof HTMLInputElement && made.type === 'checkbox' ? ' check' : ''}`, 'data-path': path }, label, made, help);
  }
}

/** A message as a sentence without the marks that programs read. */
export function sentence(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1).replaceAll('`', '');
}

/** Whether a finding only says that something was not said. */
export function isOnlyUnsaid(finding: Finding): boolean {
  return finding.found === 'nothing' && finding.rule.startsWith('metadata.');
}

function unfold(field: HTMLElement, place: HTMLElement): void {
  for (let above = field.parentElement; above && above !== place; above = above.parentElement) if (above instanceof HTMLDetailsElement) above.open = true;
}

function foldName(details: HTMLDetailsElement): string {
  const above = details.parentElement?.closest('[data-path]')?.getAttribute('data-path') ?? '';
  return details.dataset.path ?? `${above} ${details.querySelector('summary')?.textContent?.startsWith('Known') ? 'known' : 'more'}`;
}

function isBare(item: Values): boolean {
  return Object.entries(item).every(([key, value]) => key === 'id' || key === 'biosample' || isEmpty(value));
}

function titleOf(item: Values, name: string, i: number): string {
  const organism = item.organism as Values | undefined;
  return String(item.title || item.name || organism?.name || item.funder || item.to || item.id || `${labelOf(singular(name))} ${i + 1}`);
}

function singular(name: string): string {
  const word = name.replaceAll('_', ' ');
  return word === 'processes' ? 'step' : word.endsWith('s') ? word.slice(0, -1) : word;
}
