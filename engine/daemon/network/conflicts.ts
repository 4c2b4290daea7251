// What cannot be asked of a container that gets no network of its own: whoever joins
// another's (`--network container:ID`) has its name, its files and its ports, too.
//
// Pure. Called by jobs/container-create.ts, with the request and before the image has added
// to it: what an image exposes is nobody's wish.
import type { CreateBody } from '../../api/container-config.ts'
import { EngineError } from '../../errors.ts'

/** @throws EngineError `invalid`, in Docker's words and in its order */
export function checkConflicts(body: CreateBody): void {
  const refusal = refusalOf(body)
  if (refusal !== undefined) throw new EngineError('invalid', refusal)
}

function refusalOf({ Hostname, MacAddress, ExposedPorts, HostConfig }: CreateBody): string | undefined {
  const { NetworkMode, UTSMode, Links, Dns, ExtraHosts, PortBindings, PublishAllPorts } = HostConfig ?? {}
  const mode = NetworkMode ?? ''
  const [onHost, joins] = [mode === 'host', mode.startsWith('container:')]
  const conflict = (what: string): string => `conflicting options: ${what}`
  if (mode === 'container:' || mode === 'container')
    return 'invalid network mode: invalid container format container:<name|id>'
  if (joins && Hostname) return conflict('hostname and the network mode')
  if (UTSMode === 'host' && Hostname) return conflict('hostname and the UTS mode')
  if (onHost && some(Links))
    return conflict("host type networking can't be used with links. This would result in undefined behavior")
  if (joins && some(Links))
    return conflict(
      "container type network can't be used with links. This would result in undefined behavior",
    )
  if (joins && some(Dns)) return conflict('dns and the network mode')
  if (joins && some(ExtraHosts)) return conflict('custom host-to-IP mapping and the network mode')
  if ((joins || onHost) && MacAddress) return conflict('mac-address and the network mode')
  if (joins && (some(PortBindings) || PublishAllPorts))
    return conflict('port publishing and the container type network mode')
  if (joins && some(ExposedPorts)) return conflict('port exposing and the container type network mode')
  return undefined
}

function some(given: object | null | undefined): boolean {
  return Object.keys(given ?? {}).length > 0
}
