/** Keeps what one writes as one goes, and notices when somebody else, or another tab, changed the same meanwhile. */

import { askTagged, draftPath, Refused, type Draft, type Sheet } from './archive';
import { same } from './same';

const SAVE_AFTER_MS = 700;

export interface Clash {
  fields: string[];
  theirs: Draft;
}

export class Saving {
  /** The draft as the archive last said it is. */
  draft: Draft | null = null;
  private tag = '';
  private shown: Sheet = {};
  private changes: Sheet = {};
  private waiting = 0;
  private running: Promise<void> | null = null;
  private clash: Clash | null = null;
  private decided: string[] = [];

  constructor(
    private readonly accession: string,
    private readonly say: (words: string) => void,
    private readonly onSaved: () => void,
    private readonly onClash: (clash: Clash) => void,
    private readonly onFailure: (error: unknown) => void,
  ) {}

  get isPending(): boolean {
    return this.waiting !== 0 || this.running !== null || Object.keys(this.changes).length > 0;
  }

  async read(): Promise<Draft> {
    return this.keep(await askTagged<Draft>('GET', draftPath(this.accession)));
  }

  /** An entry.yaml in place of the whole sheet. */
  async replace(text: string): Promise<void> {
    this.keep(await askTagged<Draft>('PUT', `${draftPath(this.accession)}/sheet`, text, { type: 'application/yaml' }));
    this.changes = {};
  }

  /** These fields of the draft stand in the form now. */
  nowShown(except: string[]): void {
    for (const [key, value] of Object.entries(this.draft?.sheet ?? {})) if (!except.includes(key)) this.shown[key] = value;
    for (const key of Object.keys(this.shown)) if (!(key in (this.draft?.sheet ?? {})) && !except.includes(key)) delete this.shown[key];
  }

  change(key: string, value: unknown): void {
    this.changes[key] = value ?? (Array.isArray(this.shown[key]) ? [] : null);
    clearTimeout(this.waiting);
    this.waiting = window.setTimeout(() => void this.flush().catch(this.onFailure), SAVE_AFTER_MS);
    this.say('Saving…');
  }

  /** Save now; done when everything is kept. */
  async flush(): Promise<void> {
    clearTimeout(this.waiting);
    this.waiting = 0;
    if (this.running) await this.running.catch(() => undefined);
    if (!Object.keys(this.changes).length || this.clash) return;
    this.running = this.send().finally(() => (this.running = null));
    await this.running;
  }

  /** Go on after a clash: with what was written here, or with what the others wrote. */
  async settle(keepMine: boolean): Promise<void> {
    for (const field of this.clash?.fields ?? []) {
      this.shown[field] = this.draft?.sheet[field];
      if (!keepMine) delete this.changes[field];
    }
    this.decided = keepMine ? (this.clash?.fields ?? []) : [];
    this.clash = null;
    await this.flush();
    if (!keepMine) this.onSaved();
  }

  private async send(): Promise<void> {
    const changes = this.changes;
    this.changes = {};
    try {
      await this.patch(changes);
      this.say('Saved');
      this.onSaved();
    } catch (error) {
      this.changes = { ...changes, ...this.changes };
      this.say(error instanceof Refused ? 'Not saved yet' : 'Not saved.');
      throw error;
    }
  }

  private async patch(changes: Sheet): Promise<void> {
    const fields = Object.keys(changes).filter((key) => !this.decided.includes(key) && !same(this.shown[key], this.draft?.sheet[key]) && !same(changes[key], this.draft?.sheet[key]));
    if (fields.length && this.draft) {
      this.clash = { fields, theirs: this.draft };
      this.onClash(this.clash);
      throw new Refused('', 412);
    }
    try {
      this.keep(await askTagged<Draft>('PATCH', draftPath(this.accession), changes, { tag: this.tag }));
      this.decided = [];
      for (const key of Object.keys(changes)) this.shown[key] = this.draft?.sheet[key];
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 412) throw error;
      await this.read();
      await this.patch(changes);
    }
  }

  private keep({ said, tag }: { said: Draft; tag: string }): Draft {
    this.draft = said;
    this.tag = tag;
    return said;
  }
}
