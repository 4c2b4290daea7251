// From the numbers of cgroup v1 to those of v2. Pure.
//
// config.json was written for v1: config-linux.md of the OCI runtime specification
// names v1's files, and its numbers are v1's. On v2 they mean something else, and
// every runtime must convert them alike, or a container would change its share of
// the machine with its runtime. These are runc's formulas (its docs/cgroup-v2.md).
//
// Called by settings-v2.ts. Next: engine/libcontainer/cgroups/settings-v2.ts

// #region cpu-weight
/**
 * cpu.shares, 2 to 262144 (MAX_SHARES of kernel/sched/sched.h), to cpu.weight, 1 to 10000: linear.
 *
 *     weight = 1 + (shares - 2) * 9999 / 262142
 *
 * v1's default of 1024 becomes 39 where v2's is 100: among themselves containers
 * keep their proportions, beside a process of the host they lose. Newer runtimes
 * (crun 1.23) bend the line through that point; we stay with what runc 1.1 does.
 */
export function sharesToWeight(shares: number): number {
  const inside = Math.min(Math.max(shares, 2), 262144)
  return 1 + Math.floor(((inside - 2) * 9999) / 262142)
}
// #endregion cpu-weight

/**
 * blkio.weight, 10 to 1000, to io.weight, 1 to 10000: linear.
 *
 *     weight = 1 + (weight - 10) * 9999 / 990
 *
 * Not for io.bfq.weight: BFQ counts 1 to 1000 on both versions (block/bfq-iosched.h).
 */
export function blkioWeightToIoWeight(weight: number): number {
  const inside = Math.min(Math.max(weight, 10), 1000)
  return 1 + Math.floor(((inside - 10) * 9999) / 990)
}

/** v1 takes -1 for "no limit", v2 the word `max`. */
export function limitText(value: number): string {
  return value < 0 ? 'max' : String(value)
}

// #region swap
/**
 * memory.memsw.limit_in_bytes counts memory and swap together, memory.swap.max swap alone:
 *
 *     swap.max = swap - limit
 *
 * @param swap `memory.swap` of config.json: -1 no limit, 0 or absent not asked for
 * @param limit `memory.limit`, or what stands in memory.max; -1 no limit
 * @returns absent when swap stays as it is
 * @throws RangeError when the two contradict each other
 */
export function swapMax(swap: number | undefined, limit: number | undefined): string | undefined {
  if (swap === undefined || swap === 0) {
    // v1 cannot have memory without a limit beside memory+swap with one, so
    // lifting the first there means lifting both. The same here.
    return limit === -1 ? 'max' : undefined
  }
  if (swap < 0) return 'max'
  if (limit === undefined || limit <= 0)
    throw new RangeError('it counts memory and swap together, so it needs a limit for memory')
  if (swap < limit)
    throw new RangeError(`it counts memory and swap together: ${swap} is less than the ${limit} of memory`)
  return String(swap - limit)
}
// #endregion swap

// #region cpu-max
/**
 * cpu.cfs_quota_us and cpu.cfs_period_us to the one line of cpu.max, `QUOTA PERIOD`.
 * @param now the line that stands there: whichever of the two is not asked for stays
 */
export function cpuMax(quota: number | undefined, period: number | undefined, now = 'max 100000'): string {
  const [nowQuota = 'max', nowPeriod = '100000'] = now.trim().split(' ')
  const first = quota === undefined || quota === 0 ? nowQuota : limitText(quota)
  const second = period === undefined || period === 0 ? nowPeriod : String(period)
  return `${first} ${second}`
}
// #endregion cpu-max
