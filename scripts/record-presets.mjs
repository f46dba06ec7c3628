/**
 * npm run presets:record: boots guests that run real servers, records them into test/fixtures/captures/servers, and writes
 * the presets from that. Needs QEMU, apt-get of a Debian and some minutes. KLP_KERNELS=6.12 records one kernel.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const env = { ...process.env, KLP_RECORD: '1' };
const record = ['vitest', 'run', '--project', 'kernel', 'test/kernel/servers.test.ts'];
const { status } = spawnSync('npx', record, { stdio: 'inherit', env });
if (status !== 0) process.exit(status ?? 1);
await import(fileURLToPath(new URL('generate-presets.mjs', import.meta.url)));
