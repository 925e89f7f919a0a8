# The header that declares every elementwise operation, from the record files.
find_package(Python 3.11 COMPONENTS Interpreter OPTIONAL_COMPONENTS Development.Module REQUIRED)

file(GLOB TNP_RECORDS CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/ops/elementwise/*.record.cpp)
set(TNP_ELEMENTWISE_H ${CMAKE_BINARY_DIR}/generated/tnp/elementwise.h)
add_custom_command(
  OUTPUT ${TNP_ELEMENTWISE_H}
  COMMAND ${Python_EXECUTABLE} ${CMAKE_SOURCE_DIR}/tools/gen_elementwise.py -o ${TNP_ELEMENTWISE_H} ${TNP_RECORDS}
  DEPENDS ${TNP_RECORDS} ${CMAKE_SOURCE_DIR}/tools/gen_elementwise.py
  COMMENT "Declaring the elementwise operations"
  VERBATIM)
add_custom_target(tnp_generated DEPENDS ${TNP_ELEMENTWISE_H})

# All are declared, but only these are compiled.
if(TNP_EXCLUDE)
  list(FILTER TNP_RECORDS EXCLUDE REGEX "${TNP_EXCLUDE}")
endif()
