import { createRequire } from 'node:module';
import { join } from 'node:path';
import { packageVersion } from '../workspace/package-version.ts';
import { captureCommand } from './capture.ts';
import { check } from './check.ts';
import { compareCommand } from './compare.ts';
import { fleetReport } from './fleet/simulate-fleet.ts';
import { simulateCommand } from './simulate.ts';
import { USAGE, UsageError } from './usage.ts';
import { verify } from './verify.ts';

/** Returns the exit status; undefined when the process goes on by itself. */
async function main(args: readonly string[]): Promise<number | undefined> {
  const [command, ...rest] = args;
  switch (command) {
    case 'check':
      return check(rest, __dirname);
    case 'simulate':
      return simulateCommand(rest, __dirname);
    case 'fleet-report':
      return fleetReport(rest);
    case 'compare':
      return compareCommand(rest, __dirname);
    case 'capture':
      return captureCommand(rest);
    case 'verify':
      return verify(rest, __dirname);
    case 'server':
      startServer(rest);
      return undefined;
    case '--help':
    case '-h':
    case 'help':
      process.stdout.write(USAGE);
      return 0;
    case '--version':
    case '-V':
      process.stdout.write(`livepatch-ls ${packageVersion(__dirname)}\n`);
      return 0;
    default:
      if (command !== undefined && /^--(?:stdio|node-ipc|socket|pipe)\b/.test(command)) {
        startServer([...args]);
        return undefined;
      }
      throw new UsageError(command === undefined ? 'No command was given.' : `There is no command "${command}".`);
  }
}

/** The server is a bundle of its own, beside this one; it reads its transport from the process's arguments. */
function startServer(args: string[]): void {
  process.argv.splice(2, Infinity, ...(args.length > 0 ? args : ['--stdio']));
  createRequire(__filename)(join(__dirname, 'server.js'));
}

// `livepatch-ls … | head` ends the reader early; that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 2));

main(process.argv.slice(2))
  .then((status) => {
    if (status !== undefined) process.exitCode = status;
  })
  .catch((error: unknown) => {
    process.exitCode = 2;
    if (error instanceof UsageError) {
      process.stderr.write(`livepatch-ls: ${error.message}\nTry "livepatch-ls --help".\n`);
    } else {
      process.stderr.write(`livepatch-ls: ${error instanceof Error ? error.message : String(error)}\n`);
    }
  });
