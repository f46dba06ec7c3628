import { homedir } from 'node:os';
import { isAbsolute } from 'node:path';
import type { Settings } from '../../../shared/src/protocol.ts';
import { PRESETS } from '../../../shared/src/simulator/workloads/index.ts';
import type { KernelVersion } from '../analysis/rule.ts';
import { DEFAULT_KERNEL_VERSION, formatVersion, parseKernelVersion, simulatedKernel } from '../kernel/version.ts';
import type { KernelFiles } from '../workspace/kernel-files.ts';

const SEVERITIES = ['off', 'error', 'warning', 'information', 'hint'] as const;
type RuleLevel = (typeof SEVERITIES)[number];

const DEFAULT_WORKLOAD = 'web-server';
const DEFAULT_SEEDS = 50;
/** A forecast over more takes seconds and says nothing new. */
const MAX_SEEDS = 1000;

export interface ReadSettings {
  readonly settings: Settings;
  readonly kernel: KernelVersion;
  /** livepatch.kernel.version as it stands there. */
  readonly kernelNamed: string;
  /** Files that tell of that kernel. */
  readonly kernelFiles: KernelFiles;
  /** Whether to look at the running kernel when no file is named. */
  readonly lookAround: boolean;
  /** The top folder of the target kernel's source. */
  readonly kernelSource: string | undefined;
  /** One sentence for each value that is not usable; the default holds instead. */
  readonly problems: readonly string[];
}

/**
 * Reads what a client sent as the section `livepatch`: any JSON. What is not there gets its default silently, what is not
 * usable gets it with a problem.
 */
export function readSettings(section: unknown): ReadSettings {
  const problems: string[] = [];
  const versionText = field(section, 'kernel', 'version') ?? DEFAULT_KERNEL_VERSION;
  let kernel = typeof versionText === 'string' ? parseKernelVersion(versionText) : null;
  if (!kernel) {
    if (versionText !== '') {
      problems.push(
        `livepatch.kernel.version is ${shown(versionText)}; it needs a version such as "6.12". Using ${DEFAULT_KERNEL_VERSION}.`,
      );
    }
    kernel = parseKernelVersion(DEFAULT_KERNEL_VERSION) as KernelVersion;
  }
  const settings: Settings = {
    kernelVersion: formatVersion(kernel),
    rules: readRules(field(section, 'rules'), problems),
    simulation: {
      kernel: simulatedKernel(kernel),
      workload: readWorkload(field(section, 'simulation', 'workload'), problems),
      seeds: readSeeds(field(section, 'simulation', 'seeds'), problems),
    },
    codeLens: readBoolean(field(section, 'codeLens', 'enabled'), true, 'livepatch.codeLens.enabled', problems),
    inlayHints: readBoolean(field(section, 'inlayHints', 'enabled'), true, 'livepatch.inlayHints.enabled', problems),
    diffs: readBoolean(field(section, 'diffs', 'enabled'), true, 'livepatch.diffs.enabled', problems),
  };
  const kernelSource = readPath(field(section, 'kernel', 'source'), 'livepatch.kernel.source', problems);
  return {
    settings,
    kernel,
    kernelNamed: typeof versionText === 'string' ? versionText : DEFAULT_KERNEL_VERSION,
    kernelFiles: readKernelFiles(section, kernelSource, problems),
    kernelSource,
    lookAround: readBoolean(field(section, 'kernel', 'running'), true, 'livepatch.kernel.running', problems),
    problems,
  };
}

function readKernelFiles(section: unknown, source: string | undefined, problems: string[]): KernelFiles {
  const path = (key: string) => readPath(field(section, 'kernel', key), `livepatch.kernel.${key}`, problems);
  const paths = (key: string) => readPaths(field(section, 'kernel', key), `livepatch.kernel.${key}`, problems);
  return {
    kallsyms: path('kallsyms'),
    filterFunctions: path('filterFunctions'),
    systemMap: path('systemMap'),
    vmlinux: path('vmlinux'),
    btf: paths('btf'),
    modules: paths('modules'),
    symvers: paths('symvers'),
    source,
  };
}

function readRules(value: unknown, problems: string[]): Settings['rules'] {
  if (value === undefined || value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) {
    problems.push(
      `livepatch.rules is ${shown(value)}; it needs an object such as {"funcs-missing-terminator": "off"}.`,
    );
    return {};
  }
  const rules: { [rule: string]: RuleLevel } = {};
  for (const [rule, level] of Object.entries(value)) {
    const known = SEVERITIES.find((severity) => severity === level);
    // A rule that does not exist is reported by the engine, where its name can be compared with the others.
    if (known) rules[rule] = known;
    else problems.push(`livepatch.rules gives ${rule} the level ${shown(level)}; levels are ${SEVERITIES.join(', ')}.`);
  }
  return rules;
}

function readWorkload(value: unknown, problems: string[]): string {
  if (value === undefined || value === null) return DEFAULT_WORKLOAD;
  const ids = PRESETS.map(({ id }) => id);
  if (typeof value === 'string' && ids.includes(value)) return value;
  problems.push(
    `livepatch.simulation.workload is ${shown(value)}; it needs one of ${ids.join(', ')}. Using ${DEFAULT_WORKLOAD}.`,
  );
  return DEFAULT_WORKLOAD;
}

function readSeeds(value: unknown, problems: string[]): number {
  if (value === undefined || value === null) return DEFAULT_SEEDS;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= MAX_SEEDS) return value;
  problems.push(
    `livepatch.simulation.seeds is ${shown(value)}; it needs a whole number from 1 to ${MAX_SEEDS}. Using ${DEFAULT_SEEDS}.`,
  );
  return DEFAULT_SEEDS;
}

/** An absolute path, also as `~/PATH`; the empty text stands for none. */
function readPath(value: unknown, name: string, problems: string[]): string | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value === 'string') {
    const path = value.replace(/^~(?=[/\\])/, homedir());
    if (isAbsolute(path)) return path;
  }
  problems.push(`${name} is ${shown(value)}; it needs an absolute path.`);
  return undefined;
}

/** Several such paths, or one alone. */
function readPaths(value: unknown, name: string, problems: string[]): readonly string[] | undefined {
  const paths = (Array.isArray(value) ? value : [value]).flatMap((item) => readPath(item, name, problems) ?? []);
  return paths.length > 0 ? paths : undefined;
}

function readBoolean(value: unknown, preset: boolean, name: string, problems: string[]): boolean {
  if (value === undefined || value === null) return preset;
  if (typeof value === 'boolean') return value;
  problems.push(`${name} is ${shown(value)}; it needs true or false. Using ${preset}.`);
  return preset;
}

/** The value at a path of keys; clients may also send the keys joined with dots (`"kernel.version"`). */
function field(section: unknown, ...keys: string[]): unknown {
  const joined = own(section, keys.join('.'));
  if (joined !== undefined) return joined;
  return keys.reduce<unknown>((value, key) => own(value, key), section);
}

function own(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as { [key: string]: unknown })[key];
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
