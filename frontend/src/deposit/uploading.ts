/** Files on their way to the archive: several at once, each resumed where it was cut, whatever cut it. */

import { Upload } from 'tus-js-client';

import { proof, type DraftFile } from './archive';
import type { Given } from './dropped';

const AT_ONCE = 4;
const TELL_EVERY_MS = 200;
const MOST_SENT_AT_ONCE_BYTES = 1e6;
const MOST_HASHED_BYTES = 64e6;
const RETRY_MS = [500, 1000, 3000, 5000, 10000, 20000, 30000];

export interface Progress {
  files: number;
  filesDone: number;
  bytes: number;
  bytesDone: number;
  failed: { given: Given; message: string }[];
  busy: boolean;
  /** Zero: not known. */
  secondsLeft: number;
}

export class Uploads {
  readonly progress: Progress = { files: 0, filesDone: 0, bytes: 0, bytesDone: 0, failed: [], busy: false, secondsLeft: 0 };
  private readonly waiting: Given[] = [];
  private next = 0;
  private readonly sent = new Map<Given, number>();
  private running = 0;
  private telling = 0;
  private pace = 0;
  private paced = { at: 0, bytes: 0 };

  constructor(
    private readonly endpoint: string,
    private readonly changed: (progress: Progress) => void,
  ) {}

  add(given: Given[]): void {
    if (!this.running) this.paced = { at: performance.now(), bytes: this.progress.bytesDone };
    this.waiting.push(...given);
    this.progress.files += given.length;
    this.progress.bytes += bytesOf(given);
    while (this.running < Math.min(AT_ONCE, this.waiting.length - this.next)) void this.work();
    this.tell();
  }

  /** Try once more what failed. */
  retry(): void {
    const again = this.progress.failed.map(({ given }) => given);
    this.progress.failed = [];
    this.progress.files -= again.length;
    this.progress.bytes -= bytesOf(again);
    this.progress.bytesDone -= bytesOf(again);
    for (const given of again) this.sent.set(given, 0);
    this.add(again);
  }

  /** What is on its way from this page. */
  get paths(): Set<string> {
    return new Set(this.waiting.map(({ path }) => path));
  }

  private async work(): Promise<void> {
    this.running += 1;
    while (this.next < this.waiting.length) {
      const given = this.waiting[this.next++];
      try {
        await this.send(given);
        this.progress.filesDone += 1;
        remember(this.endpoint, given);
      } catch (error) {
        this.progress.failed.push({ given, message: words(error) });
      }
      this.count(given, given.file.size);
      this.tell();
    }
    this.running -= 1;
    if (!this.running) this.forgetWaiting();
    this.tell();
  }

  private forgetWaiting(): void {
    this.waiting.length = this.next = 0;
    this.sent.clear();
  }

  private send(given: Given): Promise<void> {
    return new Promise((done, failed) => {
      const upload = new Upload(given.file, {
        endpoint: this.endpoint,
        metadata: { path: given.path },
        headers: proof(),
        retryDelays: RETRY_MS,
        uploadDataDuringCreation: given.file.size <= MOST_SENT_AT_ONCE_BYTES, // where a large one goes on is known once it is begun
        removeFingerprintOnSuccess: true,
        // the same file for the same draft, whatever page it is sent from
        fingerprint: () => Promise.resolve(fingerprint(this.endpoint, given)),
        onProgress: (sent) => {
          this.count(given, sent);
          this.tell();
        },
        onSuccess: () => done(),
        onError: failed,
      });
      void upload.findPreviousUploads().then((previous) => {
        if (previous[0]) upload.resumeFromPreviousUpload(previous[0]);
        upload.start();
      }, failed);
    });
  }

  private count(given: Given, bytes: number): void {
    this.progress.bytesDone += bytes - (this.sent.get(given) ?? 0);
    this.sent.set(given, bytes);
  }

  /** Tell of progress, a few times a second: a thousand small files a second are not drawn one by one. */
  private tell(): void {
    this.progress.busy = this.running > 0;
    if (this.telling) return;
    this.telling = window.setTimeout(() => {
      this.telling = 0;
      this.measure();
      this.changed(this.progress);
    }, TELL_EVERY_MS);
  }

  private measure(): void {
    const { bytes, bytesDone, busy } = this.progress;
    const now = performance.now();
    const seconds = (now - this.paced.at) / 1000;
    if (seconds >= 2) {
      const pace = (bytesDone - this.paced.bytes) / seconds;
      this.pace = this.pace ? 0.7 * this.pace + 0.3 * pace : pace;
      this.paced = { at: now, bytes: bytesDone };
    }
    this.progress.secondsLeft = busy && this.pace > 0 ? (bytes - bytesDone) / this.pace : 0;
  }
}

function bytesOf(given: Given[]): number {
  return given.reduce((sum, { file }) => sum + file.size, 0);
}

function fingerprint(endpoint: string, { path, file }: Given): string {
  return ['micrographia', endpoint, path, file.size, file.lastModified].join('|');
}

function remember(endpoint: string, given: Given): void {
  if (given.file.size > MOST_HASHED_BYTES) localStorage.setItem(`whole|${fingerprint(endpoint, given)}`, '1');
}

/** Whether the archive has these very bytes: small files are hashed, of large ones this browser remembers that it sent them. */
export async function isThere(endpoint: string, given: Given, known: DraftFile | undefined): Promise<boolean> {
  if (!known || known.size_bytes !== given.file.size || known.state === 'failed' || known.state === 'uploading') return false;
  if (given.file.size > MOST_HASHED_BYTES || !known.sha256 || !('subtle' in crypto)) return localStorage.getItem(`whole|${fingerprint(endpoint, given)}`) !== null;
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', await given.file.arrayBuffer()));
  return known.sha256 === [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

function words(error: unknown): string {
  const body = (error as { originalResponse?: { getBody(): string } }).originalResponse?.getBody();
  try {
    return String((JSON.parse(body ?? '') as { message: string }).message);
  } catch {
    return error instanceof Error ? error.message : String(error);
  }
}
