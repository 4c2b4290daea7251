// `--gpus`, as Docker's client reads it.
import { expect, test } from 'vitest'
import { isDeviceName, parseGpus } from '../../../../engine/cli/container/device-requests.ts'

test.each([
  ['all', { Count: -1, Capabilities: [['gpu']] }],
  ['2', { Count: 2 }],
  ['count=3,driver=nvidia', { Count: 3, Driver: 'nvidia' }],
  ['device=7', { Count: 0, DeviceIDs: ['7'] }],
  ['"device=0,1",capabilities=compute', { DeviceIDs: ['0', '1'], Capabilities: [['compute', 'gpu']] }],
  ['driver=x,"options=a=b,c=d"', { Driver: 'x', Count: 1, Options: { a: 'b', c: 'd' } }],
])('%s', (text, expected) => {
  expect(parseGpus(text)).toMatchObject(expected)
})

test.each([
  ['all,all', "gpus request key 'count' can be specified only once"],
  ['x=y', "unexpected key 'x' in 'x=y'"],
  ['count=many', 'invalid count (many): value must be either "all" or an integer'],
])('%s is refused', (text, reason) => {
  expect(() => parseGpus(text)).toThrow(reason)
})

test.each([
  ['nvidia.com/gpu=0', true],
  ['vendor.com/class.x=a:b', true],
  ['/dev/null', false],
  ['/dev/a=b:/dev/c', false],
  ['vendor.com/gpu', false],
])('%s names a device: %s', (text, is) => {
  expect(isDeviceName(text)).toBe(is)
})
