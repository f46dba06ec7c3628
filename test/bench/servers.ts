import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SERVER_FLAGS } from '../../shared/src/server-flags.ts';

/** A language server of the comparison. */
export interface BenchServer {
  readonly name: 'ours' | 'echo' | 'parse only' | 'clangd';
  readonly command: string;
  readonly args: readonly string[];
}

/** Where things are. */
export interface Places {
  /** The bundle's folder. */
  readonly dist: string;
  /** The bundled benchmarks' own. */
  readonly here: string;
  /** Functions that the generated modules may replace. */
  readonly names: readonly string[];
  /** Where the kernel suite keeps kernels; their headers are taken for clangd when they are there. */
  readonly kernels: string;
}

/** Started as the extension starts it. */
export function ourServer({ dist }: Pick<Places, 'dist'>): BenchServer {
  return { name: 'ours', command: process.execPath, args: [...SERVER_FLAGS, join(dist, 'server.js'), '--stdio'] };
}

/** Servers that do less: what ours can't be faster than. */
export function floors({ dist, here }: Places): BenchServer[] {
  return [
    { name: 'echo', command: process.execPath, args: [join(here, 'echo-server.js'), '--stdio'] },
    { name: 'parse only', command: process.execPath, args: [join(here, 'parse-server.js'), dist, '--stdio'] },
  ];
}

/** The clangd of the machine: null when there is none. */
export function clangd(): { readonly server: BenchServer; readonly version: string } | null {
  for (const command of ['clangd', 'clangd-19', 'clangd-16', 'clangd-14']) {
    const { status, stdout } = spawnSync(command, ['--version'], { encoding: 'utf8' });
    if (status !== 0) continue;
    const version = /version (\S+)/.exec(stdout)?.[1] ?? 'of unknown version';
    return { server: { name: 'clangd', command, args: ['--log=error', '--limit-results=0'] }, version };
  }
  return null;
}

/**
 * Writes what clangd needs to know into a folder: how the kernel's own build would call the compiler, when kernel headers
 * are there. Returns for people what it compiles with.
 */
export function writeCompileFlags(folder: string, { kernels }: Places): string {
  const source = join(kernels, '6.12', 'usr', 'src');
  const names = existsSync(source) ? readdirSync(source) : [];
  const common = names.find((name) => name.endsWith('-common'));
  const flavour = names.find((name) => name.startsWith('linux-headers-') && name !== common);
  if (!common || !flavour) return 'without kernel headers (npm run test:kernel fetches them)';
  const [c, f] = [join(source, common), join(source, flavour)];
  const includes = [
    join(c, 'arch/x86/include'),
    join(f, 'arch/x86/include/generated'),
    join(c, 'include'),
    join(f, 'include'),
    join(c, 'arch/x86/include/uapi'),
    join(f, 'arch/x86/include/generated/uapi'),
    join(c, 'include/uapi'),
    join(f, 'include/generated/uapi'),
  ];
  const flags = [
    '-xc',
    '-std=gnu11',
    '-nostdinc',
    '-ffreestanding',
    ...includes.map((path) => `-I${path}`),
    `-include${join(c, 'include/linux/compiler-version.h')}`,
    `-include${join(c, 'include/linux/kconfig.h')}`,
    `-include${join(c, 'include/linux/compiler_types.h')}`,
    '-D__KERNEL__',
    '-DMODULE',
    '-DKBUILD_BASENAME="bench"',
    '-DKBUILD_MODNAME="bench"',
    '-D__KBUILD_MODNAME=kmod_bench',
  ];
  writeFileSync(join(folder, 'compile_flags.txt'), `${flags.join('\n')}\n`);
  return `with the headers of ${flavour.replace('linux-headers-', '')}`;
}
