import * as path from 'node:path';

/** The npm package whose C++ source the native engine is built from. */
export const nativePackage = '@tensorflow/tfjs-node-gpu';

/** Loads the addon's package. Here, where its name is a constant: what a notebook reaches is found out from the code. */
export function requireNativePackage(): void {
  require(nativePackage);
}

/** Where the pieces of the native engine are, whether or not they exist. Absolute paths. */
export interface NativePaths {
  /** The folder of the npm package. */
  packageFolder: string;
  /** The addon that set-up compiles. */
  addon: string;
  /** The helper that set-up compiles from stderr.c; see quiet.ts. */
  stderrHolder: string;
  /** Products of matrices that set-up compiles; see products.ts. */
  products: string;
  /** Batch normalization in few passes that set-up compiles; see norms.ts. */
  norms: string;
  /** What gives back pages of TensorFlow's libraries, and what has it do so while they load; see pages.ts. */
  pages: string;
  first: string;
  /** TensorFlow's own library, out of the wheel. */
  library: string;
  /** NVIDIA's libraries, with the CUDA build of TensorFlow only. */
  nvidia: string;
  /** The remembered verdict of the last check. */
  verdict: string;
}

/** @returns the paths, or undefined when the npm package itself is not installed */
export function nativePaths(): NativePaths | undefined {
  let packageFolder: string;
  try {
    packageFolder = path.dirname(require.resolve(`${nativePackage}/package.json`));
  } catch {
    return undefined;
  }
  const built = path.join(packageFolder, 'lib', 'napi-v8');
  return {
    packageFolder,
    addon: path.join(built, 'tfjs_binding.node'),
    stderrHolder: path.join(built, 'bnlab_stderr.node'),
    products: path.join(built, 'bnlab_products.node'),
    norms: path.join(built, 'bnlab_norms.node'),
    pages: path.join(built, 'bnlab_pages.node'),
    first: path.join(built, 'bnlab_first.node'),
    library: path.join(
      packageFolder,
      'deps',
      'lib',
      `libtensorflow_cc.${process.platform === 'darwin' ? '2.dylib' : 'so.2'}`,
    ),
    nvidia: path.join(packageFolder, 'deps', 'nvidia'),
    verdict: path.join(built, 'bnlab-verdict.json'),
  };
}
