#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "zone/plan.h"
#include "zone/record_text.h"

namespace holdfast {

/// Watches the records of a plan before they are gathered into RRsets, where differing TTLs and equal records
/// are lost, and writes what a person should know into the plan. One thread. Names are kept as 64-bit hashes:
/// two that collide would cost a wrong warning, nothing else.
class RecordNotes {
 public:
  explicit RecordNotes(Plan& plan) : plan_(plan) {}

  /// REQUIRES: called for each record, before PlanBuilder::add takes it.
  void see(const TextRecord& record, const std::string& where);
  /// Call once, after PlanBuilder::finish.
  void finish();

 private:
  struct Seen {
    std::uint32_t ttl = 0;
    std::uint32_t records = 0;
    bool differs = false;
  };
  void note(PlanNote::Kind kind, const Name& owner, RRType type, const std::string& where,
            std::string observed);

  Plan& plan_;
  std::uint64_t records_ = 0;
  std::unordered_map<std::uint64_t, Seen> seen_;
};

}  // namespace holdfast
