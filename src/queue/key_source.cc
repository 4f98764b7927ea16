#include "queue/key_source.h"

#include "base/units.h"
#include "wire/properties.h"

namespace hermod::queue {
namespace {

constexpr std::string_view kAutoProperty = "key";
constexpr std::string_view kLevelPrefix = "topic-level:";
constexpr std::string_view kPropertyPrefix = "property:";
constexpr std::int64_t kDeepestLevel = 200;
constexpr std::size_t kLongestName = 256;

std::string_view level_of(std::string_view topic, std::size_t level) {
  std::string_view rest = topic;
  for (; level > 1; --level) {
    const std::size_t slash = rest.find('/');
    if (slash == std::string_view::npos) return topic;
    rest.remove_prefix(slash + 1);
  }
  return rest.substr(0, rest.find('/'));
}

std::string_view property_or_publisher(const KeyInput& input, std::string_view name) {
  for (const wire::UserProperty property : wire::UserProperties(input.forwarded_properties))
    if (property.name == name) return property.value;
  return input.client_id;
}

}  // namespace

Result<KeySource> KeySource::parse(std::string_view text) {
  KeySource source;
  if (text == "auto") return source;
  if (text == "topic") {
    source.kind_ = Kind::Topic;
    return source;
  }
  if (text == "client-id") {
    source.kind_ = Kind::ClientId;
    return source;
  }
  if (text.starts_with(kLevelPrefix)) {
    const auto level = parse_integer(text.substr(kLevelPrefix.size()));
    if (!level || *level < 1 || *level > kDeepestLevel)
      return failure(Errc::Invalid, "topic-level: needs the number of a level, from 1 to 200");
    source.kind_ = Kind::TopicLevel;
    source.level_ = static_cast<std::size_t>(*level);
    return source;
  }
  if (text.starts_with(kPropertyPrefix)) {
    source.property_ = text.substr(kPropertyPrefix.size());
    if (source.property_.empty() || source.property_.size() > kLongestName)
      return failure(Errc::Invalid, "property: needs the name of a user property, of 256 bytes at most");
    source.kind_ = Kind::Property;
    return source;
  }
  return failure(Errc::Invalid, "auto, topic, topic-level:<n>, client-id or property:<name> is expected");
}

std::string KeySource::text() const {
  switch (kind_) {
    case Kind::Auto:
      return "auto";
    case Kind::Topic:
      return "topic";
    case Kind::TopicLevel:
      return std::string(kLevelPrefix) + std::to_string(level_);
    case Kind::ClientId:
      return "client-id";
    case Kind::Property:
      return std::string(kPropertyPrefix) + property_;
  }
  return "";
}

std::string_view KeySource::key_for(const KeyInput& input) const {
  switch (kind_) {
    case Kind::Auto:
      return property_or_publisher(input, kAutoProperty);
    case Kind::Topic:
      return input.topic;
    case Kind::TopicLevel:
      return level_of(input.topic, level_);
    case Kind::ClientId:
      return input.client_id;
    case Kind::Property:
      return property_or_publisher(input, property_);
  }
  return {};
}

}  // namespace hermod::queue
