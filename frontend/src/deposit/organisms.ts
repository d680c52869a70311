/** Species as one types: the archive knows the usual ones with their NCBI Taxonomy ids. */

import { ask } from './archive';
import { make } from './elements';

interface Term {
  name: string;
  id: number;
  common: string;
}

let lists = 0;

export function organisms(input: HTMLInputElement, chosen: (id: number) => void): void {
  const list = make('datalist', { id: `organisms-${(lists += 1)}` });
  input.setAttribute('list', list.id);
  let known: Term[] = [];
  let waiting = 0;
  const pick = (): void => {
    const term = known.find(({ name }) => name === input.value);
    if (term) chosen(term.id);
  };
  input.addEventListener('input', () => {
    clearTimeout(waiting);
    if (!list.isConnected) input.after(list);
    pick();
    waiting = window.setTimeout(() => void look(), 150);
  });
  input.addEventListener('change', pick);

  async function look(): Promise<void> {
    if (input.value.trim().length < 2) return;
    const found = await ask<{ items: Term[] }>('GET', `/api/v1/vocabulary/organisms?q=${encodeURIComponent(input.value)}`).catch(() => null);
    if (!found) return; // any name may be written without the list
    known = found.items;
    list.replaceChildren(...known.map(({ name, common }) => make('option', { value: name }, common)));
    pick();
  }
}
