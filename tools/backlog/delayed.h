#pragma once
#include "client.h"

namespace hermod::backlog {

/// Sends plan.messages that are due from plan.after seconds from now on, evenly over plan.over seconds, and
/// waits for all of them: says how late they came. With plan.after of an hour and more it waits for none.
void delay(const Plan& plan);

}  // namespace hermod::backlog
