// The types of the build of ONNX Runtime Web that can use the graphics processor; see ort.wasm.min.d.mts.
export * from 'onnxruntime-web/jspi';
