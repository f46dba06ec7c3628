import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { UsageError } from '../usage.ts';

/** One recording of a fleet: a file to read, or its text. */
export type FleetItem =
  | { readonly host: string; readonly path: string }
  | { readonly host: string; readonly text: string }
  | { readonly host: string; readonly error: string };

/** Of a line; a recording of 100,000 tasks has about 100 million. */
const MAX_LINE_BYTES = 256_000_000;
const NEWLINE = 0x0a;

/**
 * The recordings that a user named: a folder with `*.json` files in it and below, a `*.jsonl` file with one on each line,
 * or a single recording. One after the other, so that a fleet of any size takes no more memory than its largest one.
 *
 * @throws UsageError when the path is not there
 */
export async function* fleetItems(named: string): AsyncGenerator<FleetItem> {
  const info = await stat(named).catch(() => null);
  if (!info) throw new UsageError(`--fleet is "${named}", and there is no such file or folder.`);
  if (info.isDirectory()) yield* folderItems(named);
  else if (named.endsWith('.jsonl') || named.endsWith('.ndjson')) yield* lineItems(named);
  else yield { host: hostOfFile(named), path: named };
}

/** The file's name without `.json`. */
const hostOfFile = (path: string): string => path.replace(/\.json$/, '').replace(/^.*\//, '');

async function* folderItems(root: string): AsyncGenerator<FleetItem> {
  const folders = [root];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const entries = await readdir(folder, { withFileTypes: true }).catch((error: Error) => {
      throw new UsageError(`${folder} can't be read: ${error.message}`);
    });
    entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const entry of entries) {
      const path = join(folder, entry.name);
      // Links are not followed: what the user named is what is read.
      if (entry.isFile() && entry.name.endsWith('.json')) {
        yield {
          host: relative(root, path)
            .replace(/\.json$/, '')
            .split(sep)
            .join('/'),
          path,
        };
      }
    }
    for (const entry of entries.reverse()) if (entry.isDirectory()) folders.push(join(folder, entry.name));
  }
}

async function* lineItems(path: string): AsyncGenerator<FleetItem> {
  let number = 0;
  for await (const line of linesOf(path)) {
    number++;
    const name = `${hostOfFile(path.replace(/\.(?:jsonl|ndjson)$/, ''))}:${number}`;
    if (line === null) yield { host: name, error: `The line has more than ${MAX_LINE_BYTES} bytes.` };
    else if (line.trim() !== '') yield { host: hostIn(line) ?? name, text: line };
  }
}

/** `{ "host": "db17", … }`: only at the line's beginning, so that no line has to be parsed twice. */
function hostIn(line: string): string | null {
  const match = /^\s*\{\s*"host"\s*:\s*("(?:[^"\\]|\\.){1,300}")/.exec(line);
  try {
    return match === null ? null : String(JSON.parse(match[1] ?? ''));
  } catch {
    return null;
  }
}

/** A text file's lines; null for one that is too long to be read. */
async function* linesOf(path: string): AsyncGenerator<string | null> {
  let parts: Buffer[] = [];
  let bytes = 0;
  const line = (): string | null => {
    const text = bytes > MAX_LINE_BYTES ? null : Buffer.concat(parts).toString('utf8');
    parts = [];
    bytes = 0;
    return text;
  };
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      add(chunk.subarray(from, at));
      yield line();
      from = at + 1;
    }
    add(chunk.subarray(from));
  }
  if (bytes > 0) yield line();

  function add(part: Buffer): void {
    bytes += part.length;
    if (bytes <= MAX_LINE_BYTES) parts.push(part);
    else parts = [];
  }
}
