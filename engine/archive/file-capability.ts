// Rights that come with a program, as ping's CAP_NET_RAW: the attribute security.capability,
// and whose rights they are. capabilities(7), "File capability extended attribute versioning".
//
//   version 2   20 bytes: version and flags, permitted, inheritable. Root of the host gave it
//   version 3   the same, and 4 bytes with an uid of the host: root of that user namespace
//
// The kernel honours one in the user namespace whose root has given it, and in those below.
// So what an image brings, unpacked by the host's root, holds in every container; and what
// setcap(8) writes in one with users of its own says who that root is, by a number that
// means nothing on another host. In an archive it is version 2.
//
// Pure. Called by owners.ts.
const attribute = 'security.capability'
const versionBits = 0xff000000
const version2 = 0x02000000
const version3 = 0x03000000
const bytes2 = 20

type Xattrs = ReadonlyMap<string, Buffer>

/** Without the uid of who gave them. */
export function givenByAnyRoot(xattrs: Xattrs): Xattrs {
  const value = xattrs.get(attribute)
  if (value === undefined || value.length < bytes2) return xattrs
  const magic = value.readUInt32LE()
  if ((magic & versionBits) >>> 0 !== version3) return xattrs
  const plain = Buffer.from(value.subarray(0, bytes2))
  plain.writeUInt32LE(version2 | (magic & ~versionBits))
  return new Map([...xattrs, [attribute, plain]])
}
