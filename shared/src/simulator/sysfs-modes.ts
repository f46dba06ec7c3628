/** Access rights of the attributes in kernel/livepatch/core.c: of a patch, and of an object. */
const OF_PATCH: ReadonlyMap<string, number> = new Map([
  ['enabled', 0o644],
  ['transition', 0o444],
  ['force', 0o200],
  ['replace', 0o444],
  ['replaceable', 0o644],
  ['replace_set', 0o444],
  ['stack_order', 0o444],
]);
const OF_OBJECT: ReadonlyMap<string, number> = new Map([['patched', 0o444]]);

const OF_DIRECTORY = 0o755;

/** Access rights of a file below /sys/kernel/livepatch; null for what is a directory. */
export function sysfsFileMode(path: string): number | null {
  const [, ...parts] = path.split('/');
  const [name = '', inObject] = parts;
  if (parts.length === 1) return OF_PATCH.get(name) ?? null;
  return parts.length === 2 ? (OF_OBJECT.get(inObject ?? '') ?? null) : null;
}

/** As `ls -l` shows a file or directory below /sys/kernel/livepatch: `-rw-r--r--`. */
export function sysfsRights(path: string): string {
  const file = sysfsFileMode(path);
  const mode = file ?? OF_DIRECTORY;
  const bits = [...'rwxrwxrwx'].map((letter, i) => (mode & (0o400 >> i) ? letter : '-'));
  return (file === null ? 'd' : '-') + bits.join('');
}
