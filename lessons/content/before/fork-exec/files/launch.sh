#!/bin/sh
# The round brackets fork: what is inside runs in a copy of this shell.
(
  # Here is the gap. Change directory to /, and the limit of open files to 64.

  exec sh -c 'echo "copy: $PWD $(ulimit -n)"'
)
echo "parent: $PWD $(ulimit -n)"
