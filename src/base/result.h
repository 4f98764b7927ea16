#pragma once
#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace hermod {

/// What kind of failure; decides what the caller can do about it.
enum class Errc { NotFound, Corruption, Io, NoSpace, Busy, Closed, Invalid, Timeout, Unsupported };

/// A failure as a value. `detail` is for people: it names the field, the file or the library's own text.
struct [[nodiscard]] Error {
  Errc code{};
  std::string detail;
};

/// The names of std::expected, so that a later toolchain needs only this file changed.
template <class T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

inline tl::unexpected<Error> failure(Errc code, std::string detail) {
  return tl::unexpected<Error>(Error{code, std::move(detail)});
}

}  // namespace hermod
