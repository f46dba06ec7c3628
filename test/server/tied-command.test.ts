import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { tiedCommand } from '../../server/src/kernel-runner/tied-command.ts';

/** Starts a command as its child, tells its process id, and waits. */
const PARENT = `
  const { program, args } = JSON.parse(process.argv[1]);
  const child = require('node:child_process').spawn(program, args, { stdio: 'ignore' });
  console.log(child.pid);
  setInterval(() => {}, 1000);
`;

it('ends the program when the process that started it is killed', async () => {
  const command = await tiedCommand('sleep', ['600']);
  const parent = spawn(process.execPath, ['-e', PARENT, JSON.stringify(command)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const told = await new Promise<string>((resolve) => parent.stdout.once('data', (chunk) => resolve(String(chunk))));
  // Setpriv has become the program: nothing stands between the two.
  await expect.poll(() => commandOf(Number(told))).toBe('sleep 600');
  parent.kill('SIGKILL');
  // What is left of it, until somebody asks for its status, has no command line any more.
  await expect.poll(() => commandOf(Number(told))).toBe('');
});

it('gives the status of the program, and 127 for one that is not there', async () => {
  const status = async (program: string, args: readonly string[]) => {
    const command = await tiedCommand(program, args);
    return spawnSync(command.program, command.args).status;
  };
  expect(await status('sh', ['-c', 'exit 7'])).toBe(7);
  expect(await status('there-is-no-such-program', [])).toBe(127);
});

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ').trim();
  } catch {
    return '';
  }
}
