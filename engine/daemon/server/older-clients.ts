// What a client says and hears that speaks an older API: a field that came later has, for
// whoever could not know it, the meaning of before; one that was taken away is still there.
//
// Pure. Called by the routes.
import type { CreateBody } from '../../api/container-config.ts'
import type { ApiVersion } from './api-version.ts'

export function forVersion(body: CreateBody, version: ApiVersion): CreateBody {
  if (version >= 44) return body
  const { Healthcheck, HostConfig } = body
  return {
    ...body,
    ...(Healthcheck ? { Healthcheck: { ...Healthcheck, StartInterval: 0 } } : {}),
    ...(HostConfig?.Mounts
      ? { HostConfig: { ...HostConfig, Mounts: HostConfig.Mounts.map(readonlyAlone) } }
      : {}),
  }
}

/** Before 1.44 a read-only mount said nothing of what is mounted below it. */
function readonlyAlone(
  mount: NonNullable<NonNullable<CreateBody['HostConfig']>['Mounts']>[number],
): typeof mount {
  if (mount.Type !== 'bind') return mount
  return { ...mount, BindOptions: { ...mount.BindOptions, ReadOnlyNonRecursive: true } }
}

/** `VirtualSize` was another name of `Size` until 1.44. */
export function withVirtualSize<T extends { Size: number }>(
  image: T,
  version: ApiVersion,
): T & { VirtualSize?: number } {
  return version >= 44 ? image : { ...image, VirtualSize: image.Size }
}
