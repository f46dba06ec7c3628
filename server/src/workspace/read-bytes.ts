import { type FileHandle, open, stat } from 'node:fs/promises';

/**
 * A file's bytes, or in a sentence why they can't be had. Files in /proc and /sys say that they have no size, so it is
 * read until nothing more comes.
 *
 * @param limit bytes
 */
export async function readLimited(path: string, limit: number): Promise<Uint8Array | string> {
  try {
    const size = await sizeOf(path);
    if (typeof size === 'string') return size;
    if (size > limit) return tooLarge(limit);
    const file = await open(path);
    try {
      return await readAll(file, size, limit);
    } finally {
      await file.close();
    }
  } catch (error) {
    return reasonOf(error);
  }
}

/**
 * The size of an ordinary file in bytes, or in a sentence why it has none. Looked at before a file is opened: opening a
 * pipe waits for somebody who writes.
 */
export async function sizeOf(path: string): Promise<number | string> {
  try {
    const status = await stat(path);
    if (status.isFile()) return status.size;
    return status.isDirectory() ? 'It is a directory.' : 'It is not an ordinary file.';
  } catch (error) {
    return reasonOf(error);
  }
}

/** How many bytes of a file's beginning `foreignFormat` looks at. */
export const FORMAT_HEAD = 0x206;

const COMPRESSED: readonly (readonly [name: string, ...magic: number[]])[] = [
  ['gzip', 0x1f, 0x8b],
  ['xz', 0xfd, 0x37, 0x7a, 0x58, 0x5a],
  ['zstd', 0x28, 0xb5, 0x2f, 0xfd],
];

/** In a sentence what a file is that people take for one that tells of a kernel; null when it may be one. */
export function foreignFormat(head: Uint8Array): string | null {
  const begins = (at: number, magic: readonly number[]) => magic.every((byte, index) => head[at + index] === byte);
  const packed = COMPRESSED.find(([, ...magic]) => begins(0, magic));
  if (packed) return `It is compressed with ${packed[0]}: unpack it first.`;
  // "HdrS": Documentation/arch/x86/boot.rst.
  if (!begins(0x202, [0x48, 0x64, 0x72, 0x53])) return null;
  return 'It is a compressed kernel image: use vmlinux of the build or of the debug package, or kallsyms.';
}

function tooLarge(limit: number): string {
  return `It is larger than ${Math.round(limit / 1024 / 1024)} MB.`;
}

async function readAll(file: FileHandle, size: number, limit: number): Promise<Uint8Array | string> {
  let bytes = Buffer.allocUnsafe(size > 0 ? Math.min(size, limit) + 1 : 1 << 20);
  let length = 0;
  for (;;) {
    const { bytesRead } = await file.read(bytes, length, bytes.length - length, null);
    if (bytesRead === 0) return bytes.subarray(0, length);
    length += bytesRead;
    if (length > limit) return tooLarge(limit);
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
