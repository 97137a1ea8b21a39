#!/usr/bin/env bash
# typescript 5.9.3 and 7.0.2, compiling to CommonJS
#
# What surprises: a name that is imported and exported again is undefined when a line comment stands before it in the import's
# braces. The comment is printed into the getter that hands the name on, between `return` and the value, and a line break after
# `return` ends the statement. There is no error and no warning, the types are right, and the name beside it, without a comment,
# works.
#
# Seen:   import {
#           // reads
#           readFileSync,
#           existsSync,
#         } from 'node:fs';
#         export { readFileSync, existsSync };
#         gives, in CommonJS: readFileSync undefined, existsSync a function; the same file as an ES module hands on both
#
# Why it matters: grouped imports with a comment for each group are a common style. A module whose index passes names on loses
# the first of each group; so does a notebook kernel that makes each cell a CommonJS module, as tslab does.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

printf '%s\n' 'import {' '  // reads' '  readFileSync,' '  existsSync,' "} from 'node:fs';" 'export { readFileSync, existsSync };' > names.cts
cp names.cts names.mts
printf '%s\n' 'declare module "node:fs" { const readFileSync: () => void; const existsSync: () => void; }' > fs.d.ts

cat > look.mjs << 'JS'
import assert from 'node:assert';
import { createRequire } from 'node:module';
const common = createRequire(import.meta.url)('./names.cjs');
const module = await import('./names.mjs');
const types = ({ readFileSync, existsSync }) => [typeof readFileSync, typeof existsSync].join(', ');
console.log('CommonJS:', types(common), '   ES module:', types(module));
assert.equal(types(module), 'function, function', 'the ES module has changed');
assert.equal(types(common), 'undefined, function', 'the comment no longer costs the name');
JS

for version in 5.9.3 7.0.2; do
  rm -rf node_modules package.json package-lock.json names.cjs names.mjs
  npm init -y > /dev/null
  npm install --silent --no-audit --no-fund --ignore-scripts "typescript@$version" > /dev/null
  echo "typescript $(node_modules/.bin/tsc --version)"
  node_modules/.bin/tsc --strict --module nodenext --target es2022 names.cts names.mts fs.d.ts
  node look.mjs
done
