// Whether an address lies in what a rule of nft names, a network or a range; and in
// which network it is.
// IPv4; of IPv6 only the very address. Pure.

/** @param range `172.18.0.0/16`, `10.1.0.0-10.2.255.255` or `10.0.0.1` */
export function isWithin(address: string, range: string): boolean {
  const at = numberOf(address)
  const [first = '', last] = range.split('-')
  const [network = '', prefix = '32'] = first.split('/')
  const from = numberOf(network)
  if (at === undefined || from === undefined) return address === range
  if (last !== undefined) return at >= from && at <= (numberOf(last) ?? -1)
  const size = 2 ** (32 - Number(prefix))
  return Math.floor(at / size) === Math.floor(from / size)
}

/** `172.18.0.1/16` -> `172.18.0.0/16`. */
export function networkOf(address: string): string {
  const [own = '', prefix = '32'] = address.split('/')
  const at = numberOf(own)
  if (at === undefined) return address
  const size = 2 ** (32 - Number(prefix))
  const first = Math.floor(at / size) * size
  return `${[24, 16, 8, 0].map((shift) => Math.floor(first / 2 ** shift) % 256).join('.')}/${prefix}`
}

function numberOf(address: string): number | undefined {
  const parts = address.split('.').map(Number)
  if (parts.length !== 4 || parts.some((one) => !(one >= 0 && one < 256))) return undefined
  return parts.reduce((sum, one) => sum * 256 + one, 0)
}
