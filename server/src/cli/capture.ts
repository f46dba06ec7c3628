import script from '../capture/capture.sh';
import { readArguments } from './options.ts';
import { UsageError } from './usage.ts';

/** `livepatch-ls capture`. Prints the script that records a machine to stdout. Returns the exit status. */
export function captureCommand(args: readonly string[]): number {
  const { positionals } = readArguments(args, {});
  if (positionals.length > 0) throw new UsageError('capture takes no FILE: it prints a script for the shell.');
  process.stdout.write(script);
  if (process.stdout.isTTY) {
    process.stderr.write('livepatch-ls: This is a script. Write it to a file: livepatch-ls capture > capture.sh\n');
  }
  return 0;
}
