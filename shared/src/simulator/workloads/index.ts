import type { Workload } from '../workload.ts';
import { buildMachine } from './build-machine.ts';
import { database } from './database.ts';
import { webServer } from './web-server.ts';

const WORKLOADS: readonly Workload[] = [webServer, database, buildMachine];

/** The presets, in the order in which people are offered them. */
export const PRESETS: readonly Pick<Workload, 'id' | 'title'>[] = WORKLOADS.map(({ id, title }) => ({ id, title }));

/** The preset of that id on that kernel (`6.12`), undefined when there is none. */
export function workloadById(id: string, _kernel: string): Workload | undefined {
  return WORKLOADS.find((workload) => workload.id === id);
}
