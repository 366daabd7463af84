#!/usr/bin/env bash
# Writes the lock files from pyproject.toml and package.json: exact versions with hashes, no addresses.
# Packages keep their versions unless UPGRADE=1.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
uv=$(infra/setup/tool.sh uv)/bin/uv
compile=("$uv" pip compile -q --generate-hashes --no-emit-index-url --no-header --python-version 3.11)
[ -z "${UPGRADE:-}" ] || compile+=(--upgrade)

"${compile[@]}" pyproject.toml -o infra/setup/requirements.txt
"${compile[@]}" pyproject.toml --extra dev -c infra/setup/requirements.txt -o infra/setup/requirements-dev.txt
for tool in uv npm go; do
  lock=infra/setup/requirements-$tool.txt
  sed -n 's/^\([a-z-]*==[^ ]*\).*/\1/p' "$lock" | "${compile[@]}" --no-annotate - -o "$lock"
done

cd infra/setup
npm install --package-lock-only --ignore-scripts --omit-lockfile-registry-resolved --no-audit --no-fund --loglevel=error
node -e '
  const { readFileSync, writeFileSync } = require("fs");
  const lock = JSON.parse(readFileSync("package-lock.json"));
  for (const part of Object.values(lock.packages)) delete part.funding;
  writeFileSync("package-lock.json", JSON.stringify(lock, null, 2) + "\n");
'
