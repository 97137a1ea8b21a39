// ESLint's settings; `npm run lint` names this file, because the top level of the repository holds no tool's settings.
import { builtinModules } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import eslint from '@eslint/js';
import tseslint from 'typescript-eslint';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

/** What Node has and a browser has not; rooms ask the platform. */
const nodeModules = [...builtinModules, ...builtinModules.map((name) => `node:${name}`), 'yauzl', 'undici'];
const nodeGlobals = ['process', 'Buffer', 'require', 'module', '__dirname', '__filename', 'global', 'setImmediate'];
const askThePlatform = 'A browser has none: ask platform(), see lib/src/platform/port.ts.';

export default tseslint.config(
  {
    ignores: [
      '**/node_modules/',
      'lib/dist/',
      'lib/.dist.new/',
      'reports/',
      'notebooks/',
      'data/',
      '.venv/',
      '.bnlab/',
      'lib/tools/report/assets/',
    ],
  },
  eslint.configs.recommended,
  ...tseslint.configs.recommended,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: root } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      // A promise that nobody awaits loses its error, which in a notebook means a figure that is silently wrong.
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/prefer-promise-reject-errors': 'error',
      '@typescript-eslint/consistent-type-imports': 'off',
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'none' },
      ],
      // The library is CommonJS: `require` is how a module is loaded late, or a JSON file read.
      '@typescript-eslint/no-require-imports': 'off',
      // Terminals' escape sequences are written as what they are.
      'no-control-regex': 'off',
      'no-useless-assignment': 'off',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-constant-condition': ['error', { checkLoops: false }],
      'object-shorthand': 'error',
      'prefer-const': 'error',
      'no-var': 'error',
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      // node:test's test() returns a promise that its runner awaits.
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafeCalls: [
            { from: 'package', name: ['test', 'it', 'suite', 'describe'], package: 'node:test' },
          ],
        },
      ],
    },
  },
  {
    files: ['**/*.js', '**/*.mjs'],
    languageOptions: {
      globals: {
        require: 'readonly',
        module: 'writable',
        process: 'readonly',
        __dirname: 'readonly',
        console: 'readonly',
        setInterval: 'readonly',
        clearInterval: 'readonly',
      },
    },
    rules: {
      // JSDoc's casts are what checkJs has for unknown JSON.
      '@typescript-eslint/no-explicit-any': 'off',
    },
  },
  {
    files: ['lib/src/**/*.ts'],
    // test/house.test.ts holds the same list.
    ignores: [
      'lib/src/platform/node/**',
      'lib/src/data/sources/**',
      'lib/src/engine/engines/node.ts',
      'lib/src/engine/engines/{native,wasm}/**',
      'lib/src/engine/engines/webgpu/node/**',
      'lib/src/engine/compile/graph/**',
    ],
    rules: {
      'no-restricted-imports': ['error', { paths: nodeModules.map((name) => ({ name, message: askThePlatform })) }],
      'no-restricted-globals': ['error', ...nodeGlobals.map((name) => ({ name, message: askThePlatform }))],
    },
  },
  {
    // This one file must parse on any Node.
    files: ['lib/setup/main.js'],
    rules: { 'no-var': 'off', 'object-shorthand': 'off', eqeqeq: 'error' },
  },
  { files: ['.config/**', '**/*.mjs'], ...tseslint.configs.disableTypeChecked },
);
