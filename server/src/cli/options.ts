import { type ParseArgsConfig, parseArgs } from 'node:util';
import { type KernelVersion, parseKernelVersion } from '../kernel/version.ts';
import { UsageError } from './usage.ts';

/** node:util's parseArgs with errors that name the argument and nothing else. */
export function readArguments<const T extends NonNullable<ParseArgsConfig['options']>>(
  args: readonly string[],
  options: T,
) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new UsageError(message.replace(/\. To specify a positional argument.*$/s, '.'));
  }
}

/** One of the words that an option allows. */
export function oneOf<T extends string>(option: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((word) => word === value);
  if (found === undefined) throw new UsageError(`${option} is "${value}"; it can be ${allowed.join(', ')}.`);
  return found;
}

export function kernelOption(option: string, value: string): KernelVersion {
  const version = parseKernelVersion(value);
  if (!version) throw new UsageError(`${option} is "${value}"; it needs a version such as 6.12.`);
  return version;
}

const MAX_SEED = 4_294_967_295;

export const seedOption = (value: string): number => integerOption('--seed', value, 0, MAX_SEED);

export function integerOption(option: string, value: string, min: number, max: number): number {
  const number = /^\d{1,10}$/.test(value) ? Number(value) : Number.NaN;
  if (!(number >= min && number <= max)) {
    throw new UsageError(`${option} is "${value}"; it needs a whole number from ${min} to ${max}.`);
  }
  return number;
}
