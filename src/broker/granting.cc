#include "broker/granting.h"

#include <optional>
#include <utility>

namespace hermod::broker {

namespace {

/// Nothing: it is not there. Errors: Invalid.
Result<std::optional<std::string_view>> filter_in(const wire::Subscribe& packet) {
  std::optional<std::string_view> found;
  for (const wire::UserProperty& property : packet.properties.user_properties()) {
    if (property.name != queue::kFilterProperty) continue;
    if (found)
      return failure(Errc::Invalid,
                     "the user property filter is there twice: say it once, and join conditions with &");
    found = property.value;
  }
  return found;
}

}  // namespace

bool Granting::take_filter(queue::PropertyFilter in_form) {
  const auto said = filter_in(packet);
  if (!said) {
    refuse(wire::ReasonCode::TopicFilterInvalid, said.error().detail);
    return false;
  }
  if (!*said) {
    request.takes = std::move(in_form);
    return true;
  }
  if (!in_form.empty() && in_form.text() != **said) {
    refuse(wire::ReasonCode::TopicFilterInvalid,
           "the user property filter is not what stands behind ?: leave one of them out");
    return false;
  }
  auto filter = queue::PropertyFilter::parse(**said);
  if (!filter) {
    refuse(wire::ReasonCode::TopicFilterInvalid, filter.error().detail);
    return false;
  }
  request.takes = *std::move(filter);
  if (in_form.empty()) request.make_wish().property_filter = request.takes.text();
  return true;
}

}  // namespace hermod::broker
