import type { CallSite, FunctionDefinition, LivepatchModule } from '../../../../../shared/src/model/index.ts';
import { definitionsOf, reachable } from '../queries.ts';

/** Something that a call sets up and that another call has to take down. */
export interface SetUp {
  readonly call: CallSite;
  /** The function in which the call stands. */
  readonly inFunction: FunctionDefinition;
  /** For messages: "memory", "a timer", "the registration". */
  readonly what: string;
  /** Whether it is memory: freeing it twice, or when there is none, does no harm as long as the pointer is NULL. */
  readonly memory: boolean;
  /** Names of the functions that take it down. */
  readonly release: RegExp;
}

interface Pair {
  readonly acquire: RegExp;
  readonly release: RegExp;
  readonly what: string;
  readonly memory?: boolean;
}

const PAIRS: readonly Pair[] = [
  {
    acquire:
      /^(?:kmalloc|kzalloc|kcalloc|kmalloc_array|kmalloc_node|kzalloc_node|kstrdup|kstrndup|kmemdup|kasprintf|vmalloc|vzalloc|kvmalloc|kvzalloc|kvcalloc|kvmalloc_array)$/,
    release: /^(?:k|kv|v)free(?:_sensitive|_rcu|_rcu_mightsleep)?$|^kzfree$/,
    what: 'memory',
    memory: true,
  },
  { acquire: /^(?:__)?alloc_percpu$/, release: /^free_percpu$/, what: 'per-CPU memory', memory: true },
  { acquire: /^kmem_cache_create$/, release: /^kmem_cache_destroy$/, what: 'a slab cache' },
  {
    acquire: /^(?:mod_timer|add_timer|add_timer_on)$/,
    release: /^(?:try_to_)?(?:del_timer|timer_delete|timer_shutdown)(?:_sync)?$/,
    what: 'a timer',
  },
  { acquire: /^hrtimer_start(?:_range_ns)?$/, release: /^hrtimer_(?:try_to_)?cancel$/, what: 'a timer' },
  {
    acquire: /^(?:schedule|queue|mod)_(?:delayed_)?work(?:_on)?$/,
    release:
      /^(?:cancel|flush)_(?:delayed_)?work(?:_sync)?$|^(?:flush|drain|destroy)_workqueue$|^disable_(?:delayed_)?work(?:_sync)?$/,
    what: 'queued work',
  },
  {
    acquire: /^(?:alloc|alloc_ordered|create|create_singlethread|create_freezable)_workqueue$/,
    release: /^destroy_workqueue$/,
    what: 'a workqueue',
  },
  { acquire: /^kthread_(?:run|create)(?:_on_cpu)?$/, release: /^kthread_stop(?:_put)?$/, what: 'a kernel thread' },
  { acquire: /^request_(?:threaded_)?irq$/, release: /^free_irq$/, what: 'an interrupt handler' },
  {
    acquire: /^proc_(?:create\w*|mkdir\w*|symlink)$/,
    release: /^(?:remove_proc_(?:entry|subtree)|proc_remove)$/,
    what: 'a /proc entry',
  },
  {
    acquire: /^debugfs_create_\w+$/,
    release: /^debugfs_(?:remove(?:_recursive)?|lookup_and_remove)$/,
    what: 'a debugfs entry',
  },
  { acquire: /^sysfs_create_\w+$/, release: /^sysfs_remove_\w+$/, what: 'a sysfs entry' },
  {
    acquire: /^kobject_(?:create|init)_and_add$/,
    release: /^kobject_(?:put|del)$/,
    what: 'a kobject',
  },
  { acquire: /^misc_register$/, release: /^misc_deregister$/, what: 'a device' },
  { acquire: /^(?:try|__)_?module_get$/, release: /^module_put$/, what: 'a module reference' },
  {
    acquire: /^cpuhp_setup_state(?:_nocalls)?$/,
    release: /^cpuhp_remove_state(?:_nocalls)?$/,
    what: 'a CPU hotplug state',
  },
];

/** What the given functions, and those of the module that they call, set up. */
export function setUps(module: LivepatchModule, from: readonly FunctionDefinition[]): SetUp[] {
  return reachable(module, from).flatMap((inFunction) =>
    inFunction.calls.flatMap((call): SetUp[] => {
      // A function of the module's own is looked into, whatever its name says.
      if (definitionsOf(module, call.callee).length > 0) return [];
      const pair = pairFor(call.callee);
      return pair ? [{ call, inFunction, what: pair.what, memory: pair.memory === true, release: pair.release }] : [];
    }),
  );
}

function pairFor(callee: string): Pair | null {
  const listed = PAIRS.find(({ acquire }) => acquire.test(callee));
  if (listed) return listed;
  // register_reboot_notifier, nf_register_net_hook, blocking_notifier_chain_register
  const match = /^((?:\w+_)?)register((?:_\w+)?)$/.exec(callee);
  if (!match) return null;
  return {
    acquire: /^/,
    release: new RegExp(`^${match[1]}(?:un|de)register(?:${match[2]}|_sysctl_table)$`),
    what: 'a registration',
  };
}

/** Whether one of the functions, or of those of the module that they call, takes it down. */
export function releases(module: LivepatchModule, from: readonly FunctionDefinition[], release: RegExp): boolean {
  return reachable(module, from).some(({ calls }) => calls.some(({ callee }) => release.test(callee)));
}

/** Whether the name is that of a function that takes something down. */
export function isRelease(callee: string): boolean {
  return PAIRS.some(({ release }) => release.test(callee)) || /(?:^|_)(?:un|de)register(?:_|$)/.test(callee);
}
