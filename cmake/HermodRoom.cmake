# One target with the warnings and sanitizers that every hermod target shares.
add_library(hermod_flags INTERFACE)
target_compile_options(hermod_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual
  -Wconversion -Wno-sign-conversion -Werror)
target_compile_definitions(hermod_flags INTERFACE HERMOD_VERSION="${PROJECT_VERSION}")
if(HERMOD_SANITIZE)
  target_compile_options(hermod_flags INTERFACE
    -fsanitize=${HERMOD_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(hermod_flags INTERFACE -fsanitize=${HERMOD_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # GCC 12 finds this in its own <functional> and <regex> once a sanitizer is on (GCC bug 105562).
    target_compile_options(hermod_flags INTERFACE -Wno-maybe-uninitialized)
  endif()
endif()

# hermod_room(<name> [DEPENDS room...] [LIBRARIES target...])
# A room is a static library hermod_<name> made of every .cc file in src/<name>/.
# Its dependencies follow the layer table in src/README.md.
function(hermod_room name)
  cmake_parse_arguments(ROOM "" "" "DEPENDS;LIBRARIES" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*.cc)
  list(TRANSFORM ROOM_DEPENDS PREPEND hermod_)
  if(sources)
    add_library(hermod_${name} STATIC ${sources})
    set(scope PUBLIC)
  else()
    add_library(hermod_${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_include_directories(hermod_${name} ${scope} ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(hermod_${name} ${scope} hermod_flags ${ROOM_DEPENDS} ${ROOM_LIBRARIES})
endfunction()

# hermod_test(<name> [LABEL label] [SOURCES file...] [LIBRARIES target...])
# A GoogleTest binary; every test case becomes a ctest of its own. Without sources configuring fails.
function(hermod_test name)
  cmake_parse_arguments(TEST "" "LABEL;TIMEOUT" "SOURCES;LIBRARIES" ${ARGN})
  if(NOT TEST_SOURCES)
    message(FATAL_ERROR "hermod_test(${name}): no source files; a test that is not there must not count as passed")
  endif()
  if(NOT TEST_TIMEOUT)
    set(TEST_TIMEOUT 120)
  endif()
  add_executable(${name} ${TEST_SOURCES})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE hermod_flags ${TEST_LIBRARIES} GTest::gtest GTest::gmock GTest::gtest_main)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  if(HERMOD_SANITIZE AND TEST_LABEL MATCHES "^unit")
    # Thousands of small cases: under a sanitizer starting a process for each costs more than the test.
    add_test(NAME ${TEST_LABEL} COMMAND ${name})
    set_tests_properties(${TEST_LABEL} PROPERTIES LABELS ${TEST_LABEL} TIMEOUT 600)
    return()
  endif()
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
    TEST_PREFIX "${TEST_LABEL}." PROPERTIES LABELS ${TEST_LABEL} TIMEOUT ${TEST_TIMEOUT})
endfunction()
