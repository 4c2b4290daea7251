// What config.json can say and LXC's configuration cannot: a driver does it, or says why not.
// Called by exec-driver.ts.
import type { Json } from './bundle-config.ts'

export const wishes: readonly (readonly [what: string, overrides: Json, shows: string, refusal: RegExp])[] = [
  [
    'a line break in the environment',
    { process: { env: ['PATH=/bin', 'LINES=a\nb'], args: ['sh', '-c', 'echo "$LINES"'] } },
    'a\nb\n',
    /^lxc\.environment: .* line break .*another runtime$/,
  ],
  [
    'a umask',
    { process: { user: { uid: 0, gid: 0, umask: 0o27 }, args: ['sh', '-c', 'umask'] } },
    '0027\n',
    /^\$\.process\.user\.umask: .*another runtime$/,
  ],
]
