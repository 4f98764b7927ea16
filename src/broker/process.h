#pragma once

namespace hermod::broker {

/// Sets what the process needs from the system before it starts threads: as many descriptors as the hard
/// limit allows, because every connection needs one, and an allocator that keeps some freed memory for the
/// next tick instead of giving it back and asking again. Call once, first thing in main.
void prepare_process();

}  // namespace hermod::broker
