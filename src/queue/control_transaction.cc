#include "queue/control_transaction.h"

#include <nlohmann/json.hpp>

namespace hermod::queue {
namespace {

nlohmann::ordered_json facts_as_json(const TransactionFacts& facts) {
  nlohmann::ordered_json fields;
  fields["txn-id"] = facts.id;
  fields["messages"] = facts.messages;
  fields["age"] = facts.age.count();
  fields["producer-group"] = facts.group;
  return fields;
}

}  // namespace

std::string check_text(const TransactionFacts& facts, std::uint32_t number) {
  nlohmann::ordered_json fields = facts_as_json(facts);
  fields["check"] = number;
  return fields.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::string given_up_text(const TransactionFacts& facts) {
  return facts_as_json(facts).dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace hermod::queue
