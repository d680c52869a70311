/** The archive's own API, as the deposit page asks it. */

export interface Finding {
  rule: string;
  severity: 'error' | 'warning' | 'note';
  path: string;
  message: string;
  found?: string;
  expected?: string;
  hint?: string;
}

export interface Draft {
  accession: string;
  status: string;
  version: number;
  sheet: Sheet;
  uploads: string;
  doi: string | null;
}

export interface DraftFile {
  path: string;
  size_bytes: number;
  sha256?: string;
  state: 'uploading' | 'verifying' | 'whole' | 'failed';
  message?: string;
}

export interface Report {
  errors: number;
  warnings: number;
  findings: Finding[];
}

export interface Suggestions {
  /** Where something is asked for, and what. */
  blanks: { place: string; wanted: string }[];
  /** What was read from the files, and where: place → words. */
  comments: Record<string, string>;
}

export type Sheet = Record<string, unknown>;

/** What the archive refused, in its own words. */
export class Refused extends Error {
  constructor(
    message: string,
    readonly status: number,
    readonly findings: Finding[] = [],
  ) {
    super(message);
  }
}

/** Headers that show that a request comes from our own page. */
export function proof(): Record<string, string> {
  const token = document.querySelector<HTMLInputElement>('input[name="csrf_token"]')?.value;
  return token ? { 'X-CSRF-Token': token } : {};
}

const DRAFTS = '/api/v1/drafts';

interface Manner {
  type?: string;
  /** Only if what is changed is still the one with this ETag. */
  tag?: string;
}

/** What the archive answers, with its ETag. */
export async function askTagged<T>(method: string, path: string, body?: unknown, { type = 'application/json', tag = '' }: Manner = {}): Promise<{ said: T; tag: string }> {
  const headers: Record<string, string> = { Accept: 'application/json', ...(method === 'GET' ? {} : proof()), ...(tag ? { 'If-Match': tag } : {}) };
  if (body !== undefined) headers['Content-Type'] = type;
  const sent = body === undefined ? undefined : type === 'application/json' ? JSON.stringify(body) : String(body);
  const response = await fetch(path, { method, headers, body: sent, credentials: 'same-origin' }).catch(() => {
    throw new Refused('The archive does not answer. What you sent is kept; this page goes on as soon as it does.', 0);
  });
  if (response.status === 204) return { said: undefined as T, tag: '' };
  const said = (await response.json().catch(() => ({}))) as Record<string, unknown>;
  if (response.status === 404 && path.startsWith(`${DRAFTS}/`) && (await fetch(DRAFTS)).status === 401) throw new Refused('You are not signed in any more.', 401); // to strangers there is no such draft
  if (!response.ok) throw new Refused(String(said.message ?? response.statusText), response.status, (said.findings as Finding[]) ?? []);
  return { said: said as T, tag: response.headers.get('ETag') ?? '' };
}

export async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
  return (await askTagged<T>(method, path, body)).said;
}

export const draftPath = (accession: string): string => `${DRAFTS}/${accession}`;
