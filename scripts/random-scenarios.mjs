/**
 * npm run test:kernel:random -- N [FIRST_SEED]: plays N random scenarios on the real kernels and on the simulator, and
 * says where they differ. KLP_KERNELS chooses kernels, KLP_RECORD=1 keeps what the kernels did for the unit tests. The
 * first KLP_SHRINK (1) scenarios that differ are made as small as they get, which boots many times, and become tests.
 */
import { spawnSync } from 'node:child_process';

const [count = '20', first = String(Math.floor(Date.now() / 1000))] = process.argv.slice(2);
if (![count, first].every((text) => /^[1-9]\d*$/.test(text))) {
  console.error('Usage: npm run test:kernel:random -- N [FIRST_SEED]');
  process.exit(2);
}
const env = { ...process.env, KLP_RANDOM: count, KLP_FIRST_SEED: first };
const args = ['vitest', 'run', '--project', 'kernel', 'test/kernel/random.test.ts'];
const { status } = spawnSync('npx', args, { stdio: 'inherit', env });
process.exit(status ?? 1);
