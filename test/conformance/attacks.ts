// Attacks that container runtimes fell for, by the numbers under which they are known: what
// must hold, which files see to it, which test tries.
import type { Requirement } from './requirement.ts'

const document = 'Attacks'

type Row = readonly [cve: string, requirement: string, files: string, testFile: string, title: string]

const rows: readonly Row[] = [
  [
    'CVE-2019-5736',
    'the runtime is not executed in the container',
    'execute.ts',
    'execute',
    'is never the runtime itself, by whichever name',
  ],
  [
    'CVE-2019-5736',
    'nobody writes to the runtime’s executable by way of /proc/PID/exe',
    'birth.ts',
    'runtime-attacks',
    'init is executed by way of a mount that nobody can write through',
  ],
  [
    'CVE-2019-16884',
    'a volume does not cover /proc, and so takes no label',
    'proc-guard.ts',
    'mount-attacks',
    'nothing is bound over %s',
  ],
  [
    'CVE-2019-19921, CVE-2023-27561, CVE-2023-28642',
    'proc and sysfs lie where their names say, and not where a link leads',
    'resolve.ts mounts.ts',
    'mount-attacks',
    '%s over a symbolic link is refused',
  ],
  [
    'CVE-2021-30465, CVE-2024-45310',
    'a link swapped in meanwhile leads no mount, and no file that is made, out of the root filesystem',
    'resolve.ts',
    'mount-attacks',
    'directories and links that take turns, 2000 mounts: none lands outside',
  ],
  [
    'CVE-2022-29162',
    'exec adds no inheritable capability',
    'commands/exec.ts',
    'oci-exec',
    'exec adds capabilities, and none that is inheritable',
  ],
  [
    'CVE-2024-21626',
    'no directory of the host’s is open in init',
    'execute.ts birth.ts',
    'runtime-attacks',
    'a descriptor that the runtime inherited and was not to keep is no working directory',
  ],
  [
    'CVE-2024-21626',
    'the working directory is below the root',
    'execute.ts',
    'runtime-attacks',
    'a working directory that was kept on purpose must be below the root too',
  ],
  [
    'CVE-2025-31133',
    'masked files are covered by the device 1:3, or it is an error',
    'hidden-paths.ts',
    'procfs-attacks',
    '/dev/null and a link that take turns: only the device is ever mounted',
  ],
  [
    'CVE-2025-52565',
    '/dev/console is the terminal that was opened',
    'console.ts',
    'procfs-attacks',
    '/dev/pts and a directory of links that take turns: /dev/console is the terminal, or nothing',
  ],
  [
    'CVE-2025-52881',
    'what is written to a file of /proc reaches that one',
    'proc-self.ts sysctl.ts labels.ts',
    'procfs-attacks',
    'a word for the kernel reaches nothing else: %s',
  ],
]

export const attackRequirements: readonly Requirement[] = rows.map(
  ([section, requirement, files, file, title]) => ({
    ...{ document, section, requirement },
    files: files.split(' '),
    test: { file: `test/kernel/${file}.test.ts`, title },
  }),
)
