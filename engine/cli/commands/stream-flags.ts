// Flags of the verbs that connect two terminals.
import type { Flag } from '../flags.ts'

export const detachKeysFlag: Flag = {
  name: 'detach-keys',
  value: 'string',
  help: 'Override the key sequence for detaching a container',
}

export const sigProxyFlag: Flag = {
  name: 'sig-proxy',
  on: true,
  help: 'Proxy all received signals to the process (default true)',
}
