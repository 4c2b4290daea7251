// What of a container's configuration could only fail at its start, or would do nothing: refused
// when it is created, in Docker's words where it has some.
//
// Called by jobs/container-create.ts.
import { isAbsolute } from 'node:path'
import { parseAddress } from '../../drivers/network/address.ts'
import { EngineError } from '../../errors.ts'
import { parseSignal } from '../signal.ts'
import type { ContainerRecord } from './record.ts'

type Asked = Pick<ContainerRecord, 'config' | 'hostConfig'>

/** @param driver of the graph: what `--storage-opt` would be for @throws EngineError `invalid` */
export function checkConfig({ config, hostConfig }: Asked, driver: string): void {
  const problem =
    processProblem(config) ??
    healthProblem(config) ??
    hostProblem(hostConfig) ??
    storageProblem(hostConfig, driver)
  if (problem !== undefined) throw new EngineError('invalid', problem)
  if (config.StopSignal) parseSignal(config.StopSignal)
}

function processProblem({ WorkingDir, Env }: Asked['config']): string | undefined {
  if (WorkingDir && !isAbsolute(WorkingDir))
    return `the working directory '${WorkingDir}' is invalid, it needs to be an absolute path`
  const nameless = Env?.find((one) => one === '' || one.startsWith('='))
  return nameless === undefined ? undefined : `invalid environment variable: ${nameless}`
}

function healthProblem({ Healthcheck }: Asked['config']): string | undefined {
  // Nanoseconds.
  for (const name of ['Interval', 'Timeout', 'StartPeriod', 'StartInterval'] as const) {
    const time = Healthcheck?.[name]
    if (time && time < 1e6) return `${name} in Healthcheck cannot be less than 1ms`
  }
  return (Healthcheck?.Retries ?? 0) < 0 ? 'Retries in Healthcheck cannot be negative' : undefined
}

function hostProblem({ OomScoreAdj, Isolation, ExtraHosts }: Asked['hostConfig']): string | undefined {
  if (Isolation && Isolation !== 'default')
    return `Invalid isolation: "${Isolation}" - linux only supports 'default'`
  if (OomScoreAdj && Math.abs(OomScoreAdj) > 1000)
    return `Invalid value ${OomScoreAdj}, range for oom score adj is [-1000, 1000]`
  for (const text of ExtraHosts ?? []) {
    const [, name, address = ''] = /^([^:=]+)[:=](.+)$/.exec(text) ?? []
    if (name === undefined) return `bad format for add-host: "${text}"`
    const plain = address.replace(/^\[(.*)\]$/, '$1')
    if (address !== 'host-gateway' && parseAddress(plain) === undefined)
      return `invalid IP address in add-host: "${address}"`
  }
  return undefined
}

/** No driver of ours gives a container's layer a size of its own. */
function storageProblem({ StorageOpt }: Asked['hostConfig'], driver: string): string | undefined {
  return Object.keys(StorageOpt ?? {}).length === 0
    ? undefined
    : `--storage-opt is not supported for ${driver}: tocker limits the size of no container`
}
