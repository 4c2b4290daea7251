// What is wrong with a template, in one line, as Docker says it: status 64 of its client.
import { EngineError } from '../../../errors.ts'

export class TemplateError extends EngineError {
  constructor(reason: string) {
    super('invalid', `template parsing error: ${reason}`, { exitStatus: 64 })
    this.name = 'TemplateError'
  }
}
