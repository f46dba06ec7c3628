// biome-ignore-all lint/suspicious/noTemplateCurlyInString: LSP writes the placeholders of its snippets this way
import type { KernelVersion } from './version.ts';

/** What an author may write into one field of a livepatch structure (include/linux/livepatch.h). */
export interface KlpField {
  readonly name: string;
  readonly type: string;
  /** What the kernel does with it, in a sentence or two. */
  readonly meaning: string;
  /** First kernel that has it. */
  readonly since: KernelVersion;
  /** First kernel that does not have it any more. */
  readonly until?: KernelVersion;
  /** Only in patches posted to the mailing list, in no released kernel. */
  readonly proposed?: string;
  /** What to put after `=`: a snippet with LSP placeholders. Without one the field is not offered. */
  readonly snippet?: string;
}

export type KlpStruct = 'klp_patch' | 'klp_object' | 'klp_func' | 'klp_state' | 'klp_callbacks';

const V4_0 = { major: 4, minor: 0 };
const V4_12 = { major: 4, minor: 12 };
const V4_15 = { major: 4, minor: 15 };
const V4_16 = { major: 4, minor: 16 };
const V5_1 = { major: 5, minor: 1 };
const V5_5 = { major: 5, minor: 5 };

const IMMEDIATE: KlpField = {
  name: 'immediate',
  type: 'bool',
  meaning: 'Switched every task at once, without a consistency check; such a module could never be unloaded.',
  since: V4_12,
  until: V4_16,
};

/** The fields that authors set; what the core keeps for itself is not here. */
export const KLP_FIELDS: { readonly [struct in KlpStruct]: readonly KlpField[] } = {
  klp_patch: [
    {
      name: 'mod',
      type: 'struct module *',
      meaning:
        'The livepatch module itself. Its name becomes the directory in `/sys/kernel/livepatch`. NULL is refused with EINVAL.',
      since: V4_0,
      snippet: 'THIS_MODULE',
    },
    {
      name: 'objs',
      type: 'struct klp_object *',
      meaning: 'The objects to patch, ended by an entry of zeros. NULL is refused with EINVAL.',
      since: V4_0,
      snippet: '${1:objs}',
    },
    {
      name: 'states',
      type: 'struct klp_state *',
      meaning:
        'System states that the patch changes, ended by an entry with id 0. A patch that replaces others must list each of their states in the same or a newer version.',
      since: V5_5,
      snippet: '${1:states}',
    },
    {
      name: 'replace',
      type: 'bool',
      meaning:
        'Atomic replace: when the transition is complete, every other livepatch is out of use. What they changed and this patch does not goes back to the original.',
      since: V5_1,
      snippet: '${1|true,false|}',
    },
    {
      name: 'replaceable',
      type: 'bool',
      meaning:
        'Proposed in January 2025: only patches that say true are replaced by a patch with `.replace`. The default false keeps an ordinary patch when a cumulative one is loaded.',
      since: V4_0,
      proposed: 'the hybrid mode RFC of January 2025',
    },
    {
      name: 'replace_set',
      type: 'unsigned int',
      meaning: 'Proposed in 2026: a patch replaces the patches with the same number and leaves all others.',
      since: V4_0,
      proposed: 'the replace_set patches of 2026',
    },
    IMMEDIATE,
  ],
  klp_object: [
    {
      name: 'name',
      type: 'const char *',
      meaning:
        'Name of the module to patch, as `lsmod` prints it. Absent or NULL means the kernel itself (vmlinux). A module that is not loaded is patched when it loads.',
      since: V4_0,
      snippet: '"${1:module_name}"',
    },
    {
      name: 'funcs',
      type: 'struct klp_func *',
      meaning: 'The functions to replace in this object, ended by an entry of zeros.',
      since: V4_0,
      snippet: '${1:funcs}',
    },
    {
      name: 'callbacks',
      type: 'struct klp_callbacks',
      meaning: 'Functions that are called around the transition, for this object.',
      since: V4_15,
      snippet: '{\n\t.pre_patch = ${1:pre_patch},\n\t.post_unpatch = ${2:post_unpatch},\n}',
    },
  ],
  klp_func: [
    {
      name: 'old_name',
      type: 'const char *',
      meaning:
        'Name of the function to replace, as `/proc/kallsyms` has it. A name that the object does not have is refused with EINVAL.',
      since: V4_0,
      snippet: '"${1:function}"',
    },
    {
      name: 'new_func',
      type: 'void *',
      meaning: 'The function of this module that runs instead. It needs the same parameters and return type.',
      since: V4_0,
      snippet: '${1:livepatch_function}',
    },
    {
      name: 'old_sympos',
      type: 'unsigned long',
      meaning:
        'Which one, when the object has several symbols of that name: 1 is the first in kallsyms order. 0 means that there is only one; otherwise the kernel refuses the patch with EINVAL.',
      since: { major: 4, minor: 5 },
      snippet: '${1:1}',
    },
    IMMEDIATE,
  ],
  klp_state: [
    {
      name: 'id',
      type: 'unsigned long',
      meaning: 'Number of the system state; all livepatches share one number space. 0 ends the array.',
      since: V5_5,
      snippet: '${1:1}',
    },
    {
      name: 'version',
      type: 'unsigned int',
      meaning:
        'Version of the change. A patch is refused with EINVAL when an installed one has the same id in a newer version.',
      since: V5_5,
      snippet: '${1:1}',
    },
    {
      name: 'data',
      type: 'void *',
      meaning: "The author's own data; the livepatch core never touches it.",
      since: V5_5,
    },
  ],
  klp_callbacks: [
    {
      name: 'pre_patch',
      type: 'int (*)(struct klp_object *)',
      meaning:
        'Called before the functions of the object are redirected. Anything but 0 stops the load, and insmod gets that value.',
      since: V4_15,
      snippet: '${1:pre_patch}',
    },
    {
      name: 'post_patch',
      type: 'void (*)(struct klp_object *)',
      meaning: 'Called when every task has switched to the new functions.',
      since: V4_15,
      snippet: '${1:post_patch}',
    },
    {
      name: 'pre_unpatch',
      type: 'void (*)(struct klp_object *)',
      meaning: 'Called before the transition back to the original functions begins.',
      since: V4_15,
      snippet: '${1:pre_unpatch}',
    },
    {
      name: 'post_unpatch',
      type: 'void (*)(struct klp_object *)',
      meaning: 'Called when no task can run the new functions any more, if pre_patch had returned 0.',
      since: V4_15,
      snippet: '${1:post_unpatch}',
    },
  ],
};

/** Null for a field that no livepatch structure has, or that only the core sets. */
export function klpField(struct: KlpStruct, name: string): KlpField | null {
  return KLP_FIELDS[struct].find((field) => field.name === name) ?? null;
}
