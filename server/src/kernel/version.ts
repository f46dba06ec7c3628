/** `{ major: 6, minor: 12 }`. */
export interface KernelVersion {
  readonly major: number;
  readonly minor: number;
}

/** The version that everything is said for when nobody names another one. */
export const DEFAULT_KERNEL_VERSION = '6.12';

/**
 * Reads `6.12`, `6.12.117`, `v6.1-rc3`, `6.12.117+deb12-cloud-amd64` (what `uname -r` prints).
 * Only major and minor matter to livepatch. Null when the text is no version.
 */
export function parseKernelVersion(text: string): KernelVersion | null {
  const match = /^v?(\d{1,3})\.(\d{1,3})(?=$|[.\-+_~\s])/.exec(text.trim());
  return match ? { major: Number(match[1]), minor: Number(match[2]) } : null;
}

/** Negative when `a` is older than `b`, 0 when they are the same, positive when newer. */
export function compareVersions(a: KernelVersion, b: KernelVersion): number {
  return a.major - b.major || a.minor - b.minor;
}

/** `6.12`. */
export function formatVersion(version: KernelVersion): string {
  return `${version.major}.${version.minor}`;
}

/**
 * The kernel that the simulator plays for a target: it knows 6.1 and 6.12. What divides them for a transition is the
 * switching in cond_resched(), merged for 6.4, so everything before that is played as 6.1.
 */
export function simulatedKernel(version: KernelVersion): '6.1' | '6.12' {
  return compareVersions(version, { major: 6, minor: 4 }) < 0 ? '6.1' : '6.12';
}
