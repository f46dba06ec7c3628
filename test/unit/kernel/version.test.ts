import { describe, expect, it } from 'vitest';
import {
  compareVersions,
  formatVersion,
  parseKernelVersion,
  simulatedKernel,
} from '../../../server/src/kernel/version.ts';

describe('parseKernelVersion', () => {
  it.each([
    ['6.12', '6.12'],
    [' 6.1 ', '6.1'],
    ['v6.1-rc3', '6.1'],
    ['6.12.117+deb12-cloud-amd64', '6.12'],
    ['5.14.0-427.el9.x86_64', '5.14'],
    ['4.4.0-21-generic', '4.4'],
    ['6.12+replaceable', '6.12'],
  ])('reads %j', (text, version) => {
    const parsed = parseKernelVersion(text);
    expect(parsed && formatVersion(parsed)).toBe(version);
  });

  it.each(['', '6', 'latest', '6.x', '6.12a', 'linux 6.12', '6.1234', '-6.1'])('refuses %j', (text) => {
    expect(parseKernelVersion(text)).toBeNull();
  });
});

it('compares versions as numbers', () => {
  const versions = ['6.12', '5.1', '6.1', '4.15', '5.10', '6.4'].map((text) => parseKernelVersion(text));
  const sorted = versions.flatMap((version) => version ?? []).sort(compareVersions);
  expect(sorted.map(formatVersion)).toEqual(['4.15', '5.1', '5.10', '6.1', '6.4', '6.12']);
});

it('simulates the kernel that switches tasks in the same places', () => {
  const simulated = (text: string) => simulatedKernel(parseKernelVersion(text) ?? { major: 0, minor: 0 });
  expect(['4.15', '6.1', '6.3', '6.4', '6.12', '7.0'].map(simulated)).toEqual([
    '6.1',
    '6.1',
    '6.1',
    '6.12',
    '6.12',
    '6.12',
  ]);
});
