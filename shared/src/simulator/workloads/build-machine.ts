import type { TaskGroup, Workload } from '../workload.ts';
import * as stacks from './stacks.ts';
import {
  about,
  computes,
  daemon,
  disks,
  EPOLL_WAIT,
  FOREVER,
  FUTEX,
  inKernel,
  kernelThreads,
  MS,
  PIPE_READ,
  POLL,
  PPOLL,
  process,
  SECOND,
  systemServices,
  TTY_READ,
  WAIT4,
  waits,
} from './tasks.ts';

/** Compilers that run when the machine is first looked at; those that follow are children of `make`. */
const compilers: TaskGroup = {
  comm: 'cc1',
  kind: 'user',
  count: 14,
  behaviour: { phases: [computes({ min: 300 * MS, max: 4 * SECOND }), { do: 'exit' }] },
  note: 'compilers',
};

const make: TaskGroup = {
  comm: 'make',
  kind: 'user',
  count: 14,
  behaviour: {
    phases: [
      waits(WAIT4, about(1100 * MS)),
      computes({ min: 500, max: 5 * MS }),
      inKernel(stacks.COPYING_PAGE_TABLES, { min: 50, max: 400 }, true),
      { do: 'fork', childComm: 'cc1', childLives: { min: 300 * MS, max: 4 * SECOND } },
    ],
  },
  note: 'starts a compiler, waits for it, starts the next',
};

export const buildMachine: Workload = {
  id: 'build-machine',
  title: 'Build machine, 16 CPUs',
  description:
    'make -j14 on a large C project under a CI agent, on Debian with Linux 6.12: processes start and end all the time, the CPUs are busy. Made by hand after what such machines show; not a recording.',
  cpus: 16,
  hz: 250,
  nohzFullCpus: [],
  modules: ['ext4', 'jbd2', 'scsi_mod', 'sd_mod', 'overlay', 'nf_tables', 'nf_conntrack', 'br_netfilter', 'bridge'],
  tasks: [
    ...systemServices().slice(0, 1),
    ...kernelThreads(16),
    ...disks(1),
    ...systemServices().slice(1),
    daemon('make', 4, WAIT4, about(20 * SECOND), 'of directories further up'),
    daemon('make', 6, PIPE_READ, about(700 * MS), "wait for a job server's token"),
    make,
    compilers,
    daemon('sh', 14, WAIT4, about(1500 * MS), 'shells around commands'),
    daemon('gcc', 14, WAIT4, about(1200 * MS), 'compiler drivers'),
    process(
      'as',
      10,
      [waits(PIPE_READ, about(400 * MS)), computes({ min: 100, max: 8 * MS })],
      'read from the compilers',
    ),
    process(
      'ld',
      1,
      [
        computes({ min: 10 * MS, max: 90 * MS }),
        inKernel(stacks.PAGE_FAULT, { min: 3, max: 200 }, true),
        inKernel(stacks.FILE_READING, { min: 10, max: 400 }, true),
      ],
      'links, reads and maps large files',
    ),
    daemon('Runner.Listener', 1, EPOLL_WAIT, about(15 * SECOND), 'CI agent'),
    daemon('.NET TP Worker', 14, FUTEX, about(10 * SECOND), 'its threads'),
    daemon('.NET Sockets', 1, EPOLL_WAIT, about(5 * SECOND)),
    daemon('bash', 2, WAIT4, FOREVER, 'steps of the job'),
    daemon('dockerd', 1, EPOLL_WAIT, about(10 * SECOND)),
    daemon('dockerd', 18, FUTEX, about(30 * SECOND)),
    daemon('containerd', 1, EPOLL_WAIT, about(10 * SECOND)),
    daemon('containerd', 14, FUTEX, about(30 * SECOND)),
    daemon('containerd-shim', 1, EPOLL_WAIT, FOREVER),
    daemon('containerd-shim', 10, FUTEX, FOREVER),
    daemon('ccache', 2, POLL, about(5 * SECOND), 'fetch from a remote cache'),
    daemon('sshd', 2, PPOLL, FOREVER, 'sessions'),
    daemon('bash', 2, TTY_READ, FOREVER),
  ],
};
