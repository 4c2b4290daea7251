// `features`: what this runtime can do, for managers that ask before they do.
// OCI runtime specification 1.2, features.md and features-linux.md: "hooks" and
// the rest name what is *known*, whether or not this kernel can do it.
import { existsSync } from 'node:fs'
import {
  capabilityNames,
  namespaceFiles,
  seccompActions,
  seccompArchitectures,
  seccompFlags,
  seccompOperators,
  specVersion,
} from '../config/names.ts'
import { knownMountOptions } from '../mount-options.ts'
import type { Verb } from './verb.ts'

export const verb: Verb = {
  summary: 'show the enabled features',
  usage: '',
  flags: [],
  arity: [0, 0],
  run(context) {
    context.print(`${JSON.stringify(features(), null, 4)}\n`)
    return 0
  },
}

export function features() {
  return {
    ociVersionMin: '1.0.0',
    ociVersionMax: specVersion,
    hooks: ['prestart', 'createRuntime', 'createContainer', 'startContainer', 'poststart', 'poststop'],
    mountOptions: knownMountOptions(),
    linux: {
      namespaces: Object.keys(namespaceFiles),
      capabilities: capabilityNames,
      cgroup: { v1: true, v2: true, systemd: false, systemdUser: false, rdma: true },
      seccomp: {
        enabled: true,
        // Known to the specification, and refused: nobody here would answer (config/rules/seccomp.ts).
        actions: seccompActions.filter((action) => action !== 'SCMP_ACT_NOTIFY'),
        operators: seccompOperators,
        archs: seccompArchitectures,
        knownFlags: seccompFlags,
        // Our filter is loaded by a process with one thread that matters: TSYNC has nobody to take along.
        supportedFlags: seccompFlags,
      },
      // Labels are written where the host has them.
      apparmor: { enabled: existsSync('/sys/kernel/security/apparmor') },
      selinux: { enabled: existsSync('/sys/fs/selinux/enforce') },
      intelRdt: { enabled: false },
      mountExtensions: { idmap: { enabled: true } },
    },
    annotations: {},
  }
}
