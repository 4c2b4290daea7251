// `--mount type=bind,source=/srv,target=/srv,readonly`: one line of CSV becomes a Mount of
// the API. Pure.
import type { HostConfig } from '../../api/host-config.ts'
import { parseRam } from '../quantity.ts'

type Mount = NonNullable<HostConfig['Mounts']>[number]

const types = ['bind', 'volume', 'tmpfs', 'npipe', 'cluster', 'image'] as const

/** @throws RangeError in Docker's words */
export function parseMount(text: string): Mount {
  const mount: Mount = { Type: 'volume' }
  for (const field of csv(text)) setField(mount, field)
  if (!mount.Target) throw new RangeError('target is required')
  if (mount.VolumeOptions && mount.Type !== 'volume')
    throw new RangeError(`cannot mix 'volume-*' options with mount type '${mount.Type}'`)
  if (mount.BindOptions && mount.Type !== 'bind')
    throw new RangeError(`cannot mix 'bind-*' options with mount type '${mount.Type}'`)
  if (mount.TmpfsOptions && mount.Type !== 'tmpfs')
    throw new RangeError(`cannot mix 'tmpfs-*' options with mount type '${mount.Type}'`)
  return mount
}

function setField(mount: Mount, field: string): void {
  const [, name = '', value] = /^([^=]*)(?:=([\s\S]*))?$/.exec(field) ?? []
  const truth = (): boolean => {
    if (value === undefined || /^(1|true)$/i.test(value)) return true
    if (/^(0|false)$/i.test(value)) return false
    throw new RangeError(`invalid value for ${name}: ${value}`)
  }
  const key = name.toLowerCase()
  if (value === undefined && !switches.has(key))
    throw new RangeError(`invalid field '${field}' must be a key=value pair`)
  const text = value ?? ''
  const bind = () => (mount.BindOptions ??= {})
  const volume = () => (mount.VolumeOptions ??= {})
  const tmpfs = () => (mount.TmpfsOptions ??= {})
  switch (key) {
    case 'type':
      mount.Type = typeOf(text.toLowerCase())
      break
    case 'source':
    case 'src':
      mount.Source = text
      break
    case 'target':
    case 'dst':
    case 'destination':
      mount.Target = text
      break
    case 'readonly':
    case 'ro':
      mount.ReadOnly = truth()
      break
    case 'consistency':
      mount.Consistency = text.toLowerCase()
      break
    case 'bind-propagation':
      bind().Propagation = text.toLowerCase()
      break
    case 'bind-nonrecursive':
      bind().NonRecursive = truth()
      break
    case 'bind-recursive':
      setRecursive(bind(), text)
      break
    case 'bind-create-src':
      bind().CreateMountpoint = truth()
      break
    case 'volume-nocopy':
      volume().NoCopy = truth()
      break
    case 'volume-subpath':
      volume().Subpath = text
      break
    case 'volume-label':
      volume().Labels = { ...volume().Labels, ...pair(text) }
      break
    case 'volume-driver':
      volume().DriverConfig = { ...volume().DriverConfig, Name: text }
      break
    case 'volume-opt':
      volume().DriverConfig = {
        ...volume().DriverConfig,
        Options: { ...volume().DriverConfig?.Options, ...pair(text) },
      }
      break
    case 'tmpfs-size':
      tmpfs().SizeBytes = parseRam(text)
      break
    case 'tmpfs-mode':
      if (!/^[0-7]+$/.test(text)) throw new RangeError(`invalid value for ${name}: ${text}`)
      tmpfs().Mode = Number.parseInt(text, 8)
      break
    default:
      throw new RangeError(`unexpected key '${name}' in '${field}'`)
  }
}

const switches = new Set(['readonly', 'ro', 'volume-nocopy', 'bind-nonrecursive', 'bind-create-src'])

function typeOf(text: string): Mount['Type'] {
  const found = types.find((one) => one === text)
  if (found === undefined) throw new RangeError(`invalid mount type: ${text}`)
  return found
}

function setRecursive(bind: NonNullable<Mount['BindOptions']>, value: string): void {
  if (value === 'disabled') bind.NonRecursive = true
  else if (value === 'writable') bind.ReadOnlyNonRecursive = true
  else if (value === 'readonly') bind.ReadOnlyForceRecursive = true
  else if (value !== 'enabled')
    throw new RangeError(
      `invalid value for bind-recursive: ${value} (must be "enabled", "disabled", "writable", or "readonly")`,
    )
}

function pair(text: string): Record<string, string> {
  const at = text.indexOf('=')
  return at < 0 ? { [text]: '' } : { [text.slice(0, at)]: text.slice(at + 1) }
}

/** Fields with a comma stand in quotes, as a whole: `"volume-opt=o=addr=host,rw"`. */
export function csv(text: string): string[] {
  return [...text.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, plain]) =>
    quoted === undefined ? (plain ?? '') : quoted.replaceAll('""', '"'),
  )
}
