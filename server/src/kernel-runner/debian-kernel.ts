/** Names of the Debian packages that hold one kernel. */
export interface DebianKernel {
  /** `6.12.117+deb12-cloud-amd64`, as `uname -r` says. */
  readonly release: string;
  readonly image: string;
  readonly headers: string;
}

/**
 * The newest cloud kernel of a version among package names.
 *
 * @param names package names, one a line, with or without a description after them (`apt-cache search` output)
 * @param version `6.1` or `6.12`
 */
export function newestDebianKernel(names: string, version: string): DebianKernel | null {
  const releases = names
    .split('\n')
    .map((line) => /^linux-image-(\S+-cloud-amd64)(?:\s|$)/.exec(line)?.[1])
    .filter((release) => release?.startsWith(`${version}.`) === true)
    .sort((a, b) => compareNumbers(numbersIn(b ?? ''), numbersIn(a ?? '')));
  const release = releases[0];
  if (release === undefined) return null;
  return { release, image: `linux-image-${release}`, headers: `linux-headers-${release}` };
}

/** Package names of `apt-cache depends` output that building modules needs, besides the compiler itself. */
export function headerDependencies(depends: string): string[] {
  const names = [...depends.matchAll(/^\s*\|?Depends: (\S+)/gm)].map((match) => match[1] ?? '');
  return [...new Set(names.filter((name) => /^linux-(?:headers|kbuild|compiler)-/.test(name)))];
}

function numbersIn(text: string): number[] {
  return [...text.matchAll(/\d+/g)].map((match) => Number(match[0]));
}

function compareNumbers(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const difference = (a[i] ?? -1) - (b[i] ?? -1);
    if (difference !== 0) return difference;
  }
  return 0;
}
