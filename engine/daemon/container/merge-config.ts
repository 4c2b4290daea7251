// What is asked for and what the image says, made one: `docker run` names what shall be
// otherwise, the image has the rest. Pure.
//
// Next: engine/daemon/container/oci-spec.ts
import type { ContainerConfig, HealthConfig } from '../../api/container-config.ts'
import { EngineError } from '../../errors.ts'

/** The config of an image, which has the same fields. */
export function mergeConfig(own: ContainerConfig, image: ContainerConfig): ContainerConfig {
  return {
    ...own,
    User: own.User || image.User,
    ExposedPorts: { ...image.ExposedPorts, ...own.ExposedPorts },
    Env: mergeEnv(own.Env ?? [], image.Env ?? []),
    Labels: { ...image.Labels, ...own.Labels },
    ...mergeCommand(own, image),
    Healthcheck: mergeHealth(own.Healthcheck, image.Healthcheck),
    WorkingDir: own.WorkingDir || image.WorkingDir,
    Volumes: orNothing({ ...own.Volumes, ...image.Volumes }),
    StopSignal: own.StopSignal || image.StopSignal,
    Shell: own.Shell ?? image.Shell,
  }
}

/** Docker says null, and not {}. */
function orNothing<T extends object>(value: T): T | undefined {
  return Object.keys(value).length > 0 ? value : undefined
}

/** An entrypoint of one's own has no use for the image's arguments. */
function mergeCommand(
  own: ContainerConfig,
  image: ContainerConfig,
): Pick<ContainerConfig, 'Cmd' | 'Entrypoint'> {
  if (own.Entrypoint && own.Entrypoint.length > 0) return { Cmd: own.Cmd, Entrypoint: own.Entrypoint }
  const Cmd = own.Cmd && own.Cmd.length > 0 ? own.Cmd : image.Cmd
  return { Cmd, Entrypoint: own.Entrypoint ?? image.Entrypoint }
}

function mergeEnv(own: readonly string[], image: readonly string[]): string[] {
  const names = new Set(own.map(nameOf))
  return [...own, ...image.filter((one) => !names.has(nameOf(one)))]
}

function nameOf(entry: string): string {
  return entry.split('=', 1)[0] ?? ''
}

function mergeHealth(
  own: HealthConfig | null | undefined,
  image: HealthConfig | null | undefined,
): HealthConfig | null | undefined {
  if (!own || !image) return own ?? image
  return {
    Test: own.Test && own.Test.length > 0 ? own.Test : image.Test,
    Interval: own.Interval || image.Interval,
    Timeout: own.Timeout || image.Timeout,
    StartPeriod: own.StartPeriod || image.StartPeriod,
    StartInterval: own.StartInterval || image.StartInterval,
    Retries: own.Retries || image.Retries,
  }
}

/** What runs. @throws EngineError `invalid` when neither the user nor the image says */
export function commandOf({ Entrypoint, Cmd }: ContainerConfig): { path: string; args: string[] } {
  // `--entrypoint ""` is a list with an empty word: none.
  const entrypoint = Entrypoint?.length === 1 && Entrypoint[0] === '' ? [] : (Entrypoint ?? [])
  const [path, ...args] = [...entrypoint, ...(Cmd ?? [])]
  if (path === undefined) throw new EngineError('invalid', 'No command specified')
  return { path, args }
}

const defaultPath = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** The environment of its first process; HOME is the runtime's to add. */
export function environmentOf({ Env, Tty }: ContainerConfig, hostname: string): string[] {
  return replaced([defaultPath, `HOSTNAME=${hostname}`, ...(Tty ? ['TERM=xterm'] : [])], Env ?? [])
}

/** What has a name that is there already stands in its place; a name without a value takes it away. */
function replaced(base: readonly string[], changes: readonly string[]): string[] {
  const result = new Map(base.map((one) => [nameOf(one), one]))
  for (const change of changes) {
    if (change.includes('=')) result.set(nameOf(change), change)
    else result.delete(change)
  }
  return [...result.values()]
}
