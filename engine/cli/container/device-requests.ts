// `--gpus`, and `--device` for what has a name in place of a path: devices that the daemon has
// to find. Pure.
//
//   all    2    device=0,1    "device=0,capabilities=compute"    driver=nvidia,count=1
//
// Called by resources.ts.
import type { HostConfig } from '../../api/host-config.ts'

type DeviceRequest = NonNullable<HostConfig['DeviceRequests']>[number]

/** `vendor.com/class=name`, of the Container Device Interface. */
export function isDeviceName(text: string): boolean {
  return /^[a-zA-Z][\w.-]*\/[a-zA-Z][\w.-]*=[\w.:-]+$/.test(text)
}

/** @param gpus values of --gpus @param names of devices @throws RangeError in Docker's words */
export function deviceRequests(gpus: readonly DeviceRequest[], names: readonly string[]): DeviceRequest[] {
  return [...gpus, ...(names.length === 0 ? [] : [{ Driver: 'cdi', DeviceIDs: [...names] }])]
}

/** One line of comma-separated values, in which a value with commas is quoted: `"device=0,1",driver=x`. */
export function parseGpus(text: string): DeviceRequest {
  const request: DeviceRequest = { Driver: '', Count: 0, Options: {} }
  const seen = new Set<string>()
  for (const field of fieldsOf(text)) {
    const [key, value] = field.includes('=') ? splitAt(field) : ['count', field]
    if (seen.has(key)) throw new RangeError(`gpus request key '${key}' can be specified only once`)
    seen.add(key)
    if (key === 'count') request.Count = parseCount(value)
    else if (key === 'driver') request.Driver = value
    else if (key === 'device') request.DeviceIDs = value.split(',')
    else if (key === 'capabilities') request.Capabilities = [[...value.split(','), 'gpu']]
    else if (key === 'options') request.Options = Object.fromEntries(fieldsOf(value).map(splitAt))
    else throw new RangeError(`unexpected key '${key}' in '${field}'`)
  }
  if (request.Count === 0 && request.DeviceIDs === undefined) request.Count = 1
  request.Capabilities ??= [['gpu']]
  return request
}

function fieldsOf(text: string): string[] {
  return [...text.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
    ([, quoted, plain = '']) => quoted?.replaceAll('""', '"') ?? plain,
  )
}

function splitAt(field: string): [string, string] {
  const at = field.indexOf('=')
  return at < 0 ? [field, ''] : [field.slice(0, at), field.slice(at + 1)]
}

function parseCount(text: string): number {
  if (text === 'all') return -1
  if (!/^-?\d+$/.test(text))
    throw new RangeError(`invalid count (${text}): value must be either "all" or an integer`)
  return Number(text)
}
