# The tests of the index's inner loops once more, compiled as the site's engine is and run by Node: those loops are
# written for each kind of processor, and what people use is the WebAssembly one. Built when asked for by name.
add_executable(lodestone_wasm_tests EXCLUDE_FROM_ALL index/half_test.cc index/kernels_test.cc)
# Node takes a .js file of this package for an ES module.
set_target_properties(lodestone_wasm_tests PROPERTIES SUFFIX ".cjs")
target_link_libraries(lodestone_wasm_tests PRIVATE lodestone_own_flags lodestone_index_st lodestone_base_st third_gtest_st)
target_link_options(lodestone_wasm_tests PRIVATE -sENVIRONMENT=node -sALLOW_MEMORY_GROWTH -sSTACK_SIZE=1MB -sNODERAWFS)
