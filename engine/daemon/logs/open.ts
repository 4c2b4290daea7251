// From `--log-driver` and `--log-opt` to a driver that writes, and to a codec that reads.
//
// Called by the supervisor, and by the job that serves `logs`. Next: engine/daemon/logs/rotate.ts
import { EngineError, errorLine } from '../../errors.ts'
import type { LogCodec } from './codec.ts'
import type { LogConfig, LogDriver } from './driver.ts'
import { openJournald } from './journald.ts'
import { jsonFile } from './json-file.ts'
import { local } from './local.ts'
import { attributesOf, checkOptions, rotationOf } from './options.ts'
import { RotatingLog } from './rotate.ts'
import { openSyslog } from './syslog.ts'

const rotations = {
  'json-file': { maxFiles: 1, compress: false },
  local: { maxSize: 20 * 1024 ** 2, maxFiles: 5, compress: true },
}

/** @throws EngineError `invalid` for options that are wrong, `unavailable` when it cannot be written */
export async function openLogDriver(config: LogConfig): Promise<LogDriver> {
  try {
    return await open(config)
  } catch (error) {
    // In Docker's words: whoever typed a wrong --log-opt reads that it was that.
    const kind = error instanceof EngineError ? error.kind : 'internal'
    throw new EngineError(kind, `failed to initialize logging driver: ${errorLine(error)}`)
  }
}

async function open(config: LogConfig): Promise<LogDriver> {
  const { driver, options, path } = config
  checkOptions(driver, options)
  if (driver === 'none') return { write: async () => {}, close: async () => {} }
  if (driver === 'syslog') return await openSyslog(config)
  if (driver === 'journald') return openJournald(config)
  return new RotatingLog(path, codecOf(config), rotationOf(options, rotations[driver]))
}

/** How what it wrote is read back. @throws EngineError `not-implemented` for drivers that keep nothing here */
export function codecOf({ driver, options, info }: LogConfig): LogCodec {
  if (driver === 'json-file') return jsonFile(attributesOf(options, info))
  if (driver === 'local') return local
  throw new EngineError('not-implemented', 'configured logging driver does not support reading')
}
