#!/usr/bin/env bash
# Writes the lock files from pyproject.toml, package.json and requirements-uv.txt: exact versions with hashes, no addresses.
# Packages keep their versions unless UPGRADE=1.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
cache=${EARSHOT_CACHE_DIR:-$HOME/.cache/earshot}
pinned_uv=$(sed -n 's/^uv==\([^ ]*\).*/\1/p' infra/setup/requirements-uv.txt)
compile=("$cache/uv-$pinned_uv/bin/uv" pip compile -q --generate-hashes --no-emit-index-url --no-header --python-version 3.11)
[ "${UPGRADE:-}" ] && compile+=(--upgrade)

"${compile[@]}" pyproject.toml -o infra/setup/requirements.txt
"${compile[@]}" pyproject.toml --extra dev -c infra/setup/requirements.txt -o infra/setup/requirements-dev.txt
echo "uv==$pinned_uv" | "${compile[@]}" --no-annotate - -o infra/setup/requirements-uv.txt

cd infra/setup
npm install --package-lock-only --ignore-scripts --omit-lockfile-registry-resolved --no-audit --no-fund --loglevel=error
node -e '
  const { readFileSync, writeFileSync } = require("fs");
  const lock = JSON.parse(readFileSync("package-lock.json"));
  for (const part of Object.values(lock.packages)) delete part.funding;
  writeFileSync("package-lock.json", JSON.stringify(lock, null, 2) + "\n");
'
