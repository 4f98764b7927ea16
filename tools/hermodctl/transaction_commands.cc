#include "transaction_commands.h"

#include <algorithm>
#include <iostream>
#include <string>

#include "broker_session.h"
#include "control_client.h"

namespace hermod::ctl {
namespace {

constexpr std::uint64_t kTransactionPage = 500;

void print_transaction(const Json& transaction, Format format) {
  if (format == Format::Json) {
    std::cout << transaction.dump() << "\n";
    return;
  }
  Fields fields;
  for (const auto& [name, value] : transaction.items())
    fields.push_back({name, value.is_string() ? text(value.get<std::string>()) : value.dump(-1, ' ', true)});
  std::cout << plain_line(fields);
}

/// Page by page, up to as many as were asked for.
Status list_transactions(const CommandLine& line, ControlClient& broker) {
  std::uint64_t left = line.transaction.count.value_or(~std::uint64_t{0});
  for (std::string from; left > 0;) {
    Json command;
    command["command"] = "listTransactions";
    command["from"] = from;
    command["count"] = std::min(left, kTransactionPage);
    const auto data = broker.ask(std::move(command));
    if (!data) return tl::unexpected(data.error());
    const bool is_list =
        data->is_object() && data->contains("transactions") && (*data)["transactions"].is_array();
    if (!is_list) return failure(Errc::Io, "the broker's answer has no list of transactions");
    for (const Json& transaction : (*data)["transactions"]) {
      print_transaction(transaction, line.format);
      if (--left == 0) return {};
    }
    const auto next = data->find("next");
    if (next == data->end() || !next->is_string()) return {};
    // A list that does not go on would be asked for without end.
    if (next->get<std::string>() <= from)
      return failure(Errc::Io, "the broker's list of transactions does not go on");
    from = next->get<std::string>();
  }
  return {};
}

Status end_transaction(const CommandLine& line, ControlClient& broker) {
  Json command;
  command["command"] =
      line.transaction.verb == TransactionOptions::Verb::Commit ? "commitTransaction" : "rollbackTransaction";
  command["id"] = line.transaction.id;
  const auto data = broker.ask(std::move(command));
  return data ? Status{} : tl::unexpected(data.error());
}

}  // namespace

int run_transaction(const CommandLine& line) {
  return ask_broker(line.transaction.session, line.transaction.patience_seconds, [&](ControlClient& broker) {
    return line.transaction.verb == TransactionOptions::Verb::List ? list_transactions(line, broker)
                                                                   : end_transaction(line, broker);
  });
}

}  // namespace hermod::ctl
