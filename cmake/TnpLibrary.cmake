# libtnp.so: everything below src/ except the Python binding.
file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/*.cpp)
list(FILTER sources EXCLUDE REGEX "/src/python/|\\.bitcode\\.cpp$")
if(NOT TNP_CUDA)
  list(FILTER sources EXCLUDE REGEX "/cuda/|_cuda\\.cpp$")
endif()
if(TNP_EXCLUDE)
  list(FILTER sources EXCLUDE REGEX "${TNP_EXCLUDE}")
endif()
set(kernels ${sources})
list(FILTER kernels INCLUDE REGEX "\\.(kernels|record)\\.cpp$")
list(FILTER sources EXCLUDE REGEX "\\.(kernels|record)\\.cpp$")
set(ducc_sources ${sources})
list(FILTER ducc_sources INCLUDE REGEX "\\.ducc\\.cpp$")
list(FILTER sources EXCLUDE REGEX "\\.ducc\\.cpp$")
set(llvm_sources ${sources})
list(FILTER llvm_sources INCLUDE REGEX "/src/compiler/codegen/llvm/")
list(FILTER sources EXCLUDE REGEX "/src/compiler/codegen/llvm/")

set(parts)
# An object library of `ARGN`, if that is not empty.
function(tnp_part name)
  if(ARGN)
    add_library(${name} OBJECT ${ARGN})
    add_dependencies(${name} tnp_generated)
    set(parts ${parts} ${name} PARENT_SCOPE)
  endif()
endfunction()

# Compiled once.
tnp_part(tnp_core ${sources})
target_precompile_headers(tnp_core PRIVATE ${CMAKE_SOURCE_DIR}/cmake/pch_core.h)
tnp_part(tnp_records ${TNP_RECORDS})
if(TARGET tnp_records)
  target_precompile_headers(tnp_records REUSE_FROM tnp_core)
  # Not a definition of the target: those would have to agree with the precompiled header's.
  target_compile_options(tnp_records PRIVATE -DTNP_PASS_RECORD)
endif()

# Compiled once per instruction set. Nothing outside their own namespace may be global in these objects
# (tools/check_isa_symbols), and only the library itself calls them.
set(TNP_ISA_FLAGS_baseline -march=x86-64-v2 -Wno-psabi)
set(TNP_ISA_FLAGS_avx2 -march=x86-64-v3 -Wno-psabi)
set(TNP_ISA_FLAGS_avx512 -march=x86-64-v4 -mprefer-vector-width=512)
foreach(isa baseline avx2 avx512)
  tnp_part(tnp_kernels_${isa} ${kernels})
  if(TARGET tnp_kernels_${isa})
    target_compile_definitions(tnp_kernels_${isa} PRIVATE TNP_ISA=${isa} TNP_PASS_KERNELS)
    target_compile_options(tnp_kernels_${isa} PRIVATE -g0 -fvisibility=hidden ${TNP_ISA_FLAGS_${isa}})
  endif()
endforeach()

tnp_part(tnp_llvm ${llvm_sources})
include(TnpDucc)

add_library(tnp SHARED ${TNP_BITCODE_ASM} ${TNP_FFT_OBJECTS})
add_library(tnp::tnp ALIAS tnp)
target_link_libraries(tnp PRIVATE ${parts} ${CMAKE_DL_LIBS})
target_compile_features(tnp INTERFACE cxx_std_20)
target_include_directories(tnp INTERFACE $<INSTALL_INTERFACE:include>)
set(TNP_EXPORTS ${CMAKE_SOURCE_DIR}/cmake/exports.map)
target_link_options(tnp PRIVATE
  -Wl,--exclude-libs,ALL -Wl,--version-script=${TNP_EXPORTS} -Wl,-Bsymbolic-functions -Wl,--undefined-version
  -Wl,--build-id=sha1)  # names the build in keys of compiled code (src/compiler/code_cache)
set_target_properties(tnp PROPERTIES LINK_DEPENDS ${TNP_EXPORTS} INSTALL_RPATH "$ORIGIN")
if(TARGET tnp_llvm)
  include(TnpLLVM)
endif()

install(TARGETS tnp EXPORT tnpTargets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY ${CMAKE_SOURCE_DIR}/include/ ${CMAKE_BINARY_DIR}/generated/ DESTINATION include FILES_MATCHING PATTERN "*.h")
install(EXPORT tnpTargets NAMESPACE tnp:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/tnp)
include(CMakePackageConfigHelpers)
configure_package_config_file(${CMAKE_SOURCE_DIR}/cmake/tnpConfig.cmake.in ${CMAKE_BINARY_DIR}/tnpConfig.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/tnp)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/tnpConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/tnpConfig.cmake ${CMAKE_BINARY_DIR}/tnpConfigVersion.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/tnp)
