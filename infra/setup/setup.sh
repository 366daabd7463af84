#!/usr/bin/env bash
# Everything a fresh Debian 12 needs, once: Debian packages, Python packages, the local services' parts. A second run that
# finds nothing to do says so at once. Each step's output is in var/setup/STEP.log.
set -euo pipefail
setup=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$setup/../.." && pwd)
logs=${EARSHOT_VAR_DIR:-$root/var}/setup
stamp=$root/.venv/.setup-done
began=${EPOCHREALTIME/[.,]/}

say() {
  local tenths=$(((${EPOCHREALTIME/[.,]/} - began) / 100000))
  printf '[%3d.%d s] %s\n' $((tenths / 10)) $((tenths % 10)) "$*"
}

wanted() { sha256sum "$setup"/*.{sh,txt,xml,json} "$root/pyproject.toml" | sha256sum; }

run_step() { # NAME COMMAND…: run it with a log of its own, say how it went
  local name=$1
  shift
  say "$name …"
  if "$@" >"$logs/$name.log" 2>&1; then
    say "$name: done"
  else
    say "$name: FAILED, the end of $logs/$name.log:"
    tail -n 15 "$logs/$name.log"
    return 1
  fi
}

in_place() { # each step says nothing and does nothing when its work is done
  [ -f "$stamp" ] && [ "$(<"$stamp")" = "$(wanted)" ] && [ -x "$root/.venv/bin/earshot" ] &&
    "$setup/parts.sh" --check java && "$setup/parts.sh" --check node &&
    "$setup/debian.sh" --check tools && "$setup/debian.sh" --check meeting
}

if in_place; then
  say "set-up: everything is in place"
  exit
fi
mkdir -p "$logs"
trap 'jobs=$(jobs -p); [ -z "$jobs" ] || kill $jobs 2>/dev/null' EXIT
run_step tools "$setup/debian.sh" tools
run_step python "$setup/venv.sh" & python=$!
run_step java-parts "$setup/parts.sh" java & java=$!
run_step node-parts "$setup/parts.sh" node & node=$!
run_step meeting "$setup/debian.sh" meeting & meeting=$!
failed=0
for step in $python $java $node $meeting; do
  wait "$step" || failed=1
done
[ "$failed" = 0 ]
run_step class-archives "$root/.venv/bin/python" -m infra.local.class_archive ||
  say "class-archives: Kafka and the registry start without them, only slower"
wanted >"$stamp"
say "set-up: done"
