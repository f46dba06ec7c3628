/** `MODULE_LICENSE("GPL")` is MODULE_INFO(license, "GPL"), and so on (include/linux/module.h). */
export const MODULE_INFO_MACROS: ReadonlyMap<string, string> = new Map([
  ['MODULE_LICENSE', 'license'],
  ['MODULE_AUTHOR', 'author'],
  ['MODULE_DESCRIPTION', 'description'],
  ['MODULE_VERSION', 'version'],
  ['MODULE_ALIAS', 'alias'],
  ['MODULE_SOFTDEP', 'softdep'],
  ['MODULE_WEAKDEP', 'weakdep'],
  ['MODULE_FIRMWARE', 'firmware'],
  ['MODULE_IMPORT_NS', 'import_ns'],
]);

/** Kernel macros at file scope that define data of their own kind: no functions of ours, no klp tables, no module info. */
const HARMLESS = new RegExp(
  '^(?:' +
    [
      'MODULE_\\w+',
      'module_\\w+',
      'core_param\\w*|__setup|early_param|__module_param_call|arch_param_cb',
      '\\w*initcall\\w*|\\w*exitcall\\w*',
      '_{0,2}EXPORT_\\w+',
      '(?:__)?DECLARE_\\w+|DEFINE_(?:MUTEX|WW_MUTEX|(?:RAW_)?SPINLOCK|RWLOCK|RWSEM|PERCPU_RWSEM|STATIC_PERCPU_RWSEM|SEMAPHORE)',
      'DEFINE_(?:PER_CPU\\w*|STATIC_KEY_\\w+|STATIC_CALL\\w*|ID[AR]|XARRAY\\w*|(?:STATIC_)?SRCU|TIMER|SEQLOCK|(?:READ_MOSTLY_)?HASHTABLE)',
      'DEFINE_(?:KFIFO|RATELIMIT_STATE|(?:SHOW|SEQ|SIMPLE|DEBUGFS|PROC_SHOW)_ATTRIBUTE\\w*|\\w*DEV_PM_OPS|FREE|GUARD|CLASS|LOCK_GUARD\\w*)',
      'DEFINE_(?:EVENT\\w*|TRACE\\w*|CTL_TABLE_POLL|GENRADIX|WAIT\\w*|WD_CLASS|MCE\\w*|IRQ\\w*|BPF\\w*|FUNCTION_\\w+)',
      'LIST_HEAD|HLIST_HEAD|LLIST_HEAD|RADIX_TREE|SRCU_NOTIFIER_HEAD|\\w+_NOTIFIER_HEAD',
      'static_assert|_Static_assert|BUILD_BUG_ON\\w*|ALLOW_ERROR_INJECTION|NOKPROBE_SYMBOL|BTF_\\w+|STACK_FRAME_NON_STANDARD',
      'TRACE_EVENT\\w*|TRACE_DEFINE_\\w+|ATTRIBUTE_GROUPS|\\w+_ATTR(?:_R[OW]|_WO)?|RESERVE_BRK|SYSCALL_ALIAS\\w*',
      'KLP_RELOC_SYMBOL\\w*|KLPR_\\w+|asm|__asm__|__ADDRESSABLE|UTS_\\w+|kunit_test_suites?|PTR_TABLE',
    ].join('|') +
    ')$',
);

/** Whether a macro at file scope may define anything: functions, tables, the module's information. */
export function mayDefineAnything(name: string): boolean {
  return !HARMLESS.test(name);
}
