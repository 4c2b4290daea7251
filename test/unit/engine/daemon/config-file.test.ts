// /etc/tocker/daemon.json: Docker's names, and one line for what is wrong.
import { expect, test } from 'vitest'
import { parseConfigFile, readConfigFile } from '../../../../engine/daemon/config-file.ts'

test('all fields', () => {
  const config = {
    'data-root': '/srv/tocker',
    'storage-driver': 'btrfs',
    'registry-mirrors': ['https://mirror.example.org', 'http://10.0.0.1:5000'],
    'insecure-registries': ['registry.lan:5000', '10.0.0.0/8', '[::1]:5000', 'localhost', 'fd00::/8'],
  }
  expect(parseConfigFile(JSON.stringify(config), 'x')).toEqual(config)
  expect(parseConfigFile('{}', 'x')).toEqual({})
})

test.each([
  ['{', /^x is not JSON: /],
  ['', /^x is not JSON: /],
  ['[]', /^x: /],
  ['{"data_root": "/x"}', /^x: "data_root" is not known here; there are data-root, storage-driver, /],
  ['{"data-root": "relative"}', /^x: "data-root": it is a path that begins with \/$/],
  ['{"data-root": 5}', /^x: "data-root": /],
  [
    '{"storage-driver": "zfs"}',
    /^x: "storage-driver": it is overlay2, fuse-overlayfs, btrfs, devicemapper or vfs$/,
  ],
  ['{"registry-mirrors": ["mirror.example.org"]}', /^x: "registry-mirrors"\[0\]: it is a URL as https:/],
  ['{"registry-mirrors": "https://a"}', /^x: "registry-mirrors": /],
  [
    '{"insecure-registries": ["a", "http://b"]}',
    /^x: "insecure-registries"\[1\]: it is a host:port or a network/,
  ],
])('%s', (text, message) => {
  const parse = () => parseConfigFile(text, 'x')
  expect(parse).toThrow(message)
  expect(parse).toThrow(/^[^\n]*$/)
})

test('a file that was asked for has to be there', () => {
  expect(() => readConfigFile('/nowhere/daemon.json')).toThrow(/read the settings/)
})
