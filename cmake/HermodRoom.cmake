# hermod_warnings: what every target shares. hermod_flags: the same and the sanitizers, for all that is hermod.
# hermod_test_flags: for what tests it; without the checks for undefined behaviour, which would only look at the tests
# and double the time to compile them, and with a sanitizer not optimised, which would double it again.
# hermod_driver_flags: for what only drives the broker from outside and waits for it; not optimised either.
add_library(hermod_warnings INTERFACE)
target_compile_options(hermod_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual
  -Wconversion -Wno-sign-conversion -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # GCC 12 finds these inside its own std::string, depending on no more than the length of a literal such as the
  # path of the checkout (GCC bugs 105329 and 105651).
  target_compile_options(hermod_warnings INTERFACE -Wno-array-bounds -Wno-restrict
    -Wno-stringop-overflow -Wno-stringop-overread)
endif()
target_compile_definitions(hermod_warnings INTERFACE HERMOD_VERSION="${PROJECT_VERSION}")

function(hermod_flags_target name sanitizers)
  add_library(${name} INTERFACE)
  target_link_libraries(${name} INTERFACE hermod_warnings)
  if(NOT sanitizers)
    return()
  endif()
  target_compile_options(${name} INTERFACE
    -fsanitize=${sanitizers} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(${name} INTERFACE -fsanitize=${sanitizers})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # GCC 12 finds this in its own <functional> and <regex> once a sanitizer is on (GCC bug 105562).
    target_compile_options(${name} INTERFACE -Wno-maybe-uninitialized)
  endif()
endfunction()
hermod_flags_target(hermod_flags "${HERMOD_SANITIZE}")
string(REPLACE ",undefined" "" test_sanitizers "${HERMOD_SANITIZE}")
hermod_flags_target(hermod_test_flags "${test_sanitizers}")
if(HERMOD_SANITIZE)
  target_compile_options(hermod_test_flags INTERFACE -O0)
endif()
add_library(hermod_driver_flags INTERFACE)
target_link_libraries(hermod_driver_flags INTERFACE hermod_warnings)
target_compile_options(hermod_driver_flags INTERFACE -O0)

# hermod_unhurried(<name>): what this target does happens once, or at the pace of who types. With a sanitizer it is not
# optimised, which halves the time to compile what includes CLI11 and toml++.
function(hermod_unhurried name)
  if(HERMOD_SANITIZE)
    target_compile_options(${name} PRIVATE -O0)
  endif()
endfunction()

# hermod_room(<name> [UNHURRIED] [DEPENDS room...] [LIBRARIES target...])
# A room is a static library hermod_<name> made of every .cc file in src/<name>/.
# Its dependencies follow the layer table in src/README.md.
function(hermod_room name)
  cmake_parse_arguments(ROOM "UNHURRIED" "" "DEPENDS;LIBRARIES" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*.cc)
  list(TRANSFORM ROOM_DEPENDS PREPEND hermod_)
  add_library(hermod_${name} STATIC ${sources})
  if(HERMOD_UNITY)
    # In one piece: most of the time goes into headers, and ten sources at a time would cost nearly twice as much.
    set_target_properties(hermod_${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 0)
  endif()
  target_include_directories(hermod_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(hermod_${name} PUBLIC hermod_warnings ${ROOM_DEPENDS} ${ROOM_LIBRARIES})
  target_link_libraries(hermod_${name} PRIVATE hermod_flags)
  if(ROOM_UNHURRIED)
    hermod_unhurried(hermod_${name})
  endif()
endfunction()

# hermod_precompiled(<name> <flags>): the target's sources begin with the headers that nearly every test includes,
# parsed once for all that share the flags (hermod_test_flags or hermod_driver_flags).
function(hermod_precompiled name flags)
  set(headers ${flags}_headers)
  if(NOT TARGET ${headers})
    add_library(${headers} OBJECT ${CMAKE_SOURCE_DIR}/tests/support/precompiled.cc)
    target_link_libraries(${headers} PRIVATE ${flags} GTest::gtest GTest::gmock tl::expected)
    target_precompile_headers(${headers} PRIVATE <algorithm> <array> <atomic> <chrono> <cstdint>
      <deque> <functional> <map> <memory> <mutex> <optional> <random> <set> <span> <string> <string_view>
      <thread> <tuple> <utility> <variant> <vector> <absl/container/flat_hash_map.h>
      <absl/container/inlined_vector.h> <gmock/gmock.h> <gtest/gtest.h> <tl/expected.hpp>)
  endif()
  target_precompile_headers(${name} REUSE_FROM ${headers})
endfunction()

# hermod_test(<name> [BLACK_BOX] [OVER transport...] [APART] [LABEL label] [EXCEPT filter] [SOURCES file...]
#             [LIBRARIES target...] [DEFINITIONS name=value...])
# A GoogleTest binary; every test case becomes a ctest of its own, but for unit tests, which are one for each room. Without
# sources configuring fails.
# BLACK_BOX: it runs no code of hermod's in its own process, so a sanitizer build has none of its own: it runs those of
# build/dev (target black_box there) against its broker.
# OVER: all of it runs once more over each of these, as one ctest; not with a sanitizer, where the tests of each transport
# are enough.
# APART: its files use the same names for their own things and are compiled one by one.
function(hermod_test name)
  cmake_parse_arguments(TEST "BLACK_BOX;APART" "LABEL;TIMEOUT;EXCEPT" "OVER;SOURCES;LIBRARIES;DEFINITIONS" ${ARGN})
  if(NOT TEST_SOURCES)
    message(FATAL_ERROR "hermod_test(${name}): no source files; a test that is not there must not count as passed")
  endif()
  if(NOT TEST_TIMEOUT)
    set(TEST_TIMEOUT 120)
  endif()
  if(TEST_BLACK_BOX AND HERMOD_SANITIZE)
    add_executable(${name} IMPORTED)
    set_target_properties(${name} PROPERTIES IMPORTED_LOCATION ${CMAKE_SOURCE_DIR}/build/dev/tests/${name})
  else()
    hermod_test_binary(${name})
  endif()
  if(TEST_LABEL MATCHES "^unit")
    # A process for each case would cost more than the cases do.
    add_test(NAME ${TEST_LABEL} COMMAND ${name} --gtest_brief=1)
    set_tests_properties(${TEST_LABEL} PROPERTIES LABELS ${TEST_LABEL} TIMEOUT 600)
    return()
  endif()
  if(TEST_EXCEPT)
    set(filter TEST_FILTER "-${TEST_EXCEPT}")
  endif()
  if(TEST_BLACK_BOX)
    # A sanitizer makes the broker several times slower; upper time limits follow.
    set(time_factor 1)
    if(HERMOD_SANITIZE MATCHES "address")
      set(time_factor 4)
    elseif(HERMOD_SANITIZE MATCHES "thread")
      set(time_factor 8)
    endif()
    set(environment ENVIRONMENT HERMOD_TEST_BROKER=$<TARGET_FILE:hermod>
      ENVIRONMENT_MODIFICATION HERMOD_TEST_TIME_FACTOR=set:${time_factor})
  endif()
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60 ${filter}
    TEST_PREFIX "${TEST_LABEL}." PROPERTIES LABELS ${TEST_LABEL} TIMEOUT ${TEST_TIMEOUT} ${environment})
  if(HERMOD_SANITIZE)
    return()
  endif()
  foreach(transport ${TEST_OVER})
    string(REPLACE "integration." "integration.${transport}." over ${TEST_LABEL})
    # They start a broker each and wait for it, or for a time limit.
    add_test(NAME ${over} COMMAND ${CMAKE_SOURCE_DIR}/tests/support/in_shards.sh 6 $<TARGET_FILE:${name}>
      --gtest_brief=1)
    set_tests_properties(${over} PROPERTIES LABELS ${over} TIMEOUT 900 ENVIRONMENT
      "HERMOD_TEST_BROKER=$<TARGET_FILE:hermod>;HERMOD_TEST_TRANSPORT=${transport}")
  endforeach()
endfunction()

# The part of hermod_test() that compiles; it reads the arguments of its caller.
macro(hermod_test_binary name)
  add_executable(${name} ${TEST_SOURCES})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR})
  target_compile_definitions(${name} PRIVATE ${TEST_DEFINITIONS})
  set(flags hermod_test_flags)
  if(TEST_BLACK_BOX)
    set(flags hermod_driver_flags)
    add_dependencies(black_box ${name})
  endif()
  target_link_libraries(${name} PRIVATE ${flags} ${TEST_LIBRARIES} GTest::gtest GTest::gmock GTest::gtest_main)
  hermod_precompiled(${name} ${flags})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  if(NOT TEST_APART)
    # Headers and their templates are most of what a test file costs; two dozen files share them.
    set_target_properties(${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 24)
  endif()
endmacro()
