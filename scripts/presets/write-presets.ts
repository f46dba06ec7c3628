import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { presetSource } from './preset-source.ts';
import { guestPackages, ROLES, recordedSeries, recordingOf } from './recordings.ts';

/** Where the file of a series stands, from the repository's root. */
export const presetFile = (series: string): string => `shared/src/simulator/workloads/recorded-${series}.ts`;

/** The text of the file, from the recordings below the repository's root. */
export async function presetText(root: string, series: string): Promise<string> {
  const recordings = new Map<string, string>();
  for (const role of ROLES) {
    const text = await recordingOf(root, role, series);
    if (text !== null) recordings.set(role, text);
  }
  return presetSource(series, recordings, await guestPackages(root));
}

/** Writes all of them. Returns their paths from the repository's root. */
export async function writePresets(root: string): Promise<string[]> {
  const written: string[] = [];
  for (const series of recordedSeries(root)) {
    await writeFile(join(root, presetFile(series)), await presetText(root, series));
    written.push(presetFile(series));
  }
  return written;
}
