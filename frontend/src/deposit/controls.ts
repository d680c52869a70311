/** Inputs for single values: how each shows what the sheet says, and reads back what one writes. */

import { make } from './elements';
import { checkOrcid } from './orcid';
import type { Schema } from './schema';

export type Setter = (value: unknown) => void;
export type Values = Record<string, unknown>;

/** What an input may ask of the form around it. */
export interface Surroundings {
  /** Offer species as one types. */
  lookUp: (input: HTMLInputElement, chosen: (id: number) => void) => void;
  /** Ids of the items of a list of the sheet. */
  idsOf: (list: string) => string[];
}

const LONG = new Set(['abstract', 'description', 'preparation', 'sequence']);
// fields that name an item of another list of the sheet
const NAMES_ONE_OF: Record<string, string> = { biosample: 'biosamples', specimen: 'specimens', acquisition: 'acquisitions' };

export function control(name: string, schema: Schema, value: unknown, id: string, set: Setter, around: Surroundings): HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement {
  if (schema.type === 'boolean') return make('input', { type: 'checkbox', id, checked: value === true, change: (e) => set((e.target as HTMLInputElement).checked) });
  if (schema.enum) return choice(id, value, schema.enum, set);
  const list = NAMES_ONE_OF[name];
  if (list && around.idsOf(list).length) return choice(id, value, around.idsOf(list), set);
  const text = asText(value);
  const lines = schema.type === 'array' && !schema.prefixItems;
  const table = schema.type === 'object';
  const read = (raw: string): unknown => {
    if (table) return fromTable(raw);
    if (lines) return raw.split('\n').map((line) => line.trim()).filter(Boolean);
    if (schema.type === 'number' || schema.type === 'integer') return fromNumber(raw);
    if (schema.type === 'numbers' || schema.prefixItems) return fromNumbers(raw);
    return raw.trim();
  };
  if (lines || table || LONG.has(name)) {
    const rows = LONG.has(name) ? (name === 'abstract' ? 6 : 2) : Math.min(8, Math.max(1, text.split('\n').length));
    return make('textarea', { id, rows, placeholder: table ? 'name: value' : lines ? 'one a line' : '', input: (e) => set(read((e.target as HTMLTextAreaElement).value)) }, text);
  }
  const isNumber = schema.type === 'number' || schema.type === 'integer';
  const input = make('input', { id, type: 'text', value: text, inputmode: isNumber ? 'decimal' : false, autocomplete: 'off', input: (e) => set(read((e.target as HTMLInputElement).value)) });
  if (name === 'orcid') checkOrcid(input);
  if (name === 'name' && /species|Taxonomy/i.test(schema.description ?? '')) {
    around.lookUp(input, (taxon) => {
      const number = input.closest('fieldset')?.querySelector<HTMLInputElement>('[data-path$=".ncbi_taxonomy"] input');
      if (!number || number.value === String(taxon)) return;
      number.value = String(taxon);
      number.dispatchEvent(new Event('input'));
    });
  }
  return input;
}

function choice(id: string, value: unknown, choices: string[], set: Setter): HTMLSelectElement {
  const known = typeof value === 'string' && value && !choices.includes(value) ? [...choices, value] : choices;
  const select = make('select', { id, change: (e) => set((e.target as HTMLSelectElement).value || null) }, make('option', { value: '' }, '–'), ...known.map((one) => make('option', { value: one }, one)));
  select.value = String(value ?? '');
  return select;
}

export function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === '' || value === false) return true;
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === 'object' && Object.values(value).every(isEmpty);
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
