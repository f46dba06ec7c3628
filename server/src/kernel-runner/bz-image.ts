/**
 * The release (`uname -r`) of an x86 kernel image, read from its first 32 KB; null when it is no such image.
 * Documentation/arch/x86/boot.rst: "HdrS" at 0x202, at 0x20e where the version string stands, less 0x200.
 */
export function bzImageRelease(head: Uint8Array): string | null {
  const ascii = (from: number, to: number) => String.fromCharCode(...head.subarray(from, to));
  if (ascii(0x202, 0x206) !== 'HdrS') return null;
  const at = 0x200 + (head[0x20e] ?? 0) + 256 * (head[0x20f] ?? 0);
  const text = ascii(at, Math.min(at + 200, head.length));
  return /^[^\s\0]+/.exec(text)?.[0] ?? null;
}
