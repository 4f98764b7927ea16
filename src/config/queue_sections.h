#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/assignment.h"
#include "queue/queue_definition.h"

namespace hermod::config {

/// The sections [queues.NAME]: what somebody wrote there, and the definitions that come of it.
class QueueSections {
 public:
  /// Whether `key` has the form queues.NAME.KEY. A name may have dots, a key has none.
  static bool is_queue_key(std::string_view key);
  /// The key that stands for all of the queue; empty when `key` is none of a queue.
  static std::string head_of(std::string_view key);
  /// About a key that begins like one of a queue and is none. Precondition: not is_queue_key().
  static std::string unknown_key(const std::string& key);

  /// Takes one value. Precondition: is_queue_key(one.key).
  void apply(const Assignment& one, std::vector<Problem>& problems);
  /// Checks every definition, and what they say of each other; in the order of their names.
  std::vector<queue::QueueDefinition> settle(std::vector<Problem>& problems) const;
  /// Every key of every queue.
  void list(std::vector<Effective>& out) const;

 private:
  struct Section {
    queue::QueueDefinition definition;
    Origin begin;                                        ///< of the first key that was read
    std::map<std::string, Origin, std::less<>> origins;  ///< by the last word
    bool is_refused = false;                             ///< a key was, so the rest says nothing

    Origin origin_of(std::string_view key) const;
    std::string lead() const { return "queues." + definition.name + "."; }
    /// `fault` names an option first, as queue::check() does.
    Problem problem(const Error& fault) const;
  };

  std::map<std::string, Section, std::less<>> sections_;
};

}  // namespace hermod::config
