// Devices that are asked for by what they can, and not by their path: `--gpus all`, and those of
// the Container Device Interface, `--device vendor.com/gpu=0`. A device driver of the daemon
// finds them, and tocker has none: then Docker says so at start, and so do we.
//
// Pure. Called by launch.ts.
import { EngineError } from '../../errors.ts'
import type { ContainerRecord } from './record.ts'

/** @throws EngineError `invalid`, in Docker's words */
export function checkDeviceRequests({ hostConfig }: ContainerRecord): void {
  const [request] = hostConfig.DeviceRequests ?? []
  if (request === undefined) return
  // As Go prints a list of lists.
  const capabilities = (request.Capabilities ?? []).map((some) => `[${some.join(' ')}]`).join(' ')
  const driver = JSON.stringify(request.Driver ?? '')
  throw new EngineError(
    'invalid',
    `could not select device driver ${driver} with capabilities: [${capabilities}]`,
  )
}
