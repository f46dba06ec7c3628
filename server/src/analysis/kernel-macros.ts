/**
 * Names that kernel C uses where the language has nothing of the kind. Facts about include/linux/compiler*.h,
 * include/linux/init.h and their like.
 */

/** Macros that stand for `__attribute__`, a section or a calling convention, without arguments. */
const ATTRIBUTES = new Set(
  (
    '__init __initdata __initconst __exit __exitdata __exitconst __net_init __net_exit __net_initdata __ref __refdata ' +
    '__refconst __cpuinit __devinit __devexit __meminit __memexit __sched __lockfunc __kprobes nokprobe_inline ' +
    'asmlinkage __visible __used __maybe_unused __always_unused __unused __must_check __deprecated __weak __cold __hot ' +
    '__pure __const __noreturn __malloc __packed __percpu __user __kernel __iomem __force __rcu __nocast __bitwise ' +
    '__private __read_mostly __ro_after_init __cacheline_aligned __cacheline_aligned_in_smp __page_aligned_data ' +
    '____cacheline_aligned ____cacheline_aligned_in_smp ____cacheline_internodealigned_in_smp __always_inline noinline ' +
    'noinline_for_stack __noinline notrace noinstr __noclone __no_kcsan __no_sanitize_address __nocfi __noendbr ' +
    '__latent_entropy __randomize_layout __no_randomize_layout __designated_init __mode __flatten __gnu_inline ' +
    '__no_profile __no_kasan_or_inline __attribute_const__ __init_or_module __initdata_or_module __pminit __compiletime_error ' +
    '__hidden __ibt __noscs __bpf_kfunc __counted_by_ptr randomized_struct_fields_start'
  ).split(/\s+/),
);

/** The same with arguments in parentheses, or both. */
const ATTRIBUTES_WITH_ARGUMENTS = new Set(
  (
    '__attribute__ __attribute __section __aligned __printf __scanf __alloc_size __realloc_size __alloc_align __acquires __releases ' +
    '__must_hold __cond_acquires __counted_by __mode __alias __copy __diagnose_as __error __warning __no_sanitize ' +
    '__assume_aligned __cleanup __free __nonnull __nonstring __deprecated __compiletime_error asm __asm__'
  ).split(' '),
);

/** Names that begin with `__` and are types. */
const TYPE_NAME =
  /^__(?:[us](?:8|16|32|64|128)|[lb]e(?:16|32|64)|s?u?int\d*(?:_t)?|wsum|sum16|poll_t|kernel_\w+|builtin_va_list|va_list|signed|signed__|volatile__|const__|inline|inline__|typeof|typeof__|auto_type|extension__|func__|FUNCTION__)$/;

/** Whether a name is an attribute, written with or without arguments. */
export function isAttributeName(name: string): boolean {
  return ATTRIBUTES.has(name) || ATTRIBUTES_WITH_ARGUMENTS.has(name);
}

export function isAttributeWithArguments(name: string): boolean {
  return ATTRIBUTES_WITH_ARGUMENTS.has(name);
}

/** Whether a name in front of a declarator reads like an attribute that we don't know: `__vendor_section`. */
export function looksLikeAttribute(name: string): boolean {
  return isAttributeName(name) || (/^__[a-z]\w*$/.test(name) && !TYPE_NAME.test(name) && !/_t$/.test(name));
}

/** `SYSCALL_DEFINE1(name, …)` and its relatives: the first argument names a system call. */
export function isSyscallDefinition(name: string): boolean {
  return /(?:^|_)(?:COMPAT_)?SYSCALL_DEFINE(?:\d|x)$/.test(name);
}

/** `list_for_each_entry(…)` and `scoped_guard(…)`: the head of a statement. */
export function isLoopMacro(name: string): boolean {
  return /for_each|foreach|^scoped_\w*guard$/i.test(name);
}

/** Values of the errno names (include/uapi/asm-generic/errno*.h and include/linux/errno.h). */
export const ERRNO: ReadonlyMap<string, number> = new Map(
  Object.entries({
    EPERM: 1,
    ENOENT: 2,
    ESRCH: 3,
    EINTR: 4,
    EIO: 5,
    ENXIO: 6,
    E2BIG: 7,
    ENOEXEC: 8,
    EBADF: 9,
    ECHILD: 10,
    EAGAIN: 11,
    EWOULDBLOCK: 11,
    ENOMEM: 12,
    EACCES: 13,
    EFAULT: 14,
    ENOTBLK: 15,
    EBUSY: 16,
    EEXIST: 17,
    EXDEV: 18,
    ENODEV: 19,
    ENOTDIR: 20,
    EISDIR: 21,
    EINVAL: 22,
    ENFILE: 23,
    EMFILE: 24,
    ENOTTY: 25,
    ETXTBSY: 26,
    EFBIG: 27,
    ENOSPC: 28,
    ESPIPE: 29,
    EROFS: 30,
    EMLINK: 31,
    EPIPE: 32,
    EDOM: 33,
    ERANGE: 34,
    EDEADLK: 35,
    ENAMETOOLONG: 36,
    ENOLCK: 37,
    ENOSYS: 38,
    ENOTEMPTY: 39,
    ELOOP: 40,
    ENOMSG: 42,
    ENODATA: 61,
    ETIME: 62,
    EPROTO: 71,
    EBADMSG: 74,
    EOVERFLOW: 75,
    EILSEQ: 84,
    EUSERS: 87,
    ENOTSOCK: 88,
    EMSGSIZE: 90,
    EPROTONOSUPPORT: 93,
    EOPNOTSUPP: 95,
    EADDRINUSE: 98,
    EADDRNOTAVAIL: 99,
    ENETDOWN: 100,
    ENETUNREACH: 101,
    ECONNABORTED: 103,
    ECONNRESET: 104,
    ENOBUFS: 105,
    EISCONN: 106,
    ENOTCONN: 107,
    ESHUTDOWN: 108,
    ETIMEDOUT: 110,
    ECONNREFUSED: 111,
    EHOSTUNREACH: 113,
    EALREADY: 114,
    EINPROGRESS: 115,
    ESTALE: 116,
    EDQUOT: 122,
    ECANCELED: 125,
    ENOKEY: 126,
    EKEYREJECTED: 129,
    ERESTARTSYS: 512,
    ENOIOCTLCMD: 515,
    EPROBE_DEFER: 517,
    EOPENSTALE: 518,
    ENOTSUPP: 524,
  }),
);
