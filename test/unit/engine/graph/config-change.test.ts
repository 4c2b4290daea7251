// --change: Dockerfile instructions about the image alone.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EngineError } from '../../../../engine/errors.ts'
import { applyChanges } from '../../../../engine/graph/config-change.ts'
import type { RunConfig } from '../../../../engine/graph/image-config.ts'

test.each<[string, RunConfig]>([
  ['CMD ["sh", "-l"]', { Cmd: ['sh', '-l'] }],
  ['cmd echo $HOME', { Cmd: ['/bin/sh', '-c', 'echo $HOME'] }],
  ['CMD [ -f x ]', { Cmd: ['/bin/sh', '-c', '[ -f x ]'] }],
  ['ENTRYPOINT ["/init"]', { Entrypoint: ['/init'], Cmd: null }],
  ['ENV a=1 b="two words" c=x\\ y d=\'$a\'', { Env: ['a=1', 'b=two words', 'c=x y', 'd=$a'] }],
  ['ENV a the rest of it', { Env: ['a=the rest of it'] }],
  [
    'EXPOSE 80 53/udp 8000-8002',
    { ExposedPorts: { '80/tcp': {}, '53/udp': {}, '8000/tcp': {}, '8001/tcp': {}, '8002/tcp': {} } },
  ],
  ['LABEL a=b "with space"=c', { Labels: { a: 'b', 'with space': 'c' } }],
  ['ONBUILD RUN make', { OnBuild: ['RUN make'] }],
  ['STOPSIGNAL SIGINT', { StopSignal: 'SIGINT' }],
  ['USER me:us', { User: 'me:us' }],
  ['VOLUME /a /b', { Volumes: { '/a': {}, '/b': {} } }],
  ['VOLUME ["/a b"]', { Volumes: { '/a b': {} } }],
  ['WORKDIR a/../b c', { WorkingDir: '/b c' }],
  ['HEALTHCHECK NONE', { Healthcheck: { Test: ['NONE'] } }],
  [
    'HEALTHCHECK --interval=5s --timeout=1m30s --retries=3 CMD curl localhost',
    { Healthcheck: { Interval: 5e9, Timeout: 9e10, Retries: 3, Test: ['CMD-SHELL', 'curl localhost'] } },
  ],
  ['HEALTHCHECK CMD ["true"]', { Healthcheck: { Test: ['CMD', 'true'] } }],
])('%s', (instruction, config) => {
  expect(applyChanges({}, [instruction])).toEqual(config)
})

test('a command that was named before the entry point is its own', () => {
  const changes = ['CMD ["-l"]', 'ENTRYPOINT ["sh"]']
  expect(applyChanges({ Cmd: ['of the image'] }, changes)).toEqual({ Cmd: ['-l'], Entrypoint: ['sh'] })
})

test('one builds on the other, and on what was there', () => {
  const config = applyChanges({ Env: ['PATH=/bin', 'X=1'], Cmd: ['sh'], Hostname: 'kept' }, [
    `ENV PATH=/opt:$PATH Y=$\{X}2 Z=$\{NONE:-default} W=$\{X:+set} V=\\$X`,
    'WORKDIR /srv',
    'WORKDIR $Y',
    'EXPOSE $X',
    'ENTRYPOINT run',
  ])
  expect(config).toEqual({
    Env: ['PATH=/opt:/bin', 'X=1', 'Y=12', 'Z=default', 'W=set', 'V=$X'],
    WorkingDir: '/srv/12',
    ExposedPorts: { '1/tcp': {} },
    Entrypoint: ['/bin/sh', '-c', 'run'],
    Cmd: null,
    Hostname: 'kept',
  })
})

describe('is refused:', () => {
  test.each([
    ['RUN make', '"RUN" is not a valid change command'],
    ['', '"" is not a valid change command'],
    ['constructor x', 'is not a valid change command'],
    ['CMD', 'CMD requires at least one argument'],
    ['ENV a', 'ENV must have two arguments'],
    ['ENV a=1 b', `can't find = in "b"`],
    ['ENV =x', 'ENV names can not be blank'],
    ['EXPOSE 70000', 'invalid containerPort: 70000'],
    ['EXPOSE 9-8', 'invalid containerPort: 9-8'],
    ['EXPOSE 80/icmp', 'invalid containerPort'],
    ['ONBUILD ONBUILD RUN x', 'Chaining ONBUILD'],
    ['ONBUILD FROM x', "FROM isn't allowed"],
    ['USER a b', 'USER requires exactly one argument'],
    ['VOLUME [""]', 'can not be an empty string'],
    ['HEALTHCHECK SOMETIMES', 'Unknown type "SOMETIMES"'],
    ['HEALTHCHECK --interval=often CMD x', 'cannot read "--interval=often"'],
    ['HEALTHCHECK CMD', 'Missing command'],
  ])('%s', (instruction, message) => {
    expect(() => applyChanges({}, [instruction])).toThrow(message)
  })
})

test('whatever is typed is taken, or refused in one line', () => {
  const name = fc.constantFrom(
    'CMD',
    'ENV',
    'EXPOSE',
    'LABEL',
    'USER',
    'VOLUME',
    'WORKDIR',
    'HEALTHCHECK',
    'X',
  )
  const text = fc.stringMatching(/^[ a-z0-9"'\\${}:=+[\],/-]{0,40}$/)
  fc.assert(
    fc.property(name, text, (instruction, rest) => {
      try {
        applyChanges({ Env: ['a=b'] }, [`${instruction} ${rest}`])
      } catch (error) {
        expect(error).toBeInstanceOf(EngineError)
      }
    }),
    { numRuns: 3000 },
  )
})
