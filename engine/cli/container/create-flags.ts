// The flags of `tocker create` and `tocker run`, as Docker's client has them. What they mean
// stands in create-body.ts.
import type { Flag } from '../flags.ts'

function words(
  value: string,
  rows: readonly (readonly [name: string, help: string, short?: string])[],
): Flag[] {
  return rows.map(([name, help, short]) => ({
    name,
    value,
    ...(value === 'list' || value === 'map' ? { list: true } : {}),
    ...(short === undefined ? {} : { short }),
    help,
  }))
}

const lists = words('list', [
  ['add-host', 'Add a custom host-to-IP mapping (host:ip)'],
  ['attach', 'Attach to STDIN, STDOUT or STDERR', 'a'],
  ['blkio-weight-device', 'Block IO weight (relative device weight)'],
  ['cap-add', 'Add Linux capabilities'],
  ['cap-drop', 'Drop Linux capabilities'],
  ['device', 'Add a host device to the container'],
  ['device-cgroup-rule', 'Add a rule to the cgroup allowed devices list'],
  ['device-read-bps', 'Limit read rate (bytes per second) from a device'],
  ['device-read-iops', 'Limit read rate (IO per second) from a device'],
  ['device-write-bps', 'Limit write rate (bytes per second) to a device'],
  ['device-write-iops', 'Limit write rate (IO per second) to a device'],
  ['dns', 'Set custom DNS servers'],
  ['dns-option', 'Set DNS options'],
  ['dns-search', 'Set custom DNS search domains'],
  ['env', 'Set environment variables: NAME=value, or NAME as it is here', 'e'],
  ['env-file', 'Read in a file of environment variables'],
  ['expose', 'Expose a port or a range of ports'],
  ['gpus', "GPU devices to add to the container ('all' to pass all GPUs)"],
  ['group-add', 'Add additional groups to join'],
  ['label', 'Set meta data on a container', 'l'],
  ['label-file', 'Read in a line delimited file of labels'],
  ['link', 'Add link to another container'],
  ['link-local-ip', 'Container IPv4/IPv6 link-local addresses'],
  ['log-opt', 'Log driver options'],
  ['mount', 'Attach a filesystem mount to the container: type=volume,src=name,dst=/path'],
  ['network', 'Connect a container to a network'],
  ['network-alias', 'Add network-scoped alias for the container'],
  ['publish', "Publish a container's port(s) to the host", 'p'],
  ['security-opt', 'Security Options'],
  ['storage-opt', 'Storage driver options for the container'],
  ['tmpfs', 'Mount a tmpfs directory'],
  ['ulimit', 'Ulimit options: nofile=1024:2048'],
  ['volume', 'Bind mount a volume', 'v'],
  ['volumes-from', 'Mount volumes from the specified container(s)'],
])

const maps = words('map', [
  ['annotation', 'Add an annotation to the container (passed through to the OCI runtime)'],
  ['sysctl', 'Sysctl options'],
])

const texts = words('string', [
  ['cgroup-parent', 'Optional parent cgroup for the container'],
  ['cgroupns', 'Cgroup namespace to use: host or private'],
  ['cidfile', 'Write the container ID to the file'],
  ['cpuset-cpus', 'CPUs in which to allow execution (0-3, 0,1)'],
  ['cpuset-mems', 'MEMs in which to allow execution (0-3, 0,1)'],
  ['domainname', 'Container NIS domain name'],
  ['entrypoint', 'Overwrite the default ENTRYPOINT of the image'],
  ['health-cmd', 'Command to run to check health'],
  ['hostname', 'Container host name (default its id)', 'h'],
  ['ip', 'IPv4 address (e.g., 172.30.100.104)'],
  ['ip6', 'IPv6 address (e.g., 2001:db8::33)'],
  ['ipc', 'IPC mode to use'],
  ['log-driver', 'Logging driver for the container'],
  ['mac-address', 'Container MAC address (e.g., 92:d0:c6:0a:29:33)'],
  ['name', 'Assign a name to the container'],
  ['pid', 'PID namespace to use'],
  ['platform', 'Set platform if the image is for several, as linux/arm64'],
  ['pull', 'Pull image before running: always, missing or never (default missing)'],
  ['restart', 'Restart policy to apply when a container exits (default no)'],
  ['runtime', 'Runtime to use for this container'],
  ['stop-signal', 'Signal to stop the container'],
  ['user', 'Username or UID (format: <name|uid>[:<group|gid>])', 'u'],
  ['userns', 'User namespace to use'],
  ['uts', 'UTS namespace to use'],
  ['volume-driver', 'Optional volume driver for the container'],
  ['workdir', 'Working directory inside the container', 'w'],
])

const bytes = words('bytes', [
  ['kernel-memory', 'Kernel memory limit'],
  ['memory', 'Memory limit, as 200M; the OOM killer strikes inside', 'm'],
  ['memory-reservation', 'Memory soft limit'],
  ['memory-swap', 'Swap limit equal to memory plus swap: -1 to enable unlimited swap'],
  ['shm-size', 'Size of /dev/shm'],
])

const numbers = words('int', [
  ['blkio-weight', 'Block IO (relative weight), between 10 and 1000, or 0 to disable (default 0)'],
  ['cpu-period', 'Limit CPU CFS (Completely Fair Scheduler) period'],
  ['cpu-quota', 'Limit CPU CFS (Completely Fair Scheduler) quota'],
  ['cpu-rt-period', 'Limit CPU real-time period in microseconds'],
  ['cpu-rt-runtime', 'Limit CPU real-time runtime in microseconds'],
  ['cpu-shares', 'CPU shares (relative weight)', 'c'],
  ['health-retries', 'Consecutive failures needed to report unhealthy'],
  ['memory-swappiness', 'Tune container memory swappiness (0 to 100) (default -1)'],
  ['oom-score-adj', "Tune host's OOM preferences (-1000 to 1000)"],
  ['pids-limit', 'How many processes it may have (-1 for unlimited)'],
  ['stop-timeout', 'Timeout (in seconds) to stop a container'],
])

const durations = words('duration', [
  ['health-interval', 'Time between running the check (ms|s|m|h)'],
  ['health-start-interval', 'Time between running the check during the start period (ms|s|m|h)'],
  [
    'health-start-period',
    'Start period for the container to initialize before starting health-retries countdown',
  ],
  ['health-timeout', 'Maximum time to allow one check to run (ms|s|m|h)'],
])

const switches: Flag[] = [
  { name: 'init', help: 'Run an init inside the container that forwards signals and reaps processes' },
  {
    name: 'interactive',
    short: 'i',
    help: 'Keep STDIN open even if not attached (with --rootfs it always is)',
  },
  { name: 'no-healthcheck', help: 'Disable any container-specified HEALTHCHECK' },
  { name: 'oom-kill-disable', help: 'Disable OOM Killer' },
  { name: 'privileged', help: 'Give extended privileges to this container' },
  { name: 'publish-all', short: 'P', help: 'Publish all exposed ports to random ports' },
  { name: 'quiet', short: 'q', help: 'Suppress the pull output' },
  { name: 'read-only', help: "Mount the container's root filesystem as read only" },
  {
    name: 'rm',
    help: 'Automatically remove the container and its associated anonymous volumes when it exits',
  },
  {
    name: 'tty',
    short: 't',
    help: 'Allocate a pseudo-TTY (with --rootfs there is one when we have one; -t insists)',
  },
]

export const createFlags: readonly Flag[] = [
  ...lists,
  ...maps,
  ...texts,
  ...bytes,
  ...numbers,
  ...durations,
  ...switches,
  { name: 'cpus', value: 'decimal', help: 'Number of CPUs' },
]
