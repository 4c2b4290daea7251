#!/bin/sh
# Started by: unshare --mount --pid --fork sh /root/enter.sh COMMAND …
# unshare has made all mounts private already.
set -e

# 1. Make /root/newroot a mount of its own.

# 2. Go there, and turn the tree: the old root goes to the directory old.

# From here on there are only the programs of the new root.
PATH=/bin
export PATH
mount -t proc proc /proc

# 3. Let go of the old root.

exec "$@"
