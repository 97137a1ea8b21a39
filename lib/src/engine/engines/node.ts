/** The engines of a program that runs in Node. Loaded by the library's entry. */
import { js } from './js';
import { cuda, native } from './native/native';
import { registerEngines } from './registry';
import { wasm } from './wasm/node';
import { webgpu } from './webgpu/node/webgpu';

registerEngines([cuda, webgpu, native, wasm, js]);
