#pragma once
#include "queue/lanes.h"

namespace hermod::queue {

inline constexpr ConsumerId kAnna{1};
inline constexpr ConsumerId kBert{2};
inline constexpr ConsumerId kCarl{3};

}  // namespace hermod::queue
