/** Something that the user can put right: printed without a stack, exit status 2. */
export class UsageError extends Error {}

export const USAGE = `livepatch-ls: checks and simulates Linux kernel livepatch modules

Usage:
  livepatch-ls check [OPTIONS] FILE|DIR...    what the kernel would not take, and why
  livepatch-ls simulate [OPTIONS] FILE        what happens when it is loaded, or what comes of a scenario
  livepatch-ls fleet-report [OPTIONS] RESULTS...
                                              what the results of many machines come to
  livepatch-ls verify [OPTIONS] FILE...       scenarios on a real kernel and on the simulator, side by side
  livepatch-ls compare [OPTIONS] FILE         the same on kGraft, kpatch, livepatch 4.0 and others, side by side
  livepatch-ls capture                        a script that records a machine to simulate on
  livepatch-ls server [--stdio|--node-ipc|--socket=PORT|--pipe=NAME]
                                              the language server (--stdio unless told)
  livepatch-ls --help | --version

check:
  --format pretty|json       pretty is for people (default), json for programs:
                             [{ file, range, rule, severity, message, kernel }], lines and characters from 0
  --kernel-version VERSION   the kernel that the module is for, such as 6.1 (default 6.12)
  What is known of that kernel (docs/kernel-knowledge.md); each is optional:
  --kallsyms FILE            its symbols: a copy of its /proc/kallsyms
  --filter-functions FILE    what its ftrace can hook: a copy of /sys/kernel/tracing/available_filter_functions
  --system-map FILE          its System.map
  --vmlinux FILE             its ELF file
  --btf FILE|DIR             its types: a copy of /sys/kernel/btf or of files in it; may be repeated
  --modules DIR|FILE         /lib/modules/RELEASE or a copy of it, or a module's file; may be repeated
  --symvers FILE             Module.symvers; may be repeated
  --kernel-source DIR        a tree in which it was built
                             Without these the running kernel is looked at when it is of that version; else 6.12 is
                             known from a built-in reference kernel, on which no error ever rests.
  --no-running-kernel        don't look at the running kernel
  --rule ID=LEVEL            off, error, warning, information or hint; may be repeated
  --fix                      apply the safe fixes to the files, then report what is left
  Directories are searched for C files that use livepatch. The other files of a module (its Kbuild or Makefile names
  them) are read and reported, too.
  A FILE.patch or FILE.diff is checked as a diff for klp-build or kpatch-build (docs/diffs.md); DIRs are not searched
  for them.
  Exit status: 0 no error found, 1 an error found, 2 wrong arguments or an unreadable file.

simulate:
  --format pretty|json|log   pretty: forecast, timeline and log (default); json: the whole trace of one run;
                             log: the kernel log of one run, as dmesg shows it
  --kernel VERSION           the kernel that is simulated, such as 6.1 (default 6.12), or with a proposed replace
                             policy, such as 6.12+replace-set (docs/models.md)
  --workload ID|FILE         the machine it runs on: web-server (default), database, build-machine, or a recording
                             of a real one (see capture)
  --seed N                   the run that json, log and the timeline show (default 1; pretty: the typical one)
  --seeds N                  how many runs the forecast takes (default 50)
  --patch NAME               the klp_patch variable, when the module has several
  Exit status: 0, or 2 for wrong arguments, an unreadable file or a file without a klp_patch.
  FILE.klpsim.json is a scenario (docs/scenarios.md): its steps are played for each of its kernels, or the --kernel.
  Scenarios may be several; --format junit writes a report of all of them, as CI systems read it.
  Exit status: 0 everything came as it says, 1 something did not, 2 wrong arguments or mistakes in the file.
  --fleet DIR|FILE.jsonl     on many machines: each *.json in the folder, or each line, is a recording; may be repeated.
                             --format pretty, json (a line for each machine as it is done), summary or html (one page);
                             --seeds is 10, --kernel that of each recording unless told. The host is the file's name,
                             or what a line begins with: {"host":"db1",…
  --results FILE             with --fleet: adds each machine's line to the file, and goes on where an earlier run ended
  --jobs N                   with --fleet: threads (default: one for each CPU)
  Exit status with --fleet: 0 every recording was used, 1 some could not be, 130 interrupted.

fleet-report:
  --format pretty|json|summary|html
  Puts results files together that were written apart, by several machines or runs. Each host counts once.

compare:
  --format pretty|json|svg   pretty: a table and the reasons (default); svg: the picture
  --model ID[:NAME=VALUE;…]  a row, may be repeated (default: every model). IDs: hybrid, hybrid-without-stacks,
                             proposal-2016, immediate, kgraft, kpatch, ksplice, use-counts, simple-method, checkpoint;
                             their parameters (times in microseconds) and variants are in docs/models.md
  --seeds N                  how many seeds each row is played with, from --seed on (default 1)
  --installed FILE           a livepatch that is loaded before, may be repeated, in order: compares replace policies
                             and orders of steps instead of models (pretty or json)
  --kernel, --workload, --seed, --patch as for simulate
  Only the hybrid model is compared with real kernels; the others are built from what was written about them.
  Exit status: 0, or 2 for wrong arguments, an unreadable file or a file without a klp_patch.

verify:
  FILEs are scenarios (.klpsim.json). Needs qemu-system-x86_64, gcc and make; fetches Debian's kernels with apt-get.
  --kernel 6.1|6.12|PATH     the kernel, or a bzImage, or a kernel tree that was built; may be repeated (default: the
                             scenarios' kernels)
  --headers DIR              where modules are built for a bzImage (default: its tree, installed headers, or headers
                             unpacked beside it)
  --time-limit SECONDS       after which the guest is ended, which is a result, too (default 600)
  --cache DIR                where kernels and modules are kept (default livepatch-ls in the user's cache directory)
  --format pretty|json       pretty: both sides, with a mark between what differs (default); json: a line for each
                             FILE
  Exit status: 0 they agree and everything came as the scenarios say, 1 not, 2 it could not be tried.

capture:
  livepatch-ls capture > capture.sh; then, on the machine to record and as root: sh capture.sh > host.json
  The script needs a POSIX shell and /proc, and changes nothing.
  --seconds N and --anonymise are options of the script; sh capture.sh --help says more.
  livepatch-ls simulate --workload host.json FILE simulates on that machine.
`;
