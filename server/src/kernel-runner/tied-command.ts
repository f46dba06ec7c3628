import { runCommand } from './run-command.ts';

export interface CommandLine {
  readonly program: string;
  readonly args: readonly string[];
}

let tool: Promise<boolean> | null = null;

/**
 * The command line that runs a program which the kernel ends (SIGKILL) as soon as the process that started it has ended,
 * in whatever way: a process that was killed can't tidy up. The program takes the place of util-linux's setpriv, which asks
 * for that with prctl(PR_SET_PDEATHSIG), so its process id and exit status are its own; 127 means that it is not installed.
 * Where there is no such setpriv the program runs as it is.
 */
export async function tiedCommand(program: string, args: readonly string[]): Promise<CommandLine> {
  tool ??= runCommand('setpriv', ['--pdeathsig', 'KILL', 'true']).then(
    ({ code }) => code === 0,
    () => false,
  );
  return (await tool) ? { program: 'setpriv', args: ['--pdeathsig', 'KILL', program, ...args] } : { program, args };
}
