/** The texts of pipelines, from which others are made. */
const texts = new WeakMap<object, string>();

/** Has a device's pipelines remember what they were made of. To be called once a device. */
export function rememberSources(device: GPUDevice): void {
  const createShaderModule = device.createShaderModule.bind(device);
  const createComputePipeline = device.createComputePipeline.bind(device);
  device.createShaderModule = (descriptor) => {
    const made = createShaderModule(descriptor);
    texts.set(made, descriptor.code);
    return made;
  };
  device.createComputePipeline = (descriptor) => {
    const made = createComputePipeline(descriptor);
    texts.set(made, texts.get(descriptor.compute.module)!);
    return made;
  };
}

/** The WGSL of a pipeline. */
export const sourceOf = (pipeline: GPUComputePipeline): string => texts.get(pipeline)!;
