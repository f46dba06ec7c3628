import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { SIMULATE_COMMAND, VERIFY_COMMAND } from '../../../shared/src/protocol.ts';
import { PRESETS } from '../../../shared/src/simulator/workloads/index.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const manifest = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
const { contributes } = manifest;
const sources = ['extension.ts', 'panel/simulation-panels.ts', 'status-item.ts', 'livepatch-documents.ts']
  .map((file) => readFileSync(`${root}client/src/${file}`, 'utf8'))
  .join('\n');

describe('the manifest', () => {
  const commands: string[] = contributes.commands.map(({ command }: { command: string }) => command);

  test('declares the commands that the extension registers, and no others', () => {
    const constants: Record<string, string> = { SIMULATE_COMMAND, VERIFY_COMMAND };
    const registered = [...sources.matchAll(/registerCommand\(\s*(?:'([^']+)'|(\w+_COMMAND))/g)].map(
      ([, name, constant]) => name ?? constants[constant ?? ''] ?? constant,
    );
    expect(registered.toSorted()).toEqual(commands.toSorted());
  });

  test('uses no command in menus and walkthrough that does not exist', () => {
    const used = [
      ...Object.values(contributes.menus as Record<string, { command: string }[]>).flatMap((items) =>
        items.map(({ command }) => command),
      ),
      ...[...JSON.stringify(contributes.walkthroughs).matchAll(/(?:command|onCommand):(livepatch\.\w+)/g)].map(
        ([, name]) => name as string,
      ),
    ];
    expect(used.filter((name) => !commands.includes(name))).toEqual([]);
  });

  test('names files that exist', () => {
    const files: string[] = [
      manifest.icon,
      ...contributes.grammars.map(({ path }: { path: string }) => path),
      ...contributes.jsonValidation.map(({ url }: { url: string }) => url),
      ...contributes.walkthroughs.flatMap((walkthrough: { steps: { media: { svg: string } }[]; icon: string }) => [
        walkthrough.icon,
        ...walkthrough.steps.map(({ media }) => media.svg),
      ]),
    ];
    expect(files.filter((file) => !existsSync(`${root}${file}`))).toEqual([]);
  });

  test('offers the workloads that there are', () => {
    const setting = contributes.configuration.properties['livepatch.simulation.workload'];
    expect(setting.enum).toEqual(PRESETS.map(({ id }) => id));
    expect(setting.enumDescriptions).toHaveLength(PRESETS.length);
  });

  test('follows no path that a workspace sets before it is trusted', () => {
    const paths = Object.entries<{ markdownDescription: string; scope: string; type: string }>(
      contributes.configuration.properties,
    ).filter(([, { scope, type }]) => scope === 'machine-overridable' && type !== 'boolean');
    const { restrictedConfigurations } = manifest.capabilities.untrustedWorkspaces;
    expect(restrictedConfigurations.toSorted()).toEqual(paths.map(([name]) => name).toSorted());
    expect(paths.length).toBeGreaterThan(5);
  });

  test('describes every setting, with a scope and a default', () => {
    for (const [name, setting] of Object.entries<Record<string, unknown>>(contributes.configuration.properties)) {
      expect(setting.markdownDescription, name).toMatch(/\.$/);
      expect(setting.default, name).toBeDefined();
      expect(setting.scope, name).toMatch(/^(resource|window|machine-overridable)$/);
    }
  });

  test('wakes the extension for C files, diffs, scenarios and a panel of the last session only', () => {
    expect(manifest.activationEvents).toEqual([
      'onLanguage:c',
      'onLanguage:diff',
      'workspaceContains:**/*.klpsim.json',
      'onWebviewPanel:livepatch.simulation',
    ]);
    expect(sources).toContain("'livepatch.simulation'");
  });
});

describe('the problem matcher', () => {
  const pattern = new RegExp(contributes.problemPatterns[0].regexp);

  test('reads a finding as the command line prints it', () => {
    const line =
      'samples/first-look.c:48:4: error: The array "funcs" does not end in an empty entry. [funcs-missing-terminator]';
    expect(pattern.exec(line)?.slice(1)).toEqual([
      'samples/first-look.c',
      '48',
      '4',
      'error',
      'The array "funcs" does not end in an empty entry.',
      'funcs-missing-terminator',
    ]);
  });

  test('leaves the lines around it alone', () => {
    for (const line of [
      '   48 | \t\t.old_name = "x",',
      '        kernel: It is lost.',
      '1 error, 1 warning in 1 file.',
    ]) {
      expect(pattern.exec(line)).toBeNull();
    }
  });
});
