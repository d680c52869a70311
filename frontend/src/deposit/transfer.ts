/** Files of the draft, and how far those on their way have come. */

import type { DraftFile } from './archive';
import { counted, find, make, sizeWords } from './elements';
import type { Progress } from './uploading';

const MOST_SHOWN = 200;
const MOST_FAILED_SHOWN = 20;

export function showProgress({ files, filesDone, bytes, bytesDone, failed, busy, secondsLeft }: Progress, retry: () => void): void {
  const bar = find<HTMLProgressElement>('#upload-bar');
  bar.max = Math.max(1, bytes);
  bar.value = bytes ? bytesDone : filesDone;
  find('#upload').hidden = files === 0;
  const end = failed.length ? `${counted(failed.length, 'file')} could not be sent.` : `All ${counted(files, 'file')} arrived.`;
  const left = secondsLeft > 2 ? `, ${timeWords(secondsLeft)} left` : '';
  find('#upload-words').textContent = busy ? `${filesDone.toLocaleString('en')} of ${counted(files, 'file')}, ${sizeWords(bytesDone)} of ${sizeWords(bytes)}${left}` : end;
  find('#upload-said').textContent = busy ? '' : end; // what is read aloud: the end, not each step
  const again = make('button', { type: 'button', class: 'quiet', click: retry }, 'Try again');
  find('#upload-failed').replaceChildren(
    ...failed.slice(0, MOST_FAILED_SHOWN).map(({ given, message }) => make('li', {}, make('code', {}, given.path), ` ${message}`)),
    ...(failed.length > MOST_FAILED_SHOWN ? [make('li', { class: 'soft' }, `and ${counted(failed.length - MOST_FAILED_SHOWN, 'more', 'more')}`)] : []),
    ...(failed.length && !busy ? [make('li', {}, again)] : []),
  );
}

export function showFiles(files: DraftFile[], onTheWay: Set<string>, remove: (path: string) => void): void {
  const bytes = files.reduce((sum, file) => sum + file.size_bytes, 0);
  find('#file-count').textContent = files.length ? `${counted(files.length, 'file')}, ${sizeWords(bytes)}` : 'No files yet.';
  find('#cost').textContent = sizeWords(bytes);
  const cut = files.filter(({ path, state }) => state === 'uploading' && !onTheWay.has(path));
  find('#cut').hidden = !cut.length;
  find('#cut').textContent = `${counted(cut.length, 'file is', 'files are')} here in part. Drop the same folder again: each goes on where it stopped, and what is here already is not sent again.`;
  const rows = files.slice(0, MOST_SHOWN).map((file) => {
    const state = file.state === 'whole' ? '' : file.state === 'failed' ? (file.message ?? 'failed') : file.state;
    const button = make('button', { type: 'button', class: 'quiet', 'data-while-draft': true, 'aria-label': `Remove ${file.path}`, click: () => remove(file.path) }, 'Remove');
    return make('tr', {}, make('td', {}, make('code', {}, file.path)), make('td', { class: 'number' }, sizeWords(file.size_bytes)), make('td', { class: 'soft' }, state), make('td', {}, button));
  });
  const drawn = JSON.stringify(files.slice(0, MOST_SHOWN).map(({ path, size_bytes, state }) => [path, size_bytes, state]));
  const place = find('#file-rows');
  if (place.dataset.drawn !== drawn) place.replaceChildren(...rows); // else a button may have the focus
  place.dataset.drawn = drawn;
  find('#file-more').textContent = files.length > MOST_SHOWN ? `and ${counted(files.length - MOST_SHOWN, 'more file')}` : '';
  find('#file-table').hidden = !files.length;
}

function timeWords(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 100 ? `${minutes} min` : `${Math.round(seconds / 3600)} h`;
}
