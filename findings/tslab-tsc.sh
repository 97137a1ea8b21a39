#!/usr/bin/env bash
# tslab 1.0.22 beside typescript 5.9.3 (npm)
#
# What surprises: in a project that depends on both, `npx tsc` is not the project's TypeScript. tslab brings a fork of
# TypeScript 5.0 that also names its program `tsc`, and npm links the fork's. `require('typescript')` still gives
# 5.9.3, so that an editor and a build that goes by `tsc` disagree.
#
# Seen:   npx tsc -v: Version 5.0.4; require('typescript').version: 5.9.3
#
# Why it matters: a library under TypeScript notebooks is compiled by another compiler than package.json pins: newer syntax is
# an error, inferred types differ, and nothing says why. `node node_modules/typescript/bin/tsc` is the pinned one.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y > /dev/null
npm install --silent --no-audit --no-fund --ignore-scripts typescript@5.9.3 tslab@1.0.22 > /dev/null

program=$(npx --no-install tsc -v)
library=$(node -p "require('typescript').version")
pinned=$(node node_modules/typescript/bin/tsc -v)
echo "npx tsc -v: $program; require('typescript').version: $library; typescript/bin/tsc -v: $pinned"
[ "$library" = 5.9.3 ] && [ "$pinned" = 'Version 5.9.3' ] || { echo 'typescript itself has changed' >&2; exit 1; }
[ "$program" = 'Version 5.0.4' ] || { echo "npx tsc is $program: the behaviour has changed" >&2; exit 1; }
