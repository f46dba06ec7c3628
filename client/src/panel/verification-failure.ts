/** Why there is no verification, for people; `detail` is what a compiler said, or empty. */
export interface VerificationFailure {
  readonly why: string;
  readonly detail: string;
}

/** What can be done about it, by what the command line says. */
const ADVICE: readonly { readonly said: RegExp; readonly advice: string }[] = [
  { said: /^qemu-system-x86_64 is not installed/, advice: 'On Debian and Ubuntu: apt install qemu-system-x86.' },
  { said: /^(?:gcc|make) is not installed/, advice: 'On Debian and Ubuntu: apt install build-essential.' },
  {
    said: /^(?:apt-cache|apt-get|dpkg) is not installed/,
    advice: 'Kernels are fetched on Debian only. Name your own kernel in the setting livepatch.verification.kernel.',
  },
  {
    said: /^apt-cache knows no cloud kernel/,
    advice: 'The setting livepatch.verification.kernel names a kernel of your own.',
  },
  {
    said: /^There are no headers for kernel/,
    advice: 'Install them, or build the kernel that livepatch.verification.kernel names in its own source tree.',
  },
];

/** @param errors what `livepatch-ls verify` printed to stderr, its progress included */
export function explainFailure(errors: string, status: number | null): VerificationFailure {
  const lines = errors.trimEnd().split('\n');
  // Progress comes before; the last word begins with the program's name.
  const first = lines.findLastIndex((line) => line.startsWith('livepatch-ls: '));
  if (first < 0)
    return { why: `The command line ended with exit status ${status}.`, detail: lines.slice(-20).join('\n') };
  const said = (lines[first] ?? '').replace(/^livepatch-ls: /, '');
  const rest = lines.slice(first + 1).filter((line) => !/^Try "livepatch-ls --help"/.test(line));
  const advice = ADVICE.find((each) => each.said.test(said))?.advice;
  const built = /^(\S+) can't be built for (\S+):$/.exec(said);
  const why = built
    ? `${built[1]} can’t be built for Linux ${built[2]}.`
    : `${said}${/[.!:]$/.test(said) ? '' : '.'}${advice === undefined ? '' : ` ${advice}`}`;
  return { why, detail: rest.join('\n').trim() };
}
