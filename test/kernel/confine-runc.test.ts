// The same `process` through confine() and through runc: both processes must see
// the same of themselves, and both errors must have the same words. Needs root and runc.
import { execFileSync } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { defaultSeccomp } from '../../engine/libcontainer/default-seccomp.ts'
import { defaultCapabilities } from '../../engine/libcontainer/defaults.ts'
import { confined, has, hasStaticBusybox, isLinuxRoot, shell, status, type Wanted } from './confining.ts'

describe.runIf(isLinuxRoot && has('runc') && hasStaticBusybox())(
  'the same process section through runc',
  () => {
    let bundle: string
    beforeAll(async () => {
      bundle = await mkdtemp(join(tmpdir(), 'lc-runc-'))
      for (const name of ['bin', 'proc', 'dev', 'etc', 'tmp'])
        await mkdir(join(bundle, 'rootfs', name), { recursive: true })
      await copyFile(
        execFileSync('sh', ['-c', 'command -v busybox'], { encoding: 'utf8' }).trim(),
        join(bundle, 'rootfs/bin/busybox'),
      )
      for (const name of ['sh', 'grep', 'tr', 'mkdir', 'ls', 'id', 'mount'])
        await symlink('busybox', join(bundle, 'rootfs/bin', name))
    })
    afterAll(async () => {
      await rm(bundle, { recursive: true, force: true })
    })

    async function byRunc(script: string, wanted: Wanted) {
      const config = {
        ociVersion: '1.0.2',
        root: { path: 'rootfs' },
        process: shell(script, wanted.process),
        mounts: [{ destination: '/proc', type: 'proc', source: 'proc' }],
        linux: {
          namespaces: ['pid', 'mount', 'ipc', 'uts'].map((type) => ({ type })),
          ...(wanted.seccomp ? { seccomp: wanted.seccomp } : {}),
        },
      }
      await writeFile(join(bundle, 'config.json'), JSON.stringify(config))
      return execa('runc', ['run', '-b', bundle, `lc-confine-${process.pid}`], {
        reject: false,
        stdin: 'ignore',
      })
    }

    const one = ['CAP_KILL']
    test.each<[string, Wanted]>([
      ['Docker’s defaults', { seccomp: defaultSeccomp(defaultCapabilities) }],
      ['a user', { process: { user: { uid: 33, gid: 44, additionalGids: [5], umask: 0o27 } } }],
      [
        'a user, without privileges to gain, with a filter',
        {
          seccomp: defaultSeccomp(defaultCapabilities),
          process: { user: { uid: 33, gid: 44 }, noNewPrivileges: true },
        },
      ],
      [
        'ambient capabilities',
        {
          process: {
            user: { uid: 33, gid: 44 },
            capabilities: { bounding: one, permitted: one, effective: one, inheritable: one, ambient: one },
          },
        },
      ],
      ['no capabilities', { process: { capabilities: {} } }],
      ['limits', { process: { rlimits: [{ type: 'RLIMIT_NOFILE', soft: 50, hard: 60 }] } }],
      [
        'an errno',
        {
          seccomp: {
            defaultAction: 'SCMP_ACT_ALLOW',
            syscalls: [{ names: ['mkdir'], action: 'SCMP_ACT_ERRNO', errnoRet: 28 }],
          },
        },
      ],
    ])('%s', async (_name, wanted) => {
      const nofile = wanted.process?.rlimits ? '; ulimit -Sn; ulimit -Hn' : ''
      const script = `${status}; umask${nofile}; mkdir /proc/x 2>&1 | tr -d "'\\""; mount -t tmpfs x /tmp 2>&1; id -u`
      // Busybox on both sides: coreutils words some things otherwise.
      const scriptOfBusybox = script.replaceAll(/\b(grep|tr|mkdir|mount|id) /g, 'busybox $1 ')
      const [ours, theirs] = [
        await confined(scriptOfBusybox, {
          ...wanted,
          process: { ...wanted.process, args: ['busybox', 'sh', '-c', scriptOfBusybox] },
        }),
        await byRunc(script, wanted),
      ]
      expect(theirs.exitCode).toBe(ours.exitCode)
      expect(ours.stdout).toBe(theirs.stdout)
    })

    test.each(['nono', '/nono', '/etc/passwd'])('the error for %s', async (name) => {
      const wanted = { process: { args: [name] } }
      await writeFile(join(bundle, 'rootfs/etc/passwd'), '')
      const [ours, theirs] = [await confined('', wanted), await byRunc('', wanted)]
      const words = ours.stderr.replace('error: ', '')
      expect(theirs.stderr.replaceAll('\\"', '"')).toContain(words)
    })
  },
)
