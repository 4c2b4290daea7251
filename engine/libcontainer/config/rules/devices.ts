// `linux.devices`. config-linux.md, "Devices".
import type { Inspection } from '../inspection.ts'

export function inspectDevices({ config, report, warn }: Inspection): void {
  const byPath = new Map<string, string>()
  const byNumber = new Map<string, string>()
  for (const [index, { type, path, major, minor }] of (config.linux?.devices ?? []).entries()) {
    const at = ['linux', 'devices', index]
    const number = `${type} ${major}:${minor}`
    if (type !== 'p') {
      if (major === undefined) report([...at, 'major'], 'it is missing')
      if (minor === undefined) report([...at, 'minor'], 'it is missing')
    }
    // dev_t has 12 bits for the one and 20 for the other, makedev(3).
    if (major !== undefined && (major < 0 || major > 0xfff))
      report([...at, 'major'], 'it goes from 0 to 4095')
    if (minor !== undefined && (minor < 0 || minor > 0xfffff))
      report([...at, 'minor'], 'it goes from 0 to 1048575')
    // "If a file already exists at path that does not match the requested device, the runtime MUST generate an error."
    const other = byPath.get(path)
    if (other !== undefined && other !== number)
      report([...at, 'path'], `${path} is two devices: ${other} and ${number}`)
    byPath.set(path, number)
    // "The same type, major and minor SHOULD NOT be used for multiple devices."
    const twin = byNumber.get(number)
    if (type !== 'p' && twin !== undefined)
      warn(`linux.devices[${index}]: ${path} is the same device as ${twin}`)
    byNumber.set(number, path)
  }
}
