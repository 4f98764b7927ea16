#pragma once
#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <utility>

#include "config/key.h"

/// How the key table ties a key to a member of an options struct.
namespace hermod::config::binding {

/// A member reached through a chain of members: Place<&Settings::broker, &broker::Options::threads>.
template <auto... Path>
struct Place {
  static auto& of(Settings& settings) { return (settings.*....*Path); }
  static const auto& of(const Settings& settings) { return (settings.*....*Path); }
  using Member = std::remove_cvref_t<decltype(of(std::declval<Settings&>()))>;
};

template <class T>
inline constexpr bool kIsDuration = false;
template <class Rep, class Period>
inline constexpr bool kIsDuration<std::chrono::duration<Rep, Period>> = true;

/// The largest number the member can hold, so that no range in the table can be wider than its member.
template <class Member>
constexpr std::int64_t largest() {
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<Member>::max());
  constexpr auto kCap = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  return static_cast<std::int64_t>(kMost < kCap ? kMost : kCap);
}

template <class Place>
Key number(Kind kind, std::string_view name, std::int64_t least, std::int64_t most, std::string_view doc) {
  using Member = typename Place::Member;
  return {.name = name,
          .kind = kind,
          .least = least,
          .most = most < largest<Member>() ? most : largest<Member>(),
          .doc = doc,
          .read = [](const Settings& s) -> Value { return static_cast<std::int64_t>(Place::of(s)); },
          .write = [](Settings& s,
                      const Value& v) { Place::of(s) = static_cast<Member>(std::get<std::int64_t>(v)); }};
}

template <class Place>
Key count(std::string_view name, std::int64_t least, std::int64_t most, std::string_view doc) {
  return number<Place>(Kind::Integer, name, least, most, doc);
}

template <class Place>
Key size(std::string_view name, std::int64_t least, std::int64_t most, std::string_view doc) {
  return number<Place>(Kind::Size, name, least, most, doc);
}

/// `least` and `most` are in milliseconds. A member that is a plain number counts seconds.
template <class Place>
Key duration(std::string_view name, std::chrono::milliseconds least, std::chrono::milliseconds most,
             std::string_view doc) {
  using Member = typename Place::Member;
  Key key{.name = name, .kind = Kind::Duration, .least = least.count(), .most = most.count(), .doc = doc};
  if constexpr (kIsDuration<Member>) {
    key.read = [](const Settings& s) -> Value {
      return static_cast<std::int64_t>(
          std::chrono::duration_cast<std::chrono::milliseconds>(Place::of(s)).count());
    };
    key.write = [](Settings& s, const Value& v) {
      Place::of(s) = std::chrono::duration_cast<Member>(std::chrono::milliseconds(std::get<std::int64_t>(v)));
    };
    key.step = std::chrono::duration_cast<std::chrono::milliseconds>(Member{1}).count();
  } else {
    key.read = [](const Settings& s) -> Value { return std::int64_t{1000} * Place::of(s); };
    key.write = [](Settings& s, const Value& v) {
      Place::of(s) = static_cast<Member>(std::get<std::int64_t>(v) / 1000);
    };
    key.step = 1000;
  }
  return key;
}

template <class Place>
Key toggle(std::string_view name, std::string_view doc) {
  return {.name = name,
          .kind = Kind::Switch,
          .doc = doc,
          .read = [](const Settings& s) -> Value { return Place::of(s); },
          .write = [](Settings& s, const Value& v) { Place::of(s) = std::get<bool>(v); }};
}

template <class Place>
Key text(std::string_view name, std::string_view doc) {
  return {.name = name,
          .kind = Kind::Text,
          .doc = doc,
          .read = [](const Settings& s) -> Value { return std::string(Place::of(s)); },
          .write = [](Settings& s, const Value& v) { Place::of(s) = std::get<std::string>(v); }};
}

/// `Words` is an array whose position i names the member's value i.
template <class Place, const auto& Words>
Key choice(std::string_view name, std::string_view doc) {
  using Member = typename Place::Member;
  return {.name = name,
          .kind = Kind::Choice,
          .choices = Words,
          .doc = doc,
          .read = [](const Settings& s) -> Value {
            return std::string(Words.at(static_cast<std::size_t>(Place::of(s))));
          },
          .write =
              [](Settings& s, const Value& v) {
                for (std::size_t i = 0; i < Words.size(); ++i) {
                  if (Words.at(i) == std::get<std::string>(v)) Place::of(s) = static_cast<Member>(i);
                }
              }};
}

}  // namespace hermod::config::binding
