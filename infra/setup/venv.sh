#!/usr/bin/env bash
# Makes .venv with exactly the locked packages (hashes checked) and the project itself, editable. Offline when the shared
# caches have everything.
set -euo pipefail
setup=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$setup/../.." && pwd)
# What the caches hold is not asked for again; what they lack is fetched.
install() {
  "$uv" pip install -q --offline --python "$root/.venv/bin/python" "$@" 2>/dev/null ||
    "$uv" pip install -q --python "$root/.venv/bin/python" "$@"
}

python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "python3 must be 3.11 or later" >&2; exit 1; }
uv=$("$setup/tool.sh" uv)/bin/uv
"$root/.venv/bin/python" -c '' 2>/dev/null || python3 -m venv --clear --without-pip "$root/.venv"
install --require-hashes -r "$setup/requirements-dev.txt"
install --no-deps --no-build-isolation -e "$root"
