/** Files on their way to the archive: several at once, each resumed where it was cut, whatever cut it. */

import { Upload } from 'tus-js-client';

import { proof } from './archive';
import type { Given } from './dropped';

const AT_ONCE = 4;
const RETRY_MS = [500, 1000, 3000, 5000, 10000, 20000, 30000];

export interface Progress {
  files: number;
  filesDone: number;
  bytes: number;
  bytesDone: number;
  failed: { path: string; message: string }[];
  busy: boolean;
}

export class Uploads {
  readonly progress: Progress = { files: 0, filesDone: 0, bytes: 0, bytesDone: 0, failed: [], busy: false };
  private readonly waiting: Given[] = [];
  private readonly sent = new Map<Given, number>();
  private running = 0;

  constructor(
    private readonly endpoint: string,
    private readonly changed: (progress: Progress) => void,
    private readonly whole: (path: string) => void,
  ) {}

  add(given: Given[]): void {
    this.waiting.push(...given);
    this.progress.files += given.length;
    this.progress.bytes += given.reduce((sum, { file }) => sum + file.size, 0);
    this.tell();
    while (this.running < AT_ONCE && this.waiting.length) void this.work();
  }

  /** Try once more what failed. */
  retry(given: Given[]): void {
    this.progress.failed.length = 0;
    this.progress.files -= given.length;
    this.progress.bytes -= given.reduce((sum, { file }) => sum + file.size, 0);
    this.add(given);
  }

  private async work(): Promise<void> {
    this.running += 1;
    for (let next = this.waiting.shift(); next; next = this.waiting.shift()) {
      try {
        await this.send(next);
        this.progress.filesDone += 1;
        this.whole(next.path);
      } catch (error) {
        this.progress.failed.push({ path: next.path, message: words(error) });
      }
      this.tell();
    }
    this.running -= 1;
    this.tell();
  }

  private send(given: Given): Promise<void> {
    return new Promise((done, failed) => {
      const upload = new Upload(given.file, {
        endpoint: this.endpoint,
        metadata: { path: given.path },
        headers: proof(),
        retryDelays: RETRY_MS,
        uploadDataDuringCreation: true,
        removeFingerprintOnSuccess: true,
        // the same file for the same draft, whatever page it is sent from
        fingerprint: () => Promise.resolve(['micrographia', this.endpoint, given.path, given.file.size, given.file.lastModified].join('|')),
        onProgress: (sent) => {
          this.sent.set(given, sent);
          this.tell();
        },
        onSuccess: () => {
          this.sent.set(given, given.file.size);
          done();
        },
        onError: failed,
      });
      void upload.findPreviousUploads().then((previous) => {
        if (previous[0]) upload.resumeFromPreviousUpload(previous[0]);
        upload.start();
      }, failed);
    });
  }

  private tell(): void {
    this.progress.bytesDone = [...this.sent.values()].reduce((sum, bytes) => sum + bytes, 0);
    this.progress.busy = this.running > 0;
    this.changed(this.progress);
  }
}

function words(error: unknown): string {
  const body = (error as { originalResponse?: { getBody(): string } }).originalResponse?.getBody();
  try {
    return String((JSON.parse(body ?? '') as { message: string }).message);
  } catch {
    return error instanceof Error ? error.message : String(error);
  }
}
