/** What the checks found, in short: what is to correct, and what is not said yet; each leads to its field. */

import type { Finding, Report } from './archive';
import { counted, find, make } from './elements';
import { isOnlyUnsaid, pathOf, sentence } from './form';
import { labelOf } from './schema';

const MOST_SHOWN = 200;
const CHIPS = { error: 'bad', warning: 'warm', note: '' };

export function showReport({ errors, warnings, findings }: Report, show: (place: string) => boolean): void {
  const open = findings.filter((finding) => !isOnlyUnsaid(finding) || finding.severity === 'error');
  const unsaid = findings.filter((finding) => !open.includes(finding));
  const others = warnings - unsaid.filter(({ severity }) => severity === 'warning').length;
  find('#checking').textContent = errors
    ? `${counted(errors, 'error')} to correct before this can be submitted${others ? `; ${counted(others, 'warning')}` : ''}.`
    : others
      ? `Ready to submit. ${counted(others, 'warning')}: a curator will ask about ${others === 1 ? 'it' : 'them'}.`
      : 'Ready to submit: nothing to correct.';
  find('#findings').replaceChildren(...open.slice(0, MOST_SHOWN).map((finding) => row(finding, show)), ...(open.length > MOST_SHOWN ? [make('li', { class: 'soft' }, `and ${counted(open.length - MOST_SHOWN, 'more', 'more')}`)] : []));
  find('#unsaid').hidden = !unsaid.length;
  find('#unsaid-list').replaceChildren(...unsaid.map((finding) => make('li', {}, jump(finding.path, show, subject(finding)))));
}

function row(finding: Finding, show: (place: string) => boolean): HTMLElement {
  const chip = make('span', { class: `chip ${CHIPS[finding.severity]}` }, finding.severity);
  const isSheet = finding.path.startsWith('entry.yaml');
  const place = isSheet ? jump(finding.path, show, fieldWords(finding.path)) : make('code', {}, finding.path);
  const found = finding.found && !isSheet ? ` Found ${finding.found}${finding.expected ? `, expected ${finding.expected}` : ''}.` : '';
  return make('li', {}, chip, make('span', {}, ...(finding.path ? [place, ' '] : []), sentence(finding.message), found, ...(finding.hint && !isSheet ? [make('span', { class: 'soft' }, ` ${finding.hint}`)] : [])));
}

export function jump(place: string, show: (place: string) => boolean, words: string): HTMLElement {
  return make('button', { type: 'button', class: 'place', click: () => void show(place) }, words);
}

function subject({ expected, message }: Finding): string {
  return sentence((expected ?? message).replace(/^(the|an?) /, ''));
}

function fieldWords(place: string): string {
  const names = pathOf(place).split('.').filter((part) => part && !/^\d+$/.test(part));
  return names.length ? labelOf(names[names.length - 1]) : 'entry.yaml';
}
