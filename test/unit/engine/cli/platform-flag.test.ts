// `--platform` of verbs about images that are here: words of the command line, JSON for the API.
import { expect, test } from 'vitest'
import { Flags } from '../../../../engine/cli/flags.ts'
import { platformFlag, platformQuery } from '../../../../engine/cli/platform-flag.ts'

const query = (text?: string): string | undefined => {
  const flags = new Flags([platformFlag('')])
  if (text !== undefined) flags.add('platform', text)
  return platformQuery(flags)
}

test('what is sent', () => {
  expect(query()).toBeUndefined()
  expect(query('linux/arm64')).toBe('{"os":"linux","architecture":"arm64"}')
  expect(query('linux/arm/v7')).toBe('{"os":"linux","architecture":"arm","variant":"v7"}')
  expect(query('arm64')).toBe('{"os":"linux","architecture":"arm64"}')
})

test.each(['linux/', 'a/b/c/d'])('%s is refused', (text) => {
  expect(() => query(text)).toThrow('is no platform: write os/architecture, as linux/arm64')
})
