/** The deposit page: drop the files, correct what they say, see what the checks find, submit. Everything is kept as one goes. */

import { ask, draftPath, Refused, type Draft, type DraftFile, type Report, type Suggestions } from './archive';
import { jump, showReport } from './checks';
import './deposit.css';
import { chosenFiles, droppedFiles, SHEET_FILE, type Given } from './dropped';
import { find, make } from './elements';
import { SheetForm } from './form';
import { organisms } from './organisms';
import { Saving, type Clash } from './saving';
import { labelOf, type Schema } from './schema';
import { showFiles, showProgress } from './transfer';
import { isThere, Uploads } from './uploading';

const LOOK_SOON_MS = 400;
const LOOK_EVERY_MS = 2500;
const CHECK_EVERY_MS = 20_000; // while files come in

class Deposit {
  private uploads: Uploads | null = null;
  private form: SheetForm | null = null;
  private saving: Saving | null = null;
  private suggestions: Suggestions = { blanks: [], comments: {} };
  private looking = 0;
  private isChecking = false;
  private checkedAt = -CHECK_EVERY_MS;
  private busy = false;

  constructor(private readonly page: HTMLElement) {}

  async start(): Promise<void> {
    this.takeDrops();
    find('#submit').addEventListener('click', () => void this.guarded(() => this.submit()));
    find('#discard').addEventListener('click', () => void this.guarded(() => this.discard()));
    for (const [id, keepMine] of [['#keep-mine', true], ['#take-theirs', false]] as const) {
      find(id).addEventListener('click', () => {
        find('#clash').hidden = true;
        void this.guarded(async () => this.saving?.settle(keepMine));
      });
    }
    for (const said of document.querySelectorAll<HTMLElement>('[data-show]')) said.replaceChildren(jump(said.dataset.show ?? '', this.showField, said.textContent ?? ''));
    addEventListener('beforeunload', (event) => {
      if (this.uploads?.progress.busy || this.saving?.isPending) event.preventDefault();
    });
    find('#release-form').addEventListener('change', () => localStorage.setItem(`release|${this.accession}`, JSON.stringify(Object.fromEntries(this.release))));
    for (const name of ['online', 'focus']) addEventListener(name, () => this.goOn());
    if (this.accession) await this.guarded(() => this.open());
  }

  private get accession(): string {
    return this.page.dataset.accession ?? '';
  }

  /** When the depositor wishes it to be released. */
  private get release(): Map<string, string> {
    const answers = new FormData(find<HTMLFormElement>('#release-form'));
    return new Map(['when', 'until'].map((name) => [name, String(answers.get(name) ?? '')]));
  }

  /** What was wished before this page was opened, or the draft returned, is wished still. */
  private recallRelease(): void {
    const known = JSON.parse(localStorage.getItem(`release|${this.accession}`) ?? '{}') as Record<string, string>;
    const form = find<HTMLFormElement>('#release-form');
    const day = find<HTMLInputElement>('[name=until]', form);
    if (known.until && known.until >= day.min && known.until <= day.max) day.value = known.until;
    for (const choice of form.querySelectorAll<HTMLInputElement>('[name=when]')) if (choice.value === known.when) choice.checked = true;
  }

  private readonly showField = (place: string): boolean => this.form?.showField(place) ?? false;

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
    if (!this.accession) await this.begin();
    const sheet = given.find(({ path }) => path === SHEET_FILE);
    if (sheet) await this.takeSheet(sheet);
    const there = new Map((await this.files()).map((file) => [file.path, file]));
    const uploads = this.uploads;
    if (!uploads) return;
    const [endpoint, missing, onTheWay] = [draftPath(this.accession), [] as Given[], uploads.paths];
    for (const one of given) if (one !== sheet && !onTheWay.has(one.path) && !(await isThere(endpoint, one, there.get(one.path)))) missing.push(one);
    uploads.add(missing);
    this.look();
  }

  /** Take over an entry.yaml; its mistakes are listed with their lines, and the files come in nevertheless. */
  private async takeSheet(sheet: Given): Promise<void> {
    const trouble = find('#sheet-trouble');
    trouble.hidden = true;
    try {
      await this.saving?.replace(await sheet.file.text());
      this.show();
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 422) throw error;
      const lines = error.findings.map((f) => make('li', {}, make('b', {}, /line \d+/.exec(f.found ?? '')?.[0] ?? SHEET_FILE), ` ${f.message}`, make('span', { class: 'soft' }, f.hint ? ` ${f.hint}` : '')));
      find('#sheet-mistakes').replaceChildren(...lines);
      trouble.hidden = false;
    }
  }

  private async begin(): Promise<void> {
    const made = await ask<Draft>('POST', '/api/v1/drafts', JSON.parse(this.page.dataset.begin ?? '{}'));
    history.replaceState(null, '', `/deposit/${made.accession}`);
    this.page.dataset.accession = made.accession;
    await this.open();
  }

  private async open(): Promise<void> {
    const schema = await ask<Schema>('GET', '/api/v1/schema');
    this.saving = new Saving(this.accession, (words) => (find('#saved').textContent = words), () => this.saved(), (clash) => this.showClash(clash), (error) => this.fail(error));
    const draft = await this.saving.read();
    this.form = new SheetForm(find('#form'), schema, (key, value) => this.saving?.change(key, value), organisms);
    find('#form').addEventListener('focusout', () => this.look());
    this.uploads = new Uploads(draft.uploads, (progress) => {
      showProgress(progress, () => this.uploads?.retry());
      if (this.busy !== progress.busy) this.look();
      this.busy = progress.busy;
    });
    for (const part of document.querySelectorAll<HTMLElement>('[data-needs-draft]')) part.hidden = false;
    find('#accession').textContent = this.accession;
    find<HTMLAnchorElement>('#preview').href = `/entries/${this.accession}?version=${draft.version}`;
    find('#doi').textContent = draft.doi ?? '';
    this.recallRelease();
    this.show();
    const at = decodeURIComponent(location.hash.slice(1)); // of a finding, from another page
    if (at && !this.showField(at)) document.getElementById(at)?.scrollIntoView();
    this.look();
  }

  private files(): Promise<DraftFile[]> {
    return ask<DraftFile[]>('GET', `${draftPath(this.accession)}/files`);
  }

  private async remove(path: string): Promise<void> {
    await ask('DELETE', `${draftPath(this.accession)}/files/${path.split('/').map(encodeURIComponent).join('/')}`);
    this.look();
  }

  // the sheet

  private show(): void {
    const draft = this.saving?.draft;
    if (!draft || !this.form || !this.saving) return;
    this.saving.nowShown(this.form.show(draft.sheet, this.suggestions));
    document.title = `${(draft.sheet.title as string) || this.accession} · deposit`;
    if (draft.status !== 'DRAFT') this.close(draft.status);
  }

  private saved(): void {
    this.show();
    this.look();
  }

  private showClash({ fields, theirs }: Clash): void {
    const words = fields.map((field) => labelOf(field)).join(', ');
    find('#clash-words').textContent = `${words}: changed elsewhere meanwhile, in another tab or by somebody else. It now says «${brief(fields.map((field) => theirs.sheet[field]))}».`;
    find('#clash').hidden = false;
    find('#keep-mine').focus();
  }

  // what the checks find

  /** Look soon at what arrived and what is wrong with it. */
  private look(after = LOOK_SOON_MS): void {
    clearTimeout(this.looking);
    this.looking = window.setTimeout(() => void this.guarded(() => this.lookNow(), true), after);
  }

  private async lookNow(): Promise<void> {
    if (!this.saving || this.saving.draft?.status !== 'DRAFT') return;
    const files = await this.files();
    showFiles(files, this.uploads?.paths ?? new Set(), (path) => void this.guarded(() => this.remove(path)));
    const onTheWay = this.uploads?.progress.busy || files.some(({ state }) => state === 'verifying');
    const isDue = !onTheWay || performance.now() - this.checkedAt > CHECK_EVERY_MS;
    if (onTheWay || this.isChecking) this.look(LOOK_EVERY_MS);
    if (isDue && !this.isChecking && !this.saving.isPending) await this.check(files.some(({ state }) => state === 'whole'));
  }

  private async check(hasFiles: boolean): Promise<void> {
    this.isChecking = true;
    this.checkedAt = performance.now();
    const base = draftPath(this.accession);
    try {
      const report = await ask<Report>('GET', `${base}/report`);
      if (hasFiles) this.suggestions = await ask<Suggestions>('GET', `${base}/suggestions`);
      await this.saving?.read();
      this.show();
      this.showReport(report);
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 503) throw error;
      find('#checking').textContent = error.message;
      this.look(LOOK_EVERY_MS);
    } finally {
      this.isChecking = false;
    }
  }

  private showReport(report: Report): void {
    showReport(report, this.showField);
    this.form?.mark(report.findings);
  }

  // the end

  private async submit(): Promise<void> {
    if (!this.saving) return;
    if (this.uploads?.progress.busy) throw new Refused('Files are still on their way. Submit when they have arrived.', 409);
    await this.saving.flush();
    const when = this.release.get('when');
    const until = when === 'date' ? this.release.get('until') : when === 'publication' ? 'publication' : '';
    find('#checking').textContent = 'Submitting…';
    try {
      const said = await ask<{ status: string }>('POST', `${draftPath(this.accession)}/submit`, { hold_until: until });
      this.close(said.status);
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 422 || !error.findings.length) throw error;
      const count = (severity: string): number => error.findings.filter((finding) => finding.severity === severity).length;
      this.showReport({ errors: count('error'), warnings: count('warning'), findings: error.findings });
      const first = error.findings.find((finding) => finding.severity === 'error' && finding.path.startsWith(SHEET_FILE));
      if (!first || !this.showField(first.path)) find('#checks').scrollIntoView();
    } finally {
      if (find('#checking').textContent === 'Submitting…') find('#checking').textContent = '';
    }
  }

  private async discard(): Promise<void> {
    if (!this.accession || !confirm(`Delete the draft ${this.accession} with all its files? This cannot be taken back.`)) return;
    await ask('DELETE', draftPath(this.accession));
    location.href = '/deposits';
  }

  private close(status: string): void {
    clearTimeout(this.looking);
    for (const part of document.querySelectorAll<HTMLElement>('[data-while-draft]')) part.hidden = true;
    find<HTMLAnchorElement>('#manage').href = `/manage/${this.accession}`;
    find('#done').hidden = false;
    find('#done-words').textContent = status === 'SUBMITTED' ? 'Submitted. A curator looks at it next; you will be told.' : `This entry is ${status.toLowerCase()}.`;
    find<HTMLFieldSetElement>('#form-fields').disabled = true;
    find('#done').focus();
  }

  /** After the network, or the person, came back: save what waits, send what failed, look again. */
  private goOn(): void {
    if (!find('#trouble').dataset.passing && !this.saving?.isPending) return;
    void this.guarded(async () => {
      if (!this.form && this.accession) await this.open();
      await this.saving?.flush();
      if (this.uploads?.progress.failed.length) this.uploads.retry();
      await this.lookNow();
    });
  }

  private async guarded(action: () => Promise<unknown>, isByItself = false): Promise<void> {
    const trouble = find('#trouble');
    try {
      await action();
      if (!isByItself || trouble.dataset.passing) trouble.hidden = true;
    } catch (error) {
      this.fail(error);
    }
  }

  private fail(error: unknown): void {
    if (error instanceof Refused && error.status === 412) return; // the page asks already
    const words = error instanceof Refused ? error.message : 'This page failed; open it again. What you sent is kept.';
    const where = `/sign-in?next=${encodeURIComponent(location.pathname)}`;
    const signIn = make('a', { href: where, target: '_blank', rel: 'noopener' }, 'Sign in again');
    const trouble = find('#trouble');
    if (error instanceof Refused && error.status === 401) trouble.replaceChildren('You are not signed in any more. ', signIn, ' in a new tab, then come back here: nothing is lost.');
    else trouble.textContent = words;
    trouble.dataset.passing = error instanceof Refused && (error.status === 0 || error.status === 401) ? 'yes' : '';
    trouble.hidden = false;
    if (!(error instanceof Refused)) throw error;
    if (error.status === 0 && this.saving) window.setTimeout(() => this.goOn(), LOOK_EVERY_MS * 2);
  }
}

function brief(values: unknown[]): string {
  const text = values.map((value) => (typeof value === 'string' ? value : JSON.stringify(value ?? ''))).join('; ');
  return text.length > 120 ? `${text.slice(0, 119)}…` : text;
}

const page = document.querySelector<HTMLElement>('[data-deposit]');
if (page) void new Deposit(page).start();
