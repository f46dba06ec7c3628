import type { Workload } from '../workload.ts';
import { buildMachine } from './build-machine.ts';
import { database } from './database.ts';
import { webServer } from './web-server.ts';

/** The presets, in the order in which people are offered them. */
export const WORKLOADS: readonly Workload[] = [webServer, database, buildMachine];

/** The preset of that id, undefined when there is none. */
export function workloadById(id: string): Workload | undefined {
  return WORKLOADS.find((workload) => workload.id === id);
}
