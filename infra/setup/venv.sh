#!/usr/bin/env bash
# Makes .venv with exactly the locked packages (hashes checked) and the project itself, editable. Offline when the shared
# caches have everything.
set -euo pipefail
setup=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$setup/../.." && pwd)
cache=${EARSHOT_CACHE_DIR:-$HOME/.cache/earshot}
uv_home=$cache/$(sed -n 's/^\(uv\)==\([^ ]*\).*/\1-\2/p' "$setup/requirements-uv.txt")
uv=$uv_home/bin/uv

fetch_uv() {
  local work
  work=$(mktemp -d "$cache/.fetching-XXXXXX")
  python3 -m venv "$work/pip"
  "$work/pip/bin/pip" install -q --disable-pip-version-check --no-input --require-hashes --target "$work/uv" \
    -r "$setup/requirements-uv.txt" </dev/null
  mv -T "$work/uv" "$uv_home" 2>/dev/null || [ -x "$uv" ]
  rm -rf "$work"
}

# What the caches hold is not asked for again; what they lack is fetched.
install() {
  "$uv" pip install -q --offline --python "$root/.venv/bin/python" "$@" 2>/dev/null ||
    "$uv" pip install -q --python "$root/.venv/bin/python" "$@"
}

python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "python3 must be 3.11 or later" >&2; exit 1; }
mkdir -p "$cache"
exec 9>"$cache/.lock-uv"
flock 9
[ -x "$uv" ] || fetch_uv
flock -u 9
"$root/.venv/bin/python" -c '' 2>/dev/null || python3 -m venv --clear --without-pip "$root/.venv"
install --require-hashes -r "$setup/requirements-dev.txt"
install --no-deps --no-build-isolation -e "$root"
