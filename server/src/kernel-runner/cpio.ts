/** A file or directory of an archive; `content` null is a directory. */
export interface ArchiveEntry {
  /** Without a leading slash. */
  readonly path: string;
  readonly mode: number;
  readonly content: Uint8Array | null;
}

const DIRECTORY = 0o040000;
const REGULAR = 0o100000;

/**
 * An archive in the form that the kernel unpacks as its first file system ("newc", described in
 * Documentation/driver-api/early-userspace/buffer-format.rst). Parent directories are added where missing.
 */
export function cpioArchive(entries: readonly ArchiveEntry[]): Uint8Array {
  const chunks: Uint8Array[] = [];
  let inode = 1;
  const seen = new Set<string>();
  const add = (entry: ArchiveEntry) => {
    if (seen.has(entry.path)) return;
    const parent = entry.path.split('/').slice(0, -1).join('/');
    if (parent !== '') add({ path: parent, mode: 0o755, content: null });
    seen.add(entry.path);
    const mode = (entry.content ? REGULAR : DIRECTORY) | entry.mode;
    chunks.push(...record(entry.path, mode, inode++, entry.content ?? new Uint8Array()));
  };
  for (const entry of entries) add(entry);
  chunks.push(...record('TRAILER!!!', 0, 0, new Uint8Array()));
  return concatenate(chunks);
}

function record(path: string, mode: number, inode: number, content: Uint8Array): Uint8Array[] {
  const name = new TextEncoder().encode(`${path}\0`);
  const fields = [inode, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length, 0];
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`;
  return [
    new TextEncoder().encode(header),
    name,
    padding(header.length + name.length),
    content,
    padding(content.length),
  ];
}

/** Headers with names, and contents, end at multiples of four bytes. */
function padding(length: number): Uint8Array {
  return new Uint8Array((4 - (length % 4)) % 4);
}

function concatenate(chunks: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
