import { readFile, stat } from 'node:fs/promises';

/** Larger than what the script writes for 100,000 tasks, and small enough for a JavaScript string. */
const MAX_BYTES = 256_000_000;

/** The text of a file that the capture script wrote. Rejects with a sentence that says why it can't be had. */
export async function recordingText(path: string): Promise<string> {
  const info = await stat(path).catch(() => null);
  if (!info) throw new Error('There is no such file.');
  if (!info.isFile()) throw new Error('It is no file.');
  if (info.size > MAX_BYTES) throw new Error(`It has ${info.size} bytes; more than ${MAX_BYTES} are not read.`);
  return readFile(path, 'utf8');
}
