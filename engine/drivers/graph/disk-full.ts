// What a verb of a driver failed of. The errno of a full disk comes from deep below; here
// is what it means.
//
// Called by layered.ts.
import { EngineError, hasCode } from '../../errors.ts'

/** @param home the directory that has all layers */
export function explained(cause: unknown, intent: string, home: string): unknown {
  const full = ['ENOSPC', 'EDQUOT'].find((code) => hasCode(cause, code))
  if (full !== undefined)
    return new EngineError(
      'unavailable',
      `${intent}: no space left in ${home} (${full}): remove images or containers`,
    )
  return cause instanceof EngineError ? cause : new EngineError('internal', intent, { cause })
}
