// `features`: what this runtime can do, for managers that ask before they do.
// OCI runtime specification 1.2, features.md and features-linux.md: "hooks" and
// the rest name what is *known*, whether or not this kernel can do it.
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
        // Two of them have nothing to do here (seccomp.ts), and so do what they promise.
        supportedFlags: seccompFlags,
      },
      // "Irrelevant to the availability of AppArmor on the host operating system."
      apparmor: { enabled: true },
      selinux: { enabled: true },
      intelRdt: { enabled: false },
      mountExtensions: { idmap: { enabled: true } },
    },
    annotations: {},
    // No annotation changes what this runtime does.
    potentiallyUnsafeConfigAnnotations: [],
  }
}
