#pragma once

#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::test {

/// Makes entries of zone files from a grammar: most are right, some just beside it, and those in which
/// something was changed at random are often wrong. The same for the same seed.
class RandomEntries {
 public:
  explicit RandomEntries(unsigned seed) : random_(seed) {}

  /// An entry of one of the common types, without a line end.
  std::string entry();
  /// `entry` with some octets taken away, put in or changed.
  std::string mutated(std::string entry);
  /// A zone file of a few entries and directives.
  std::string file();
  /// A number below `limit`.
  std::size_t below(std::size_t limit) {
    return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_);
  }

 private:
  std::string_view oneOf(const std::vector<std::string_view>& all) { return all[below(all.size())]; }
  bool chance(unsigned percent) { return below(100) < percent; }
  std::string blank();
  std::string label();
  std::string name();
  std::string number();
  std::string ttl();
  std::string ipv4();
  std::string ipv6();
  std::string characterString();
  std::string rdata(std::string_view type);
  std::string anyCase(std::string_view text);

  std::mt19937 random_;
};

}  // namespace holdfast::test
