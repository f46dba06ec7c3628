/**
 * What VS Code loads as extensionTestsPath: runs all journeys one after another in the extension host, and writes how
 * they went to the file that LIVEPATCH_TEST_RESULTS names.
 */
import { writeFileSync } from 'node:fs';
import { diffJourneys } from './diffs.ts';
import { explainingJourneys } from './explaining.ts';
import { findingJourneys } from './findings.ts';
import { fleetJourneys } from './fleet.ts';
import type { Journey, JourneyResult } from './journey.ts';
import { scenarioJourneys } from './scenarios.ts';
import { serverLifeJourneys } from './server-life.ts';

/** The first one needs a window in which no livepatch was opened yet. */
const JOURNEYS: readonly Journey[] = [
  ...findingJourneys,
  ...explainingJourneys,
  ...diffJourneys,
  ...scenarioJourneys,
  ...fleetJourneys,
  ...serverLifeJourneys,
];

export async function run(): Promise<void> {
  const results: JourneyResult[] = [];
  for (const journey of JOURNEYS) {
    let error: string | null = null;
    try {
      await journey.run();
    } catch (thrown) {
      error = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
    }
    console.log(`${error === null ? 'ok' : 'FAILED'}: ${journey.name}`);
    results.push({ name: journey.name, error });
  }
  const file = process.env.LIVEPATCH_TEST_RESULTS;
  if (!file) throw new Error('LIVEPATCH_TEST_RESULTS is not set.');
  writeFileSync(file, JSON.stringify(results, null, 2));
}
