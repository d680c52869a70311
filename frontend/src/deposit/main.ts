/** The deposit page: drop the files, correct what they say, see what the checks find, submit. Everything is kept as one goes. */

import { ask, draftPath, Refused, type Draft, type DraftFile, type Finding, type Report, type Sheet, type Suggestions } from './archive';
import './deposit.css';
import { chosenFiles, droppedFiles, SHEET_FILE, type Given } from './dropped';
import { counted, find, make, sizeWords } from './elements';
import { SheetForm } from './form';
import { organisms } from './organisms';
import type { Schema } from './schema';
import { Uploads, type Progress } from './uploading';

const SAVE_AFTER_MS = 700;
const LOOK_EVERY_MS = 2500;
const MOST_FILES_SHOWN = 200;

class Deposit {
  private draft: Draft | null = null;
  private uploads: Uploads | null = null;
  private form: SheetForm | null = null;
  private changes: Sheet = {};
  private saving = 0;
  private looking = 0;
  private blanks: Suggestions['blanks'] = [];
  private readonly given = new Map<string, Given>();

  constructor(private readonly page: HTMLElement) {}

  async start(): Promise<void> {
    this.takeDrops();
    const accession = this.page.dataset.accession;
    if (accession) await this.open(accession);
    find('#submit').addEventListener('click', () => void this.guarded(() => this.submit()));
    find('#discard').addEventListener('click', () => void this.guarded(() => this.discard()));
    addEventListener('beforeunload', (event) => {
      if (this.uploads?.progress.busy || this.saving) event.preventDefault();
    });
  }

  // files

  private takeDrops(): void {
    const zone = find('#drop');
    for (const name of ['dragenter', 'dragover']) zone.addEventListener(name, (event) => { event.preventDefault(); zone.classList.add('over'); });
    for (const name of ['dragleave', 'drop']) zone.addEventListener(name, () => zone.classList.remove('over'));
    zone.addEventListener('drop', (event) => {
      event.preventDefault();
      const transfer = event.dataTransfer;
      if (transfer) void this.guarded(async () => this.take(await droppedFiles(transfer)));
    });
    for (const id of ['#choose-folder', '#choose-files']) {
      const input = find<HTMLInputElement>(id);
      input.addEventListener('change', () => {
        const chosen = input.files ? chosenFiles(input.files) : [];
        input.value = '';
        void this.guarded(() => this.take(chosen));
      });
    }
  }

  private async take(given: Given[]): Promise<void> {
    if (!given.length) return;
    const sheet = given.find(({ path }) => path === SHEET_FILE);
    if (!this.draft) await this.begin();
    if (sheet && this.draft) {
      await ask('PUT', `${draftPath(this.draft.accession)}/sheet`, await sheet.file.text(), 'application/yaml');
      await this.reload();
    }
    const files = given.filter((one) => one !== sheet);
    for (const one of files) this.given.set(one.path, one);
    const there = new Map((await this.files()).filter((f) => f.state !== 'failed' && f.state !== 'uploading').map((f) => [f.path, f.size_bytes]));
    this.uploads?.add(files.filter(({ path, file }) => there.get(path) !== file.size));
    this.look();
  }

  private async begin(): Promise<void> {
    const made = await ask<Draft>('POST', '/api/v1/drafts', JSON.parse(this.page.dataset.begin ?? '{}'));
    history.replaceState(null, '', `/deposit/${made.accession}`);
    await this.open(made.accession);
  }

  private async open(accession: string): Promise<void> {
    this.page.dataset.accession = accession;
    this.form = new SheetForm(find('#form'), await ask<Schema>('GET', '/api/v1/schema'), (key, value) => this.change(key, value), organisms);
    await this.reload();
    this.look();
  }

  private async reload(): Promise<void> {
    this.draft = await ask<Draft>('GET', draftPath(this.page.dataset.accession ?? ''));
    const { accession, uploads, status } = this.draft;
    this.uploads ??= new Uploads(uploads, (progress) => this.showProgress(progress), () => this.look());
    for (const part of document.querySelectorAll<HTMLElement>('[data-needs-draft]')) part.hidden = false;
    find('#accession').textContent = accession;
    find<HTMLAnchorElement>('#preview').href = `/entries/${accession}`;
    document.title = `${(this.draft.sheet.title as string) || accession} · deposit`;
    this.form?.show(this.draft.sheet, this.blanks);
    if (status !== 'DRAFT') this.close(status);
  }

  private files(): Promise<DraftFile[]> {
    return ask<DraftFile[]>('GET', `${draftPath(this.draft?.accession ?? '')}/files`);
  }

  private showProgress(progress: Progress): void {
    const { files, filesDone, bytes, bytesDone, failed, busy } = progress;
    const bar = find<HTMLProgressElement>('#upload-bar');
    bar.max = Math.max(1, bytes);
    bar.value = bytes ? bytesDone : filesDone;
    find('#upload').hidden = files === 0;
    find('#upload-words').textContent = busy
      ? `${filesDone.toLocaleString('en')} of ${counted(files, 'file')}, ${sizeWords(bytesDone)} of ${sizeWords(bytes)}`
      : failed.length
        ? `${counted(failed.length, 'file')} could not be sent.`
        : `All ${counted(files, 'file')} arrived.`;
    const retry = make('button', { type: 'button', class: 'quiet', click: () => this.uploads?.retry(failed.map(({ path }) => this.given.get(path)).filter((g) => g !== undefined)) }, 'Try again');
    find('#upload-failed').replaceChildren(...failed.slice(0, 20).map(({ path, message }) => make('li', {}, make('code', {}, path), ` ${message}`)), ...(failed.length && !busy ? [make('li', {}, retry)] : []));
  }

  private showFiles(files: DraftFile[]): void {
    const bytes = files.reduce((sum, file) => sum + file.size_bytes, 0);
    find('#file-count').textContent = files.length ? `${counted(files.length, 'file')}, ${sizeWords(bytes)}` : 'No files yet.';
    find('#cost').textContent = sizeWords(bytes);
    const rows = files.slice(0, MOST_FILES_SHOWN).map((file) => {
      const remove = make('button', { type: 'button', class: 'quiet', 'aria-label': `Remove ${file.path}`, click: () => void this.guarded(() => this.remove(file.path)) }, 'Remove');
      const state = file.state === 'whole' ? '' : file.state === 'failed' ? (file.message ?? 'failed') : file.state;
      return make('tr', {}, make('td', {}, make('code', {}, file.path)), make('td', { class: 'number' }, sizeWords(file.size_bytes)), make('td', { class: 'soft' }, state), make('td', {}, remove));
    });
    find('#file-rows').replaceChildren(...rows);
    find('#file-more').textContent = files.length > MOST_FILES_SHOWN ? `and ${counted(files.length - MOST_FILES_SHOWN, 'more file')}` : '';
    find('#file-table').hidden = !files.length;
  }

  private async remove(path: string): Promise<void> {
    await ask('DELETE', `${draftPath(this.draft?.accession ?? '')}/files/${path.split('/').map(encodeURIComponent).join('/')}`);
    this.look();
  }

  // the sheet

  private change(key: string, value: unknown): void {
    this.changes[key] = value ?? (Array.isArray(this.draft?.sheet[key]) ? [] : '');
    clearTimeout(this.saving);
    this.saving = window.setTimeout(() => void this.guarded(() => this.save()), SAVE_AFTER_MS);
    find('#saved').textContent = 'Saving…';
  }

  private async save(): Promise<void> {
    clearTimeout(this.saving);
    this.saving = 0;
    if (!this.draft || !Object.keys(this.changes).length) return;
    const changes = this.changes;
    this.changes = {};
    try {
      await ask('PATCH', draftPath(this.draft.accession), changes);
      find('#saved').textContent = 'Saved';
      this.look();
    } catch (error) {
      this.changes = { ...changes, ...this.changes };
      find('#saved').textContent = error instanceof Refused ? `Not saved: ${error.message}` : 'Not saved.';
      if (error instanceof Refused) this.form?.mark(error.findings);
    }
  }

  // the checks

  /** Look soon at what the archive makes of it, and again as long as something is on its way. */
  private look(): void {
    clearTimeout(this.looking);
    this.looking = window.setTimeout(() => void this.guarded(() => this.lookNow()), 400);
  }

  private async lookNow(): Promise<void> {
    if (!this.draft) return;
    const files = await this.files();
    this.showFiles(files);
    const onTheWay = files.some(({ state }) => state === 'uploading' || state === 'verifying') || this.uploads?.progress.busy;
    if (files.some(({ state }) => state === 'whole')) await this.check();
    if (onTheWay) this.looking = window.setTimeout(() => void this.guarded(() => this.lookNow()), LOOK_EVERY_MS);
  }

  private async check(): Promise<void> {
    const base = draftPath(this.draft?.accession ?? '');
    find('#checking').textContent = 'Looking at the files…';
    try {
      const report = await ask<Report>('GET', `${base}/report`);
      if (!this.saving && !find('#form').contains(document.activeElement)) await this.suggest(base);
      this.showReport(report);
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 503) throw error;
      find('#checking').textContent = error.message;
      this.looking = window.setTimeout(() => void this.guarded(() => this.lookNow()), LOOK_EVERY_MS);
    }
  }

  /** Show what the archive took over from the files, and what it asks for. */
  private async suggest(base: string): Promise<void> {
    this.blanks = (await ask<Suggestions>('GET', `${base}/suggestions`)).blanks;
    await this.reload();
  }

  private showReport(report: Report): void {
    const { errors, warnings, findings } = report;
    find('#checking').textContent = errors
      ? `${counted(errors, 'error')} to correct before this can be submitted${warnings ? `; ${counted(warnings, 'warning')}` : ''}.`
      : warnings
        ? `Ready to submit. ${counted(warnings, 'warning')}: a curator will ask about ${warnings === 1 ? 'it' : 'them'}.`
        : 'Ready to submit: nothing to correct.';
    find('#findings').replaceChildren(...findings.slice(0, 200).map((finding) => this.findingRow(finding)));
    find<HTMLButtonElement>('#submit').disabled = errors > 0;
    this.form?.mark(findings);
  }

  private findingRow(finding: Finding): HTMLElement {
    const chip = make('span', { class: `chip ${{ error: 'bad', warning: 'warm', note: '' }[finding.severity]}` }, finding.severity);
    const isSheet = finding.path.startsWith(SHEET_FILE);
    const place = isSheet ? make('button', { type: 'button', class: 'place', click: () => this.form?.showField(finding.path) }, finding.path.slice(SHEET_FILE.length + 1)) : make('code', {}, finding.path);
    return make('li', {}, chip, ' ', ...(finding.path ? [place, ' '] : []), finding.message, ...(finding.hint && !isSheet ? [make('span', { class: 'soft' }, ` ${finding.hint}`)] : []));
  }

  // the end

  private async submit(): Promise<void> {
    if (!this.draft) return;
    await this.save();
    const hold = find<HTMLFormElement>('#release-form');
    const when = new FormData(hold).get('when');
    const until = when === 'date' ? new FormData(hold).get('until') : when === 'publication' ? 'publication' : '';
    try {
      const said = await ask<{ status: string }>('POST', `${draftPath(this.draft.accession)}/submit`, { hold_until: until });
      this.close(said.status);
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 422) throw error;
      this.showReport({ errors: error.findings.filter((f) => f.severity === 'error').length, warnings: error.findings.filter((f) => f.severity === 'warning').length, findings: error.findings });
      find('#checks').scrollIntoView();
    }
  }

  private async discard(): Promise<void> {
    const accession = this.draft?.accession ?? '';
    if (!accession || !confirm(`Delete the draft ${accession} with all its files? This cannot be taken back.`)) return;
    await ask('DELETE', draftPath(accession));
    location.href = '/deposits';
  }

  private close(status: string): void {
    for (const part of document.querySelectorAll<HTMLElement>('[data-while-draft]')) part.hidden = true;
    find('#done').hidden = false;
    find('#done-words').textContent = status === 'SUBMITTED' ? 'Submitted. A curator looks at it next; you will be told.' : `This entry is ${status.toLowerCase()}.`;
    find<HTMLFieldSetElement>('#form-fields').disabled = true;
    find('#done').focus();
  }

  private async guarded(action: () => Promise<void>): Promise<void> {
    const trouble = find('#trouble');
    try {
      await action();
      trouble.hidden = true;
    } catch (error) {
      trouble.textContent = error instanceof Refused ? error.message : 'This page failed; open it again. What you sent is kept.';
      trouble.hidden = false;
      if (!(error instanceof Refused)) throw error;
      if (error.status === 0) this.looking = window.setTimeout(() => void this.guarded(() => this.lookNow()), LOOK_EVERY_MS * 2);
    }
  }
}

const page = document.querySelector<HTMLElement>('[data-deposit]');
if (page) void new Deposit(page).start();
