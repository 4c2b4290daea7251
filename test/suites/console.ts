// The other end of --console-socket: receives a terminal's master side, as conmon and
// containerd's shim do. Node cannot receive descriptors over a socket (SCM_RIGHTS,
// unix(7)); Perl can be made to, and every Debian has it, the VM's too.
import { execa } from 'execa'

// struct msghdr as recvmsg(2) wants it on 64-bit Linux: one buffer, and room for one descriptor.
const receiver = `
use Socket;
my ($path, $recvmsg) = @ARGV;
$| = 1;
socket(my $listener, AF_UNIX, SOCK_STREAM, 0) or die $!;
bind($listener, pack_sockaddr_un($path)) && listen($listener, 1) or die "$path: $!";
print "listening\\n";
accept(my $connection, $listener) or die $!;
my ($data, $control) = (chr(0) x 4096, chr(0) x 24);
my $vector = pack("P Q", $data, 4096);
my $message = pack("x16 P Q P Q x8", $vector, 1, $control, 24);
my $length = syscall($recvmsg + 0, fileno($connection), $message, 0);
die $! if $length < 0;
my (undef, $level, $type, $descriptor) = unpack("Q l l l", $control);
print "received ", ($level == 1 && $type == 1 ? 1 : 0), ": ", substr($data, 0, $length), "\\n";
open(my $master, "+<&=", $descriptor) or die $!;
for (;;) {
  my $ready = "";
  vec($ready, $_, 1) = 1 for (0, $descriptor);
  select($ready, undef, undef, undef);
  for my $pair ([$master, STDOUT, $descriptor], [STDIN, $master, 0]) {
    my ($from, $to, $number) = @$pair;
    next unless vec($ready, $number, 1);
    sysread($from, my $chunk, 4096) or exit;
    syswrite($to, $chunk);
  }
}
`
const recvmsg = process.arch === 'arm64' ? '212' : '47'

export interface Console {
  /** All that came: what the socket carried first, then what the terminal showed. */
  output(): string
  type(text: string): void
  close(): Promise<void>
}

/** Listens at `path` until a terminal comes, and shows what it shows. */
export async function openConsole(path: string): Promise<Console> {
  const child = execa('perl', ['-e', receiver, path, recvmsg], { reject: false, stdin: 'pipe' })
  let output = ''
  child.stdout.on('data', (chunk) => {
    output += String(chunk)
  })
  for (let tries = 0; !output.startsWith('listening'); tries++) {
    if (tries > 3000) throw new Error(`no console socket at ${path}`)
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
