/** The sheet as a form, made from its schema: what is blank is asked for first, what is known can be corrected, the rest is folded away. */

import type { Finding, Sheet, Suggestions } from './archive';
import { make } from './elements';
import { labelOf, plain, type Schema } from './schema';

type Setter = (value: unknown) => void;
type Values = Record<string, unknown>;

const SECTIONS: [string, string, string[]][] = [
  ['about', 'What it is', ['title', 'authors', 'abstract', 'keywords', 'experiment', 'licence', 'funding', 'publications', 'related']],
  ['imaged', 'What was imaged', ['biosamples', 'specimens']],
  ['how', 'How it was imaged', ['acquisitions']],
  ['deposited', 'What is deposited', ['image_sets', 'maps', 'annotations', 'screens', 'other_files']],
  ['made', 'How one was made from another', ['processes']],
];
const ALWAYS = new Set(['title', 'authors', 'abstract', 'keywords', 'biosamples', 'specimens', 'acquisitions', 'name', 'orcid', 'affiliation', 'organism', 'preparation', 'kind', 'files', 'file', 'resolution_a', 'contour_level', 'voltage_kv', 'experiment', 'pixel_size_a', 'microscope', 'detector', 'description', 'doi', 'funder', 'grant', 'to', 'relation', 'uniprot', 'software', 'symmetry', 'half_maps']);
const LONG = new Set(['abstract', 'description', 'preparation', 'sequence']);
const FOLDED_CARDS = 3;

export class SheetForm {
  private sheet: Sheet = {};
  private blanks = new Map<string, string>();
  private number = 0;

  constructor(
    private readonly place: HTMLElement,
    private readonly schema: Schema,
    private readonly changed: (key: string, value: unknown) => void,
    private readonly lookUp: (input: HTMLInputElement, chosen: (id: number) => void) => void,
  ) {}

  /** Show a sheet; `blanks` are the places that are asked for. */
  show(sheet: Sheet, blanks: Suggestions['blanks']): void {
    this.sheet = structuredClone(sheet);
    this.blanks = new Map(blanks.map(({ place, wanted }) => [place.replace(/\[(\d+)\]/g, '.$1'), wanted]));
    this.place.replaceChildren(...SECTIONS.map(([id, heading, keys]) => this.section(id, heading, keys)));
  }

  /** Say beside the fields what the checks found wrong with them. */
  mark(findings: Finding[]): void {
    for (const said of this.place.querySelectorAll('.field-finding')) said.remove();
    for (const field of this.place.querySelectorAll<HTMLElement>('[aria-invalid]')) field.removeAttribute('aria-invalid');
    for (const finding of findings) {
      const path = finding.path.replace(/^entry\.yaml:?\s*/, '').replace(/\[(\d+)\]/g, '.$1');
      const field = path && this.place.querySelector<HTMLElement>(`[data-path="${CSS.escape(path)}"]`);
      if (!field) continue;
      if (finding.severity === 'error') field.querySelector('input,select,textarea')?.setAttribute('aria-invalid', 'true');
      field.append(make('p', { class: `field-finding ${finding.severity}` }, finding.message));
      for (let above = field.parentElement; above && above !== this.place; above = above.parentElement) if (above instanceof HTMLDetailsElement) above.open = true;
    }
  }

  /** Bring the field of a finding into view; false where it has none. */
  showField(path: string): boolean {
    const field = this.place.querySelector<HTMLElement>(`[data-path="${CSS.escape(path.replace(/^entry\.yaml:?\s*/, '').replace(/\[(\d+)\]/g, '.$1'))}"]`);
    for (let above = field?.parentElement; above && above !== this.place; above = above.parentElement) if (above instanceof HTMLDetailsElement) above.open = true;
    field?.scrollIntoView({ block: 'center' });
    field?.querySelector<HTMLElement>('input,select,textarea,button')?.focus();
    return Boolean(field);
  }

  private section(id: string, heading: string, keys: string[]): HTMLElement {
    const body = keys.map((key) => {
      const schema = plain(this.schema.properties?.[key] ?? {}, this.schema);
      return this.field(key, schema, this.sheet[key], key, (value) => {
        this.sheet[key] = value;
        this.changed(key, value);
      });
    });
    return make('section', { class: 'form-part', id: `part-${id}`, 'aria-label': heading }, make('h3', {}, heading), ...this.parted(keys, body, this.sheet, ''));
  }

  /** What is asked for stands open; inside an item what is known, and everywhere what is seldom said, is folded away. */
  private parted(keys: string[], fields: HTMLElement[], values: Values, prefix: string): HTMLElement[] {
    const parts = { open: [] as HTMLElement[], known: [] as HTMLElement[], more: [] as HTMLElement[] };
    const isNew = keys.every((key) => key === 'id' || isEmpty(values[key]));
    keys.forEach((key, i) => {
      const isAsked = this.isAsked(prefix ? `${prefix}.${key}` : key);
      const part = isAsked || (ALWAYS.has(key) && (!prefix || isNew)) ? 'open' : !isEmpty(values[key]) ? (prefix ? 'known' : 'open') : 'more';
      parts[part].push(fields[i]);
    });
    const folded = (words: string, inside: HTMLElement[]): HTMLElement[] => (inside.length ? [make('details', { class: 'more' }, make('summary', {}, words), ...inside)] : []);
    return [...parts.open, ...folded(`Known: ${parts.known.length}`, parts.known), ...folded('More', parts.more)];
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
    return make('fieldset', { class: 'group' }, make('legend', {}, labelOf(name)), ...inside);
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
    const items = (Array.isArray(value) ? value : []).map((item) => ({ ...(item as Values) }));
    const one = plain(schema.items ?? {}, this.schema);
    const list = make('div', { class: 'items' });
    const tell = (): void => set(items.map((item) => ({ ...item })));
    const draw = (): void => {
      list.replaceChildren(...items.map((item, i) => card(item, i)));
    };
    const card = (item: Values, i: number): HTMLElement => {
      const heading = make('summary', {}, titleOf(item, name, i));
      const fields = this.properties(one, item, `${path}.${i}`, () => {
        heading.textContent = titleOf(item, name, i);
        tell();
      });
      const remove = make('button', { type: 'button', class: 'quiet', click: () => { items.splice(i, 1); tell(); draw(); } }, 'Remove');
      return make('details', { class: 'item', open: items.length <= FOLDED_CARDS || this.isAsked(`${path}.${i}`) }, heading, ...fields, remove);
    };
    const add = make('button', { type: 'button', class: 'quiet', click: () => {
      items.push(one.properties?.id ? { id: this.freeName(name, items) } : {});
      draw();
      list.lastElementChild?.querySelector<HTMLElement>('input,select,textarea')?.focus();
    } }, `Add ${singular(name)}`);
    draw();
    return make('div', { class: 'many', 'data-path': path }, make('h4', {}, labelOf(name)), make('p', { class: 'help' }, schema.description ?? ''), list, add);
  }

  private freeName(name: string, items: Values[]): string {
    for (let n = items.length + 1; ; n += 1) {
      const id = `${singular(name).replaceAll(' ', '-')}-${n}`;
      if (!items.some((item) => item.id === id)) return id;
    }
  }

  private input(name: string, schema: Schema, value: unknown, path: string, set: Setter): HTMLElement {
    const id = `field-${(this.number += 1)}`;
    const control = this.control(name, schema, value, id, set);
    const isAsked = this.blanks.has(path) && isEmpty(value);
    const wanted = isAsked ? this.blanks.get(path) : '';
    const help = make('p', { class: 'help', id: `${id}-help` }, wanted ? `${wanted.charAt(0).toUpperCase()}${wanted.slice(1)}.` : (schema.description ?? ''));
    control.setAttribute('aria-describedby', help.id);
    const label = make('label', { for: id }, labelOf(name), ...(isAsked ? [make('span', { class: 'asked' }, 'needed')] : []));
    return make('div', { class: `entry-field${control instanceof HTMLInputElement && control.type === 'checkbox' ? ' check' : ''}`, 'data-path': path }, label, control, help);
  }

  private control(name: string, schema: Schema, value: unknown, id: string, set: Setter): HTMLElement {
    if (schema.type === 'boolean') return make('input', { type: 'checkbox', id, checked: value === true, change: (e) => set((e.target as HTMLInputElement).checked) });
    if (schema.enum) {
      const select = make('select', { id, change: (e) => set((e.target as HTMLSelectElement).value || null) }, make('option', { value: '' }, '–'), ...schema.enum.map((choice) => make('option', { value: choice }, choice)));
      select.value = String(value ?? '');
      return select;
    }
    const text = asText(value);
    const lines = schema.type === 'array' && !schema.prefixItems;
    const table = schema.type === 'object';
    const read = (raw: string): unknown => {
      if (table) return fromTable(raw);
      if (lines) return raw.split('\n').map((line) => line.trim()).filter(Boolean);
      if (schema.type === 'number' || schema.type === 'integer') return fromNumber(raw);
      if (schema.type === 'numbers' || schema.prefixItems) return fromNumbers(raw);
      return raw;
    };
    if (lines || table || LONG.has(name)) {
      return make('textarea', { id, rows: LONG.has(name) ? (name === 'abstract' ? 6 : 2) : Math.min(8, Math.max(1, text.split('\n').length)), placeholder: table ? 'name: value' : lines ? 'one a line' : '', change: (e) => set(read((e.target as HTMLTextAreaElement).value)) }, text);
    }
    const isNumber = schema.type === 'number' || schema.type === 'integer';
    const input = make('input', { id, type: 'text', value: text, inputmode: isNumber ? 'decimal' : false, autocomplete: 'off', change: (e) => set(read((e.target as HTMLInputElement).value)) });
    if (name === 'name' && /species|Taxonomy/i.test(schema.description ?? '') ) {
      this.lookUp(input, (taxon) => {
        const number = input.closest('fieldset')?.querySelector<HTMLInputElement>('[data-path$=".ncbi_taxonomy"] input');
        if (number) {
          number.value = String(taxon);
          number.dispatchEvent(new Event('change'));
        }
      });
    }
    return input;
  }
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === '' || value === false) return true;
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === 'object' && Object.values(value).every(isEmpty);
}

function titleOf(item: Values, name: string, i: number): string {
  const organism = item.organism as Values | undefined;
  return String(item.title || item.name || organism?.name || item.funder || item.to || item.id || `${labelOf(singular(name))} ${i + 1}`);
}

function singular(name: string): string {
  const word = name.replaceAll('_', ' ');
  return word === 'processes' ? 'step' : word.endsWith('s') ? word.slice(0, -1) : word;
}

function asText(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (Array.isArray(value)) return value.every((item) => typeof item === 'number') ? value.join(', ') : value.join('\n');
  if (typeof value === 'object') return Object.entries(value).map(([key, item]) => `${key}: ${typeof item === 'object' ? JSON.stringify(item) : String(item)}`).join('\n');
  return String(value);
}

function fromNumber(raw: string): unknown {
  const text = raw.trim().replace(',', '.');
  return text === '' ? null : Number.isFinite(Number(text)) ? Number(text) : raw; // the archive says what is wrong with what is no number
}

function fromNumbers(raw: string): unknown {
  const parts = raw.split(/[,;\s]+/).filter(Boolean).map(fromNumber);
  return parts.length === 0 ? null : parts.length === 1 ? parts[0] : parts;
}

function fromTable(raw: string): Values {
  const pairs = raw.split('\n').map((line) => line.split(/:(.*)/s).map((part) => part.trim())).filter(([key]) => key);
  return Object.fromEntries(pairs.map(([key, item = '']) => [key, item !== '' && Number.isFinite(Number(item)) ? Number(item) : item]));
}
