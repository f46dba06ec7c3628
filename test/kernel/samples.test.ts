import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Bundle, buildBundle } from '../server/support/bundle.ts';
import { CACHE, KERNELS, ROOT } from './kernels.ts';

/*
 * The sample scenarios as a user verifies them: with the command line that ships, all at once, on each kernel.
 */

const FOLDER = join(ROOT, 'samples/scenarios');
const FILES = readdirSync(FOLDER).filter((file) => file.endsWith('.klpsim.json'));

/** A line of `verify --format json`. */
interface Verified {
  readonly title: string;
  readonly results: readonly {
    readonly kernel: string;
    readonly agree: boolean;
    readonly failures: number;
    readonly differences: readonly unknown[];
  }[];
}

describe('livepatch-ls verify', () => {
  let bundle: Bundle;
  let status: number | null;
  let verified: Verified[];

  beforeAll(async () => {
    bundle = await buildBundle();
    const kernels = KERNELS.flatMap((version) => ['--kernel', version]);
    const args = [bundle.cli, 'verify', '--format', 'json', '--cache', CACHE, ...kernels, ...FILES];
    const child = spawn(process.execPath, args, { cwd: FOLDER, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    // Of what it says of its progress, the first step of each scenario is enough.
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      const lines = text.split('\n').filter((line) => line !== '' && !/: step (?!1 )\d+ of/.test(line));
      for (const line of lines) process.stderr.write(`${line}\n`);
    });
    status = await new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', resolve);
    });
    verified = output
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Verified);
  });
  afterAll(() => bundle?.remove());

  it('exits 0: simulator and kernels agree on all samples', () => {
    expect(status).toBe(0);
    expect(verified).toHaveLength(FILES.length);
  });

  it.each(FILES.flatMap((file, index) => KERNELS.map((version) => [file, version, index] as const)))(
    '%s on Linux %s',
    (_, version, index) => {
      const result = verified[index]?.results.find(({ kernel }) => kernel === version);
      expect(result).toMatchObject({ agree: true, failures: 0, differences: [] });
    },
  );
});
