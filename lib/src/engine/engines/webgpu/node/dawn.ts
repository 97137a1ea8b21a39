/** Dawn in Node: its classes as globals, as they are in a browser, and a device. */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { EngineError } from '../../../errors';
import { type AdapterWords, deviceOf, wordsOf } from '../adapter';
import { holdPump } from './pump';
import type { WebgpuPaths } from './paths';

interface Dawn {
  create(options: string[]): GPU;
  globals: Record<string, unknown>;
}

/** What was asked of Dawn. */
export interface DawnOptions {
  /** may a software driver compute? */
  software: boolean;
  /** this machine has no Vulkan of its own, as a check has found: the one that set-up brought is opened at once */
  ownDriver?: boolean;
  /** Dawn's own options, such as `backend=null`; `BNLAB_DAWN_OPTIONS` unless given, separated by commas */
  options?: string[];
}

/** A device and what it is of. */
export interface Found {
  device: GPUDevice;
  adapter: AdapterWords;
  /** Vulkan is the one that set-up brought */
  ownDriver: boolean;
}

const host = globalThis as unknown as { navigator?: object };
let dawn: Dawn | undefined;

/** Loads the addon, once a process, and makes its classes globals. */
function load(paths: WebgpuPaths): Dawn {
  if (dawn) return dawn;
  holdPump();
  const addon = { exports: {} };
  process.dlopen(addon, paths.dawn);
  dawn = addon.exports as Dawn;
  for (const [name, value] of Object.entries(dawn.globals)) {
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true, enumerable: false });
  }
  return dawn;
}

/** Makes `navigator.gpu` what it is in a browser. */
function start(paths: WebgpuPaths, options: string[]): GPU {
  const gpu = load(paths).create(options);
  const navigator = host.navigator ?? {};
  Object.defineProperty(navigator, 'gpu', { value: gpu, configurable: true });
  if (!host.navigator) Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true });
  return gpu;
}

/** glibc: what was opened stays open, and is found by its name. */
const RTLD_LAZY_NODELETE = 0x1001;

/**
 * Opens a Vulkan loader and driver of a folder, for a machine that has none. Dawn opens the loader by its bare name, which finds the one
 * that this process has open.
 * @returns whether the folder has them
 */
function openSoftwareDriver(folder: string): boolean {
  const driver = path.join(folder, 'vk_swiftshader_icd.json');
  if (process.platform !== 'linux' || !fs.existsSync(driver)) return false;
  process.env.VK_ICD_FILENAMES = driver;
  try {
    process.dlopen({ exports: {} }, path.join(folder, 'libvulkan.so.1'), RTLD_LAZY_NODELETE);
  } catch {
    // No addon, as Node says after it has opened it. If it could not be opened, Dawn finds no adapter, and says so.
  }
  return true;
}

/**
 * The fastest adapter's device, with all that it allows. Dawn's classes are globals from here on.
 * @throws EngineError where there is none
 */
export async function requestDevice(
  paths: WebgpuPaths,
  { software, options, ownDriver = false }: DawnOptions,
): Promise<Found> {
  const asked = options ?? (process.env.BNLAB_DAWN_OPTIONS ?? '').split(',').filter(Boolean);
  const request = () => start(paths, asked).requestAdapter({ powerPreference: 'high-performance' });
  let opened = software && ownDriver && openSoftwareDriver(paths.software);
  let adapter = await request();
  if (!adapter && software && !opened && openSoftwareDriver(paths.software)) {
    opened = true;
    adapter = await request();
  }
  if (!adapter) throw new EngineError('no GPU with a driver for Vulkan or Metal was found');
  const words = wordsOf(adapter);
  if (words.software && !software) throw new EngineError(`only a driver in software was found (${words.description})`);
  const device = await deviceOf(adapter);
  return { device, adapter: words, ownDriver: opened };
}

/** Whether this machine shows a GPU that may be had by WebGPU, without asking a driver. */
export function showsGpu(): boolean {
  if (process.platform === 'darwin') return true;
  try {
    return fs.readdirSync('/dev/dri').some((name) => name.startsWith('renderD'));
  } catch {
    return false;
  }
}
