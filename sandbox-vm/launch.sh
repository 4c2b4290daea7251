# Sourced by the commands with $root and $program set: picks a Node, freshens the bundle, becomes it.
# Each process that is forked here takes 1 ms or more of every container's start, so none is without need.
#   $suffix and $flags: of the bundle, and for Node; `mjs`, and none, when left out.
bundle=$root/dist/$program.${suffix:-mjs}

# Our own Node first: nested under this package, or hoisted beside it.
node=
for candidate in "$root/node_modules/node/bin/node" "$root/../node/bin/node"; do
  if [ -x "$candidate" ]; then node=$candidate; break; fi
done
# Then the machine's, when it is new enough (process.execve came with 22.15).
if [ -z "$node" ]; then
  if command -v node >/dev/null && node -e 'const [a,b]=process.versions.node.split(".").map(Number);process.exit(a>22||a===22&&b>=15?0:1)'; then
    node=node
  else
    echo "$program: needs Node 22.15 or newer, which comes as an npm package: run 'npm install' in $root" >&2
    exit 1
  fi
fi

# Is there something newer than the bundle in these directories, down to three below? A directory is
# newer when a file was added or taken away. By the shell itself: find(1) took 25 ms.
stale() {
  for room; do
    for source in "$room" "$room"/* "$room"/*/* "$room"/*/*/* "$room"/*/*/*/*; do
      if [ "$source" -nt "$bundle" ]; then return 0; fi
    done
  done
  return 1
}

# In a clone, sources may be newer than the bundle. An installed package has no build script.
if [ -f "$root/esbuild.config.mjs" ]; then
  case $program in
    # The engine imports from nowhere else.
    tocker*) check() { stale "$root/engine" "$root/esbuild.config.mjs"; } ;;
    *)
      check() {
        stale "$root/engine" "$root/lessons/format" "$root/lessons/language" "$root/lessons/player" "$root/lessons/terminal" \
          "$root/sandbox-vm" "$root/site/server" "$root/esbuild.config.mjs"
      }
      ;;
  esac
  if [ ! -f "$bundle" ] || check; then
    if [ ! -d "$root/node_modules/esbuild" ]; then
      echo "$program: npm packages are missing: run 'npm install' in $root" >&2
      exit 1
    fi
    (cd "$root" && "$node" esbuild.config.mjs) || exit 1
  fi
fi

# Node raises its soft limit of open files to the hard one; a container is to have what we were given.
TOCKER_NOFILE=$(ulimit -S -n)
export TOCKER_NOFILE
# Unquoted: several words, or none.
exec "$node" ${flags:-} "$bundle" "$@"
