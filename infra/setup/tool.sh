#!/usr/bin/env bash
# Fetches a set-up tool that is published as a Python wheel into the shared cache, once, and prints its folder. Version and
# hashes are in requirements-TOOL.txt.
#
# Usage: tool.sh uv|npm|go
set -euo pipefail
setup=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${EARSHOT_CACHE_DIR:-$HOME/.cache/earshot}
lock=$setup/requirements-${1:?uv, npm or go}.txt
home=$cache/$(sed -n 's/^\([a-z-]*\)==\([^ ]*\).*/\1-\2/p' "$lock")

mkdir -p "$cache"
exec 9>"$cache/.lock-$1"
flock 9
if [ ! -d "$home" ]; then
  work=$(mktemp -d "$cache/.fetching-XXXXXX")
  trap 'rm -rf "$work"' EXIT
  python3 -m venv "$work/pip"
  "$work/pip/bin/pip" install -q --disable-pip-version-check --no-input --require-hashes --target "$work/tool" \
    -r "$lock" </dev/null >&2
  mv -T "$work/tool" "$home"
fi
echo "$home"
