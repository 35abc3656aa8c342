#pragma once

namespace holdfast {

/// Some memory for when there is none: what the first request that cannot be met gets, so that what ends then
/// can end. Our own destructors ask for none; those of a library may, and a server must not end where one
/// cannot have it (I8). Only new asks for it, not malloc. One of a process; any thread.
class MemoryReserve {
 public:
  MemoryReserve();
  ~MemoryReserve();
  MemoryReserve(const MemoryReserve&) = delete;
  MemoryReserve& operator=(const MemoryReserve&) = delete;

  /// Sets it aside again where it was used, and may be had.
  static void refill() noexcept;
};

}  // namespace holdfast
