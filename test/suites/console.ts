// The other end of --console-socket: receives a terminal's master side, as conmon and
// containerd's shim do. Node cannot receive descriptors over a socket (SCM_RIGHTS,
// unix(7)); Python can, and every Debian has it.
import { execa } from 'execa'

const receiver = `
import array, fcntl, os, select, socket, sys, termios
path = sys.argv[1]
listener = socket.socket(socket.AF_UNIX)
listener.bind(path)
listener.listen(1)
print('listening', flush=True)
connection, _ = listener.accept()
data, descriptors, _, _ = socket.recv_fds(connection, 4096, 4)
master = descriptors[0]
print('received %d: %s' % (len(descriptors), data.decode()), flush=True)
while True:
    ready, _, _ = select.select([master, 0], [], [])
    for one in ready:
        try:
            chunk = os.read(one, 4096)
        except OSError:
            sys.exit(0)
        if not chunk:
            sys.exit(0)
        os.write(1 if one == master else master, chunk)
`

export interface Console {
  /** All that came: what the socket carried first, then what the terminal showed. */
  output(): string
  type(text: string): void
  close(): Promise<void>
}

/** Listens at `path` until a terminal comes, and shows what it shows. */
export async function openConsole(path: string): Promise<Console> {
  const child = execa('python3', ['-c', receiver, path], { reject: false, stdin: 'pipe' })
  let output = ''
  child.stdout.on('data', (chunk) => {
    output += String(chunk)
  })
  for (let tries = 0; !output.startsWith('listening'); tries++) {
    if (tries > 500) throw new Error(`no console socket at ${path}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  return {
    output: () => output.slice('listening\n'.length),
    type: (text) => child.stdin.write(text),
    close: async () => {
      child.kill()
      await child
    },
  }
}
