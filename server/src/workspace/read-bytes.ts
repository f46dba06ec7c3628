import { type FileHandle, open } from 'node:fs/promises';

/**
 * A file's bytes, or in a sentence why they can't be had. Files in /proc and /sys say that they have no size, so it is
 * read until nothing more comes.
 *
 * @param limit bytes
 */
export async function readLimited(path: string, limit: number): Promise<Uint8Array | string> {
  try {
    const file = await open(path);
    try {
      const status = await file.stat();
      if (!status.isFile()) return status.isDirectory() ? 'It is a directory.' : 'It is not an ordinary file.';
      return await readAll(file, status.size, limit);
    } finally {
      await file.close();
    }
  } catch (error) {
    return reasonOf(error);
  }
}

async function readAll(file: FileHandle, size: number, limit: number): Promise<Uint8Array | string> {
  let bytes = Buffer.allocUnsafe(size > 0 ? Math.min(size, limit) + 1 : 1 << 20);
  let length = 0;
  for (;;) {
    const { bytesRead } = await file.read(bytes, length, bytes.length - length, null);
    if (bytesRead === 0) return bytes.subarray(0, length);
    length += bytesRead;
    if (length > limit) return `It is larger than ${Math.round(limit / 1024 / 1024)} MB.`;
    if (length === bytes.length) {
      const larger = Buffer.allocUnsafe(bytes.length * 2);
      bytes.copy(larger);
      bytes = larger;
    }
  }
}

/** What the system says, in the words of people. */
export function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'There is no such file.';
  if (code === 'EACCES' || code === 'EPERM') return 'Permission denied.';
  if (code === 'EISDIR') return 'It is a directory.';
  return error instanceof Error ? error.message : String(error);
}
