import type { FunctionDefinition } from '../../../../../shared/src/model/index.ts';
import type { Rule, RuleFinding } from '../../rule.ts';
import { exampleModule, exampleReplacing } from '../example-module.ts';
import { definitionsOf } from '../queries.ts';
import { inSource } from '../source-functions.ts';
import { targets } from '../targets.ts';
import { ALWAYS_ON_STACK, words } from './named-targets.ts';

/** First arguments of kthread_run() and its kin in kernel/, mm/, fs/, net/ and drivers/ of Linux 6.1 and 6.12. */
const MAINS = words(
  `audit_send_list_thread balance_kthread btrfs_uuid_rescan_kthread btrfs_uuid_scan_kthread cifs_demultiplex_thread
  cleaner_kthread clocksource_watchdog_kthread cpu_map_kthread_run devtmpfsd dlm_recoverd ext4_lazyinit_thread gfs2_logd
  gfs2_quotad irq_thread jffs2_garbage_collect_thread jfs_lazycommit jfs_sync kauditd_thread kcompactd kdamond_fn
  khugepaged kjournald2 kmemleak_scan_thread kmmpd ksm_scan_thread ksmbd_conn_handler_loop ksmbd_durable_scavenger
  ksmbd_kthread_fn kswapd kthread_worker_fn legacy_kthread_func napi_threaded_poll nbcon_kthread_func
  nfs4_run_state_manager nilfs_segctor_thread o2hb_thread ocfs2_commit_thread ocfs2_downconvert_thread oom_reaper
  pktgen_thread_worker psi_poll_worker psi_rtpoll_worker rcu_boost_kthread rcu_gp_kthread rcu_nocb_cb_kthread
  rcu_nocb_gp_kthread rcu_tasks_kthread transaction_kthread ubifs_bg_thread xfsaild`,
);

export const rule: Rule = {
  id: 'kthread-main-target',
  severity: 'warning',
  severityReason: 'It works when the thread does not run, or can be stopped and started anew.',
  group: 'functions',
  summary: 'The function is the main function of a kernel thread, which does not leave it.',
  kernel: {
    outcome: 'hazard',
    text: 'A thread that runs stays in the old function, and the transition does not end. Signals don’t help: they make it look whether it shall stop, and go on.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    'A kernel thread calls its main function once and loops in there until it is stopped. The old function is on its ' +
    'stack all that time, so the thread never switches. Move the change to a function that the loop calls and that ' +
    'returns. If it must be the loop: stop and start the thread while the transition runs, where the kernel has a way to do so.',
  examples: {
    bad: [
      {
        title: 'The main function of kauditd',
        code: exampleReplacing('kauditd_thread', 'fixed_kauditd_thread', {
          marked: true,
          includes: '#include <linux/kthread.h>',
          functions: `
static int fixed_kauditd_thread(void *unused)
{
	while (!kthread_should_stop())
		schedule_timeout_interruptible(HZ);
	return 0;
}`,
        }),
      },
    ],
    good: [{ title: 'A function that returns', code: exampleModule({}) }],
  },
  check(module, kernel) {
    return targets(module).flatMap((target): RuleFinding[] => {
      const { func, name, range } = target;
      // always-on-stack-target says more of these.
      if (ALWAYS_ON_STACK.has(name)) return [];
      const reference = func.newFunc.kind === 'known' ? func.newFunc.value : null;
      const replacement = reference?.shape === 'name' ? definitionsOf(module, reference.name) : [];
      const source = inSource(kernel, target);
      const started = source?.threadMain ? ` (${source.place})` : '';
      if (!MAINS.has(name) && started === '' && !replacement.some(isThreadMain)) return [];
      return [
        {
          range,
          message: `${name}() is the main function of a kernel thread${started}. A thread that runs never leaves it, so the transition does not end. Replace a function that it calls.`,
        },
      ];
    });
  },
};

/** `int f(void *data)` with a loop until the thread is to stop. Whoever calls a function once for each round has another signature. */
function isThreadMain({ returnType, parameters, calls }: FunctionDefinition): boolean {
  if (returnType !== 'int' || parameters?.length !== 1 || !/^void ?\*$/.test(parameters[0]?.type ?? '')) return false;
  return calls.some(({ callee }) => /^kthread_(?:freezable_)?should_(?:stop|park)$/.test(callee));
}
