/** Files and folders that were dropped or chosen, as paths inside the entry. */

export interface Given {
  path: string;
  file: File;
}

const LITTER = new Set(['.DS_Store', 'Thumbs.db', 'desktop.ini', '.git', '.svn', '.hg', '__MACOSX', '.Trashes', '.Spotlight-V100', '.fseventsd', '.ipynb_checkpoints']);
export const SHEET_FILE = 'entry.yaml';

function isLitter(path: string): boolean {
  return path.split('/').some((part) => LITTER.has(part) || part.startsWith('._') || part.startsWith('.nfs'));
}

/** Files of a drop, folders at any depth; a single dropped folder is the entry itself. */
export async function droppedFiles(transfer: DataTransfer): Promise<Given[]> {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  const given: Given[] = [];
  const only = entries.length === 1 && entries[0].isDirectory ? entries[0].name : '';
  for (const entry of entries) await walk(entry, '', given);
  return kept(given, only);
}

/** Files of an <input type="file">, with or without folders. */
export function chosenFiles(list: FileList): Given[] {
  const given = [...list].map((file) => ({ path: file.webkitRelativePath || file.name, file }));
  const top = given[0]?.path.includes('/') ? given[0].path.split('/')[0] : '';
  return kept(given, top);
}

function kept(given: Given[], top: string): Given[] {
  return given.map(({ path, file }) => ({ path: (top && path.startsWith(`${top}/`) ? path.slice(top.length + 1) : path).normalize('NFC'), file })).filter(({ path }) => !isLitter(path));
}

async function walk(entry: FileSystemEntry, prefix: string, given: Given[]): Promise<void> {
  const path = prefix ? `${prefix}/${entry.name}` : entry.name;
  if (entry.isFile) {
    given.push({ path, file: await new Promise<File>((done, failed) => (entry as FileSystemFileEntry).file(done, failed)) });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((done, failed) => reader.readEntries(done, failed)); // a hundred at a time
    if (!some.length) return;
    for (const inside of some) await walk(inside, path, given);
  }
}
