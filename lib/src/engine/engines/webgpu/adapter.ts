/** An adapter of WebGPU, and its device: the same in Node and in a browser. */

/** An adapter in plain data. */
export interface AdapterWords {
  vendor: string;
  architecture: string;
  device: string;
  description: string;
  /** computes on the processor */
  software: boolean;
}

const LIMITS = [
  'maxComputeWorkgroupStorageSize',
  'maxComputeWorkgroupsPerDimension',
  'maxStorageBufferBindingSize',
  'maxBufferSize',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY',
  'maxComputeInvocationsPerWorkgroup',
  'maxStorageBuffersPerShaderStage',
] as const;

/** A device with all that its adapter allows. */
export async function deviceOf(adapter: GPUAdapter): Promise<GPUDevice> {
  const { limits, features } = adapter;
  return adapter.requestDevice({
    requiredFeatures: (['timestamp-query'] as const).filter((name) => features.has(name)),
    requiredLimits: Object.fromEntries(LIMITS.map((name) => [name, limits[name]])),
  });
}

/** What a card says of it. */
export function deviceWords({ vendor, device: name, description, architecture, software }: AdapterWords): {
  device: string;
  gpu: boolean;
} {
  const words = [name || vendor, (description || !name) && `(${description || architecture})`]
    .filter(Boolean)
    .join(' ');
  return { device: software ? `${words}, in software` : words, gpu: !software };
}

/** Drivers that compute on the processor, by what they call themselves; Dawn's null backend computes nothing. */
const SOFTWARE = /null-backend|swiftshader|llvmpipe|lavapipe|softpipe|\bwarp\b|microsoft basic render/i;

/** What an adapter says of itself. */
export function wordsOf(adapter: GPUAdapter): AdapterWords {
  const { info } = adapter as unknown as { info: Record<string, string> & { isFallbackAdapter?: boolean } };
  const { vendor = '', architecture = '', device = '', description = '' } = info;
  const software =
    info.isFallbackAdapter === true || SOFTWARE.test([vendor, architecture, device, description].join(' '));
  return { vendor, architecture, device, description, software };
}
