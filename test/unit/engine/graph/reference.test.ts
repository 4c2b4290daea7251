// Names of images: what a person types, and what it means in full.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EngineError } from '../../../../engine/errors.ts'
import {
  formatReference,
  parseReference,
  repositoryName,
  withDefaultTag,
} from '../../../../engine/graph/reference.ts'

const sha = `sha256:${'ab'.repeat(32)}`

describe('a name means what it means to Docker', () => {
  test.each([
    ['busybox', 'docker.io/library/busybox', 'busybox'],
    ['busybox:1.36', 'docker.io/library/busybox:1.36', 'busybox:1.36'],
    ['me/tool', 'docker.io/me/tool', 'me/tool'],
    ['docker.io/busybox', 'docker.io/library/busybox', 'busybox'],
    ['index.docker.io/me/tool:x', 'docker.io/me/tool:x', 'me/tool:x'],
    ['docker.io/library/busybox', 'docker.io/library/busybox', 'busybox'],
    ['library/busybox', 'docker.io/library/busybox', 'busybox'],
    ['library/a/b', 'docker.io/library/a/b', 'library/a/b'],
    ['localhost/tool', 'localhost/tool', 'localhost/tool'],
    ['localhost:5000/tool:v1', 'localhost:5000/tool:v1', 'localhost:5000/tool:v1'],
    ['127.0.0.1:5000/a/b', '127.0.0.1:5000/a/b', '127.0.0.1:5000/a/b'],
    ['[::1]:5000/a', '[::1]:5000/a', '[::1]:5000/a'],
    ['Host/tool', 'Host/tool', 'Host/tool'],
    ['example.com/a', 'example.com/a', 'example.com/a'],
    ['xn--n3h.com/a__b/c-d.e', 'xn--n3h.com/a__b/c-d.e', 'xn--n3h.com/a__b/c-d.e'],
    ['a---b', 'docker.io/library/a---b', 'a---b'],
    [`busybox@${sha}`, `docker.io/library/busybox@${sha}`, `busybox@${sha}`],
    [`a:1@${sha}`, `docker.io/library/a:1@${sha}`, `a:1@${sha}`],
    ['ab'.repeat(31), `docker.io/library/${'ab'.repeat(31)}`, 'ab'.repeat(31)],
    ['tool:5000/a', 'tool:5000/a', 'tool:5000/a'],
    ['tool:5000', 'docker.io/library/tool:5000', 'tool:5000'],
    ['a:Tag_1.-', 'docker.io/library/a:Tag_1.-', 'a:Tag_1.-'],
  ])('%s', (typed, canonical, familiar) => {
    const reference = parseReference(typed)
    expect(formatReference(reference)).toBe(canonical)
    expect(formatReference(reference, 'familiar')).toBe(familiar)
    expect(parseReference(canonical)).toEqual(reference)
    expect(parseReference(familiar)).toEqual(reference)
  })

  test('the tag is not made up, until somebody asks for it', () => {
    expect(parseReference('busybox').tag).toBeUndefined()
    expect(withDefaultTag(parseReference('busybox')).tag).toBe('latest')
    expect(withDefaultTag(parseReference(`busybox@${sha}`)).tag).toBeUndefined()
    expect(repositoryName(parseReference('busybox:1'), 'familiar')).toBe('busybox')
  })
})

describe('is refused with the reason:', () => {
  test.each([
    ['', /empty/],
    ['Busybox', /repository name \(library\/Busybox\) must be lowercase/],
    ['me/Tool:1', /must be lowercase/],
    ['ab'.repeat(32), /cannot specify 64-byte hexadecimal strings/],
    ['a:', /tag after the colon is empty/],
    ['a:-x', /no tag/],
    [`a:${'x'.repeat(129)}`, /128 characters/],
    ['a@sha256:abc', /64 hexadecimal digits, this one 3/],
    [`a@sha256:${'AB'.repeat(32)}`, /lower-case/],
    [`a@md5:${'a'.repeat(32)}`, /unsupported digest algorithm "md5"/],
    [`a@constructor:${'a'.repeat(32)}`, /unsupported digest algorithm/],
    ['a@b', /looks like sha256/],
    ['a//b', /empty/],
    ['/a', /no host name|empty/],
    ['a/', /empty/],
    ['a..b', /may have lower-case/],
    ['-a', /may have lower-case/],
    ['a___b', /may have lower-case/],
    ['a b', /may have lower-case/],
    ['../a', /no host name|lower-case/],
    ['a.com:port/b', /no host name/],
    ['-host.com/b', /no host name/],
    ['http://a.com/b', /no host name|empty/],
    ['a\n', /may have lower-case/],
    [`a/${'x'.repeat(255)}`, /255 characters/],
    [`x.y/${'z'.repeat(300)}`, /255 characters/],
    [`${'a-'.repeat(2_000_000)}/b`, /1000 characters at most/],
  ])('%j', (typed, reason) => {
    expect(() => parseReference(typed)).toThrow(reason)
    expect(() => parseReference(typed)).toThrow(EngineError)
  })
})

test('whatever is typed is a name that survives being written and read again, or is refused in one line', () => {
  const piece = fc.stringMatching(/^[a-zA-Z0-9._:@/[\]-]{0,20}$/)
  fc.assert(
    fc.property(fc.oneof(piece, fc.string({ unit: 'grapheme' })), (typed) => {
      try {
        const reference = parseReference(typed)
        expect(parseReference(formatReference(reference))).toEqual(reference)
        expect(parseReference(formatReference(reference, 'familiar'))).toEqual(reference)
      } catch (error) {
        expect(error).toBeInstanceOf(EngineError)
        expect(String(error)).not.toContain('\n')
      }
    }),
    { numRuns: 3000 },
  )
})
