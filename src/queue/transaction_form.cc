#include "queue/transaction_form.h"

#include <algorithm>
#include <string>

#include "queue/queue_definition.h"

namespace hermod::queue {
namespace {

constexpr std::string_view kTransactionPrefix = "$tx/";
constexpr std::string_view kVerbProperty = "txn";
constexpr std::string_view kIdProperty = "txn-id";
constexpr std::string_view kGroupProperty = "producer-group";
constexpr std::string_view kPrepareLevel = "prepare/";
constexpr std::size_t kLongestGroup = 1024;

/// Of the three that both a topic and a user property can say.
std::optional<TransactionVerb> verb_from(std::string_view word) {
  if (word == "commit") return TransactionVerb::Commit;
  if (word == "rollback") return TransactionVerb::Rollback;
  return word == "prepare" ? std::optional(TransactionVerb::Prepare) : std::nullopt;
}

/// The value of the first with this name.
std::optional<std::string_view> first_of(const wire::UserProperties& properties, std::string_view name) {
  for (const wire::UserProperty property : properties)
    if (property.name == name) return property.value;
  return std::nullopt;
}

}  // namespace

bool is_transaction_form(std::string_view topic) {
  return topic.starts_with(kTransactionPrefix);
}

bool is_transaction_id(std::string_view id) {
  return is_queue_name(id);
}

Result<TransactionForm> TransactionForm::parse(std::string_view text) {
  const std::string_view rest = text.substr(kTransactionPrefix.size());
  const std::size_t slash = rest.find('/');
  TransactionForm form{.id = rest.substr(0, slash)};
  if (!is_transaction_id(form.id))
    return failure(
        Errc::Invalid,
        "the id of a transaction is expected behind $tx/: a letter or digit, then letters, digits, "
        "- . or _, 128 bytes at most");
  const std::string_view what = slash == std::string_view::npos ? std::string_view{} : rest.substr(slash + 1);
  if (what.starts_with(kPrepareLevel)) {
    form.verb = TransactionVerb::Prepare;
    form.topic = what.substr(kPrepareLevel.size());
    if (form.topic.empty()) return failure(Errc::Invalid, "a topic is expected behind $tx/<id>/prepare/");
    return form;
  }
  const auto verb = what == "outcome" ? std::optional(TransactionVerb::Outcome) : verb_from(what);
  if (!verb || *verb == TransactionVerb::Prepare)
    return failure(Errc::Invalid,
                   "prepare/<topic>, commit, rollback or outcome is expected behind $tx/<id>/");
  form.verb = *verb;
  return form;
}

Status check_producer_group(std::string_view group) {
  if (group.empty() || group.size() > kLongestGroup)
    return failure(Errc::Invalid, "producer-group: from 1 to 1024 bytes are expected");
  const bool is_topic = std::all_of(group.begin(), group.end(), [](char c) {
    return c != '+' && c != '#' && static_cast<unsigned char>(c) >= 0x20;
  });
  if (!is_topic)
    return failure(Errc::Invalid,
                   "producer-group: +, # and control characters cannot be in it, and without one it is the "
                   "client identifier");
  return {};
}

Result<std::optional<TransactionWish>> wanted_transaction(const wire::UserProperties& properties) {
  const auto word = first_of(properties, kVerbProperty);
  if (!word) return std::nullopt;
  const auto verb = verb_from(*word);
  if (!verb) return failure(Errc::Invalid, "txn: prepare, commit or rollback is expected");
  const auto id = first_of(properties, kIdProperty);
  if (!id || !is_transaction_id(*id))
    return failure(Errc::Invalid,
                   "txn-id: the id of a transaction is expected: a letter or digit, then letters, digits, "
                   "- . or _, 128 bytes at most");
  return TransactionWish{*verb, *id};
}

Result<std::optional<std::string_view>> wanted_producer_group(const wire::UserProperties& properties) {
  const auto group = first_of(properties, kGroupProperty);
  if (!group) return std::nullopt;
  if (Status right = check_producer_group(*group); !right) return tl::unexpected(right.error());
  return group;
}

std::optional<TransactionVerb> said_outcome(Bytes payload) {
  const auto verb = verb_from(as_text(payload));
  return verb == TransactionVerb::Prepare ? std::nullopt : verb;
}

}  // namespace hermod::queue
