// The types of ONNX Runtime Web, whose module build_site.mjs puts beside this place in the site.
export * from 'onnxruntime-web/wasm';
