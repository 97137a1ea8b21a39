/** Loaded before TensorFlow.js: its JavaScript backend then computes in float64. */
globalThis.Float32Array = Float64Array as unknown as Float32ArrayConstructor;
