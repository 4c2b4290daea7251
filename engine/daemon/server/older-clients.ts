// What a body of `POST /containers/create` means that was written for an older API: a field that
// came later has, for whoever could not know it, the meaning of before.
//
// Pure. Called by routes/containers.ts.
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
