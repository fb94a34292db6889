# ui.mjs and ui.wasm: no threads, so that the page starts even where there is no shared memory.
lodestone_web_module(ui VARIANT _st
  SOURCES "${PROJECT_SOURCE_DIR}/src/app/ui_main.cc"
  DEPS ui third_imgui
  LINK_OPTIONS
    -sENVIRONMENT=web
    -sFILESYSTEM=0
    -sMIN_WEBGL_VERSION=2
    -sMAX_WEBGL_VERSION=2
    -sMAXIMUM_MEMORY=1GB
    -sINITIAL_MEMORY=16MB
    -sINCOMING_MODULE_JS_API=instantiateWasm,locateFile
    -sEXPORTED_RUNTIME_METHODS=GL,HEAPU8
    -sEXPORTED_FUNCTIONS=_malloc,_free)
